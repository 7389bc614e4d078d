"""What people see of ``score run|explain|simulate|replay``: tables within 80 columns, one JSON object each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, cast

from huoban_perf.cli.render import WIDTH, table
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue, Problem, ScoringError
from huoban_perf.core.labels import Locale
from huoban_perf.exchange import FolderRun, Move, Replay, Simulation
from huoban_perf.scoring import Receipt, SubjectResult
from huoban_perf.scoring.columns import FRAMES

FORMAT_VERSION = 1
_LISTED = 20
_WIDEST_LINE = 60


class Asked(NamedTuple):
    """Whom ``score explain`` is asked about."""

    kind: str | None
    code: str
    cycle: str | None


def parse_subject(given: str, *, cycle: str | None) -> Asked:
    """Read a staff number, a department code, or the natural key of an appraisal.

    Args:
        given: ``E025``, ``[2026Q3|E025]`` or ``[2026Q3|D:D10]``.
        cycle: The cycle asked for besides, or None.

    Returns:
        Kind (None when a bare code does not say), code, and the cycle.

    Raises:
        ScoringError: The brackets hold something else, or name another cycle than asked for.
    """
    if not given.startswith("["):
        return Asked(None, given, cycle)
    parts = given.strip("[]").split("|")
    if len(parts) != 2 or not all(parts) or not given.endswith("]") or cycle not in {None, parts[0]}:
        raise ScoringError("exchange.appraisal_key", facts={"key": given, "cycle": cycle or "-"})
    is_department = parts[1].startswith("D:")
    return Asked("department" if is_department else "person", parts[1].removeprefix("D:"), parts[0])


def notes_text(run: FolderRun, *, locale: Locale) -> str:
    """Return notes and skipped rows as lines for stderr."""
    lines = [problem_line(note, locale=locale) for note in run.notes]
    lines += [f"  · {problem_line(problem, locale=locale)}" for problem in run.skipped[:_LISTED]]
    hidden = len(run.skipped) - _LISTED
    if hidden > 0:
        lines.append("  " + text("cli.more_problems", locale=locale, facts={"count": hidden}))
    return "\n".join(lines)


def run_json(run: FolderRun) -> dict[str, object]:
    """Return ``score run`` as one object: the manifest, where it is, and what was skipped."""
    return {
        "format_version": FORMAT_VERSION,
        "out": str(run.folder),
        "statuses": dict(run.statuses),
        "skipped": [_problem_json(problem) for problem in run.skipped],
        "notes": [_problem_json(problem) for problem in run.notes],
        "manifest": dict(run.manifest),
    }


def run_text(run: FolderRun, *, locale: Locale) -> str:
    """Return ``score run`` for people: what was read, what came out, where it is."""
    read = [(FRAMES[name].zh, name, str(count)) for name, count in run.rows.items()]
    came = [(status, str(count)) for status, count in run.statuses.items()]
    facts: dict[str, FactValue] = {
        "folder": str(run.folder),
        "files": len(cast("Mapping[str, object]", run.manifest["outputs"])),
        "skipped": len({(problem.file, problem.line) for problem in run.skipped}),
    }
    parts = [
        table(read, header=_header("exchange.read_columns", locale), right=(2,)),
        table(came, header=_header("exchange.status_columns", locale), right=(1,)),
        text("exchange.run_done", locale=locale, facts=facts),
    ]
    if run.skipped:
        parts.append(text("exchange.run_skipped", locale=locale, facts=facts))
    return "\n\n".join(parts)


def receipt_json(receipt: Receipt, *, source: str) -> dict[str, object]:
    """Return a receipt as one object: text lines for people, and every figure of every line."""
    import json

    found = receipt.result
    return {
        "format_version": FORMAT_VERSION,
        "source": source,
        "person": found.subject,
        "kind": found.kind,
        "scheme": found.scheme,
        "status": found.status,
        "result": found.result,
        "grade": found.grade,
        "unrounded": found.unrounded,
        "lines": receipt_text(receipt).splitlines(),
        "receipt": [
            {
                "line_no": line.line_no,
                "level": line.level,
                "parent": line.parent,
                "part": line.part,
                "key": line.key,
                "label": line.label,
                "detail": line.detail,
                "contribution": line.contribution,
                "printed": line.printed,
                "machine": json.loads(line.machine) if line.machine else None,
            }
            for line in receipt.lines
        ],
    }


def receipt_text(receipt: Receipt) -> str:
    """Return a receipt for people: the result, then every line set in by its level, then what was left out."""
    found = receipt.result
    head = found.status if found.result is None else f"结果 {_figure(found.result)} · 等级 {found.grade or '-'}"
    lines = [head]
    for line in receipt.lines:
        figure = "" if line.printed is None else f" {line.printed:f}"
        detail = f"  ({line.detail})" if line.detail else ""
        lines.append(f"{'  ' * line.level}{line.label}{figure}{detail}")
    notes = found.missing_note or found.reason
    return "\n".join([*lines, f"未计入: {notes}"] if notes else lines)


def receipt_lines_text(receipt: Receipt) -> str:
    """Return a receipt within 80 columns: what does not fit goes on, set in, on the next line."""
    return "\n".join(part for line in receipt_text(receipt).splitlines() for part in _folded(line))


def simulation_json(found: Simulation, *, source: str) -> dict[str, object]:
    """Return ``score simulate`` as one object with every subject that moves."""
    return {
        "format_version": FORMAT_VERSION,
        "source": source,
        "subjects": found.subjects,
        "moved": len(found.moves),
        "regraded": sum(move.is_regraded for move in found.moves),
        "grades": {
            kind: {grade or "-": {"before": old, "after": new} for grade, (old, new) in counts.items()}
            for kind, counts in found.grades.items()
        },
        "moves": [
            {
                "kind": move.kind,
                "subject": move.subject,
                "name": move.name,
                "before": _side_json(move.before),
                "after": _side_json(move.after),
                "difference": move.difference,
            }
            for move in found.moves
        ],
    }


def simulation_text(found: Simulation, *, source: str, is_all: bool, locale: Locale) -> str:
    """Return ``score simulate`` for people: grade counts before and after, then who moves."""
    regraded = [move for move in found.moves if move.is_regraded]
    shown = list(found.moves) if is_all else regraded or list(found.moves[:_LISTED])
    facts: dict[str, FactValue] = {
        "source": source,
        "subjects": found.subjects,
        "moved": len(found.moves),
        "regraded": len(regraded),
        "hidden": len(found.moves) - len(shown),
    }
    parts = [text("exchange.simulated", locale=locale, facts=facts)]
    for kind, counts in found.grades.items():
        rows = [
            (
                grade or text("exchange.no_grade", locale=locale),
                str(old),
                str(new),
                f"{new - old:+d}" if new != old else "",
            )
            for grade, (old, new) in counts.items()
        ]
        header = [text(f"exchange.kind_{kind}", locale=locale), *_header("exchange.grade_columns", locale)]
        parts.append(table(rows, header=header, right=(1, 2, 3)))
    if shown:
        rows_moved = [_move_row(move) for move in shown]
        parts.append(table(rows_moved, header=_header("exchange.move_columns", locale), right=(2, 3, 4)))
    if facts["hidden"]:
        parts.append(text("exchange.more_moves", locale=locale, facts=facts))
    return "\n\n".join(parts)


def replay_json(found: Replay, *, run: str, is_intact: bool) -> dict[str, object]:
    """Return ``score replay`` as one object."""
    return {
        "format_version": FORMAT_VERSION,
        "run": run,
        "is_equal": not found.differences,
        "is_input_intact": is_intact,
        "files": found.files,
        "size_bytes": found.size_bytes,
        "differences": [
            {"file": each.file, "line": each.line, "stored": each.stored, "computed": each.computed}
            for each in found.differences
        ],
    }


def replay_text(found: Replay, *, run: str, is_intact: bool, locale: Locale) -> str:
    """Return ``score replay`` for people: equal, or the first difference of each file."""
    facts: dict[str, FactValue] = {
        "run": run, "files": found.files, "size": found.size_bytes, "count": len(found.differences)
    }  # fmt: skip
    lines = [] if is_intact else [text("exchange.inputs_changed", locale=locale, facts=facts)]
    code = "exchange.replay_differs" if found.differences else "exchange.replay_equal"
    lines.append(text(code, locale=locale, facts=facts))
    for each in found.differences:
        lines.append(f"  {each.file}:{each.line}")
        lines.append(f"    - {_short(each.stored)}")
        lines.append(f"    + {_short(each.computed)}")
    return "\n".join(lines)


def _header(code: str, locale: Locale) -> list[str]:
    return text(code, locale=locale).split("|")


def _move_row(move: Move) -> tuple[str, ...]:
    difference = "" if move.difference is None else f"{move.difference:+.2f}"
    grades = f"{_grade(move.before)} → {_grade(move.after)}" if move.is_regraded else _grade(move.after)
    return move.subject, move.name, _result(move.before), _result(move.after), difference, grades


def _result(found: SubjectResult | None) -> str:
    return "-" if found is None else found.status if found.result is None else _figure(found.result)


def _grade(found: SubjectResult | None) -> str:
    return ((found.final_grade or found.grade) if found else None) or "-"


def _figure(number: Decimal) -> str:
    """Print a result with at least two decimals and no further trailing zeros."""
    shown = f"{number.normalize():f}"
    return shown if len(shown.partition(".")[2]) > 2 else f"{number:.2f}"


def _side_json(found: SubjectResult | None) -> Mapping[str, object] | None:
    if found is None:
        return None
    return {"status": found.status, "result": found.result, "grade": found.final_grade, "unrounded": found.unrounded}


def _problem_json(problem: Problem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "code": problem.code, **problem.facts}


def _folded(line: str) -> Iterator[str]:
    from rich.cells import cell_len, chop_cells

    indent = " " * (len(line) - len(line.lstrip()) + 4)
    head, gap, detail = line.partition("  (")
    if cell_len(line) <= WIDTH or not gap:
        parts = [line] if cell_len(line) <= WIDTH else chop_cells(line, WIDTH)
        yield from parts
        return
    yield head
    yield from (indent + part for part in chop_cells(f"({detail}", WIDTH - len(indent)))


def _short(line: str | None) -> str:
    from rich.cells import cell_len, set_cell_size

    if line is None:
        return "∅"
    return line if cell_len(line) <= _WIDEST_LINE else set_cell_size(line, _WIDEST_LINE - 1) + "…"
