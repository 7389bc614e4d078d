"""What people see of ``score analyse|adopt``: tables within 80 columns, one JSON object each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huoban_perf.cli.render import folded, table
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.exchange import AnalysisReport, Simulation, Snapshot
from huoban_perf.scoring.words import RELATIONS

FORMAT_VERSION = 1
_EACH_END = 5

Rows = Sequence[Mapping[str, Any]]


def analysis_json(report: AnalysisReport, *, source: str) -> dict[str, object]:
    """Return ``score analyse`` as one object: every row of every table, and who would move."""
    return {
        "format_version": FORMAT_VERSION,
        "source": source,
        "advisory": True,
        "raters": report.raters,
        "subjects": report.subjects,
        "components": report.components,
        "shrinkage": None
        if report.shrinkage is None
        else {"rater_lambda": report.shrinkage[0], "subject_lambda": report.shrinkage[1]},
        "l3_missing_because": report.why_not or None,
        "adjusted": {
            level: {
                "moved": len(found.moves),
                "regraded": sum(move.is_regraded for move in found.moves),
                "grades": {
                    kind: {grade or "-": {"before": old, "after": new} for grade, (old, new) in counts.items()}
                    for kind, counts in found.grades.items()
                },
            }
            for level, found in report.adjusted.items()
        },
        "tables": {name: [dict(row) for row in rows] for name, rows in report.tables.items()},
        "files": [str(file) for file in report.files],
    }


def analysis_text(report: AnalysisReport, *, source: str, locale: Locale) -> str:
    """Return ``score analyse`` for people: severity, agreement, hints, who would move; advisory throughout."""
    parts = [text("analysis.head", locale=locale, facts={"source": source}), *_severity(report, locale)]
    parts += _agreement(report.tables["reliability"], locale)
    parts += _hints(report.tables["hints"], locale)
    parts += _adjusted(report, locale)
    if "fairness" in report.tables:
        parts += _fairness(report.tables["fairness"], locale)
    if report.files:
        facts: dict[str, FactValue] = {"files": tuple(file.name for file in report.files)}
        facts["folder"] = str(report.files[0].parent)
        parts.append(text("analysis.written", locale=locale, facts=facts))
    return "\n\n".join(folded(part) for part in parts)


def _severity(report: AnalysisReport, locale: Locale) -> Iterator[str]:
    facts: dict[str, FactValue] = {
        "raters": report.raters, "subjects": report.subjects, "components": report.components
    }  # fmt: skip
    if not report.raters:
        yield text("analysis.nobody", locale=locale)
        return
    yield text("analysis.severity", locale=locale, facts=facts)
    if report.components > 1:
        yield text("analysis.not_comparable", locale=locale, facts=facts)
    if report.why_not:
        reason = text(f"analysis.why_{report.why_not.removeprefix('severity.')}", locale=locale)
        yield text("analysis.no_shrunk", locale=locale, facts={"reason": reason})
    rows = sorted(report.tables["rater_severity"], key=lambda row: (-(row["shrunk"] or row["additive"]), row["rater"]))
    short = len(rows) > 2 * _EACH_END
    shown = [*rows[:_EACH_END], *rows[-_EACH_END:]] if short else rows
    cells = [
        (
            str(row["rater"]),
            str(row["component"]),
            str(row["n"]),
            *(_two(row[name]) for name in ("mean", "additive", "shrunk")),
        )
        for row in shown
    ]
    if short:
        cells.insert(_EACH_END, ("…", "", "", "", "", ""))
    yield table(cells, header=_header("analysis.severity_columns", locale), right=(1, 2, 3, 4, 5))


def _agreement(rows: Rows, locale: Locale) -> Iterator[str]:
    if not rows:
        return
    cells = [
        (
            RELATIONS.get(str(row["relation"]), text("analysis.all_relations", locale=locale)),
            str(row["forms"]),
            str(row["units"]),
            *(_three(row[name]) for name in ("icc_1_1", "icc_1_k", "alpha_interval", "alpha_ordinal")),
        )
        for row in rows
    ]
    yield table(cells, header=_header("analysis.agreement_columns", locale), right=(1, 2, 3, 4, 5, 6))
    notes = [f"{cell[0]}: {row['note']}" for cell, row in zip(cells, rows, strict=True) if row["note"]]
    if notes:
        yield "\n".join(notes)


def _hints(rows: Rows, locale: Locale) -> Iterator[str]:
    counts = Counter(str(row["hint"]) for row in rows)
    if counts:
        cells = [(text(f"analysis.hint_{hint}", locale=locale), str(count)) for hint, count in sorted(counts.items())]
        yield table(cells, header=_header("analysis.hint_columns", locale), right=(1,))


def _adjusted(report: AnalysisReport, locale: Locale) -> Iterator[str]:
    if not report.adjusted:
        return
    grades = list(dict.fromkeys(grade for found in report.adjusted.values() for grade in _persons(found)))
    first = next(iter(report.adjusted.values()))
    cells = [(text("analysis.adjust_none", locale=locale), "-", *(str(_persons(first)[grade][0]) for grade in grades))]
    for level, found in report.adjusted.items():
        regraded = sum(move.is_regraded for move in found.moves)
        after = (str(_persons(found)[grade][1]) for grade in grades)
        cells.append((text(f"analysis.adjust_{level}", locale=locale), str(regraded), *after))
    header = [*_header("analysis.adjust_columns", locale), *(grade or "-" for grade in grades)]
    yield table(cells, header=header, right=tuple(range(1, len(header))))
    yield text("analysis.advisory", locale=locale)


def _persons(found: Simulation) -> Mapping[str, tuple[int, int]]:
    return found.grades.get("person") or next(iter(found.grades.values()))


def _fairness(rows: Rows, locale: Locale) -> Iterator[str]:
    cells = [
        (
            str(row["field"]),
            text(f"analysis.outcome_{row['outcome']}", locale=locale),
            str(row["group_name"] or "-"),
            "-" if row["n"] is None else str(row["n"]),
            _three(row["rate"]),
            _three(row["ratio"]),
            _three(row["p_two_sided"]),
            text(f"analysis.role_{row['role']}", locale=locale),
        )
        for row in rows
    ]
    yield table(cells, header=_header("analysis.fairness_columns", locale), right=(3, 4, 5, 6))
    yield text("analysis.fairness_note", locale=locale)


def snapshot_json(made: Snapshot) -> dict[str, object]:
    """Return ``score adopt`` as one object."""
    return {"format_version": FORMAT_VERSION, "snapshot": made.name, "file": str(made.file), "raters": made.raters}


def snapshot_text(made: Snapshot, *, locale: Locale) -> str:
    """Return ``score adopt`` for people: where the snapshot is, and what to do next."""
    facts: dict[str, FactValue] = {"snapshot": made.name, "file": str(made.file), "raters": made.raters}
    said = text("analysis.adopted", locale=locale, facts=facts).split("\n")
    return "\n".join(line if line.startswith("  ") else folded(line) for line in said)


def _header(code: str, locale: Locale) -> list[str]:
    return text(code, locale=locale).split("|")


def _two(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}"


def _three(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"
