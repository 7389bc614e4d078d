"""From a stored extract to results in neutral values: run the engine, read its result relations once.

Scores leave the engine as integers of 10⁻⁹ point; here they become exact decimals, never binary floats.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from huoban_perf.core.errors import FactValue, SyncError
from huoban_perf.core.values import Value
from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, score_cycle, subject_ranges
from huoban_perf.sync.frames import open_frames
from huoban_perf.sync.runs import KeepResults
from huoban_perf.sync.wanted import natural_key

RELATIONS = ("self", "superior", "upper", "peer", "subordinate", "customer")
"""Groups that 核算结果 has a field for."""

_KINDS = {"个人": "person", "部门": "department"}
GRID = Decimal(1_000_000_000)
"""Scores leave the engine as integers of one part in so many of a point."""
_SIX = Decimal("0.000001")
_FOUR = Decimal("0.0001")
_TEN_THOUSANDTHS = 10_000
"""Actuals leave the engine as a fraction of ten-thousandths (``c_actual``)."""
_SUBJECT_FRAMES = ("assignments", "appraisals", "items", "actuals", "goals", "forms")
"""Frames with a subject: together they are what one person's score was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectScore:
    """The score of one person or department.

    Attributes:
        kind: ``person`` or ``department``.
        subject: 工号 or 部门编码.
        scheme: Key of the scheme.
        status: 已核算, 待补评, 暂不计分 or 不参评.
        parts: ``kpi``, ``okr``, ``review`` → score, or None.
        groups: Relation → group score; None when suppressed or absent.
        adjustment: ± points that counted, or None.
        unrounded: Total to six decimals, or None.
        result: Result to the scheme's decimals, or None.
        grade: Name of the initial grade, or empty.
        distance: Distance to the nearest bound, or None.
        veto: What hit, or empty.
        notes: What is missing or left out, or empty.
        input_hash: Digest over the rows that concern the subject.
        receipt: Its receipt lines as text, inner ones set in by two columns a level; empty when there are none.
    """

    kind: str
    subject: str
    scheme: str
    status: str
    parts: Mapping[str, Decimal | None]
    groups: Mapping[str, Decimal | None]
    adjustment: Decimal | None
    unrounded: Decimal | None
    result: Decimal | None
    grade: str
    distance: Decimal | None
    veto: str
    notes: str
    input_hash: str
    receipt: str

    def natural_key(self, cycle: str) -> str:
        """Return the key of the subject's 绩效考核单 and 核算结果 in a cycle."""
        return natural_key(cycle, self.subject if self.kind == "person" else f"D:{self.subject}")

    def figures(self) -> dict[str, Value]:
        """Return the score fields of 核算结果: six decimals, displays that are never read back (scoring.md S0)."""
        scores = {"kpi": self.parts.get("kpi"), "okr": self.parts.get("okr"), "review": self.parts.get("review")}
        scores |= {relation: self.groups.get(relation) for relation in RELATIONS}
        figures: dict[str, Value] = {f"{name}_score": _shown(score) for name, score in scores.items()}
        figures |= {
            "points_adjustment": _shown(self.adjustment),
            "raw_score": self.unrounded,
            "distance_to_bound": self.distance,
        }
        return figures

    @property
    def receipt_text(self) -> str:
        """The receipt as plain lines, as the workspace keeps it."""
        return "\n".join(receipt_lines(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """One scored item of a contract."""

    actual: Decimal | None
    score: Decimal | None
    weighted: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleScores:
    """Everything scoring returned for a cycle.

    Attributes:
        subjects: One a subject, by kind and code.
        items: (natural key of the appraisal, item) → scores, one a segment in which the item counts, in order of time.
        forms: Natural key of the form → the rater's score; None when the form does not count.
    """

    subjects: tuple[SubjectScore, ...]
    items: Mapping[tuple[str, str], tuple[ItemScore, ...]]
    forms: Mapping[str, Decimal | None]

    def receipt_lines(self, subject: str) -> tuple[str, ...]:
        """Return a subject's receipt as lines of text.

        Args:
            subject: 工号 or 部门编码.

        Returns:
            The lines.

        Raises:
            SyncError: The subject has no score in this cycle.
        """
        for score in self.subjects:
            if score.subject == subject and score.receipt:
                return receipt_lines(score)
        facts: dict[str, FactValue] = {"person": subject}
        raise SyncError("sync.no_subject", facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigure:
    """The figure of one rater group of one subject.

    Attributes:
        kind: ``person`` or ``department``.
        subject: 工号 or 部门编码.
        relation: Key of the relation; ``merged`` for 其他评价.
        raters: How many counted; 0 when the group is hidden.
        score_n: Its score on the scoring grid (10⁻⁹ point), or None when it is hidden.
    """

    kind: str
    subject: str
    relation: str
    raters: int
    score_n: int | None

    @property
    def shown(self) -> Decimal | None:
        """The score as 核算结果 keeps it."""
        return _shown(_grid(self.score_n))


def group_figures(folder: Path, *, schemes: Mapping[str, Mapping[str, object]]) -> list[GroupFigure]:
    """Return the figures of every rater group of a stored extract, as its rows stand.

    Args:
        folder: Holds ``<frame>.csv``.
        schemes: Scheme key → canonical document.

    Returns:
        One a subject and relation with forms.

    Raises:
        ScoringInputError: Rows break their form; all are listed.
    """
    with open_frames(folder) as connection:
        _score(connection, schemes, ScoreOptions(explain=False, details=True))
        rows = connection.execute("SELECT kind, subject, relation, n, score_n FROM out_groups").fetchall()
    return [
        GroupFigure(kind=str(kind), subject=str(subject), relation=str(relation), raters=n or 0, score_n=score)
        for kind, subject, relation, n, score in rows
    ]


def _score(
    connection: duckdb.DuckDBPyConnection, schemes: Mapping[str, Mapping[str, object]], options: ScoreOptions
) -> None:
    score_cycle(
        connection,
        frames=CycleFrames.discover(connection),
        schemes={key: parse_scheme(document) for key, document in schemes.items()},
        options=options,
    )


_FIXED = "released_groups"


def _fix(connection: duckdb.DuckDBPyConnection, figures: Sequence[GroupFigure]) -> str:
    """Register figures that stay as they were released; return the relation's name, empty for none."""
    if not figures:
        return ""
    columns = "kind VARCHAR, subject VARCHAR, relation VARCHAR, n BIGINT, score_n BIGINT"
    connection.execute(f"CREATE TEMP TABLE {_FIXED} ({columns})")
    rows = [(one.kind, one.subject, one.relation, one.raters, one.score_n) for one in figures]
    connection.executemany(f"INSERT INTO {_FIXED} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608
    return _FIXED


def score_extract(
    folder: Path,
    *,
    cycle: str,
    schemes: Mapping[str, Mapping[str, object]],
    keep: KeepResults | None = None,
    fixed: Sequence[GroupFigure] = (),
) -> CycleScores:
    """Score a stored extract.

    Args:
        folder: Holds ``<frame>.csv``.
        cycle: 周期名称.
        schemes: Scheme key → canonical document.
        keep: Writes the result files into ``results`` beside the extract, or None.
        fixed: Group figures as they were released; they stand in place of what the forms of their subjects give.

    Returns:
        The scores; independent of row order, threads and machine.

    Raises:
        SchemeError: A document contradicts itself.
        ScoringInputError: Rows break their form; all are listed.
    """
    hashes = _input_hashes(folder)
    with open_frames(folder) as connection:
        _score(connection, schemes, ScoreOptions(frozen=_fix(connection, fixed)))
        if keep is not None:
            keep(connection, folder.parent / "results")
        subjects = tuple(_subjects(connection, receipts=dict(_receipts(connection)), hashes=hashes))
        keys = {(score.kind, score.subject): score.natural_key(cycle) for score in subjects}
        return CycleScores(subjects=subjects, items=_items(connection, keys), forms=dict(_forms(connection)))


def receipt_lines(score: SubjectScore) -> tuple[str, ...]:
    """Lay a receipt out as text: label, figure, how it came about; inner lines set in by two columns a level.

    Args:
        score: A scored subject.

    Returns:
        The lines, the result first.
    """
    head = score.status if score.result is None else f"结果 {score.result:f} · 等级 {score.grade}"
    notes = (f"未计入: {score.notes}",) if score.notes else ()
    return (head, *score.receipt.splitlines(), *notes)


def _shown(score: Decimal | None) -> Decimal | None:
    return None if score is None else score.quantize(_SIX)


def _grid(number: object) -> Decimal | None:
    return None if number is None else Decimal(str(number)) / GRID


_COLUMNS = (
    "kind, subject, scheme, status, kpi_n, okr_n, review_n, self_n, superior_n, upper_n, peer_n, subordinate_n,"
    " customer_n, points_n, unrounded, result, grade, distance, veto, missing_note, reason"
)


def _subjects(
    connection: duckdb.DuckDBPyConnection,
    *,
    receipts: Mapping[tuple[str, str], str],
    hashes: Mapping[tuple[str, str], str],
) -> Iterator[SubjectScore]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM out_results ORDER BY kind, subject").fetchall()  # noqa: S608
    for row in rows:
        kind, subject = str(row[0]), str(row[1])
        yield SubjectScore(
            kind=kind,
            subject=subject,
            scheme=str(row[2]),
            status=str(row[3]),
            parts={"kpi": _grid(row[4]), "okr": _grid(row[5]), "review": _grid(row[6])},
            groups={relation: _grid(row[7 + index]) for index, relation in enumerate(RELATIONS)},
            adjustment=_grid(row[13]) or None,
            unrounded=row[14],
            result=None if row[15] is None else Decimal(row[15]).quantize(Decimal("0.01")),
            grade=str(row[16] or ""),
            distance=row[17],
            veto=str(row[18] or ""),
            notes=str(row[19] or row[20] or ""),
            input_hash=hashes.get((kind, subject), ""),
            receipt=receipts.get((kind, subject), ""),
        )


_RECEIPTS = """
SELECT kind, subject, string_agg(
  concat(repeat('  ', level), label, ' ' || printed, CASE WHEN detail <> '' THEN '  (' || detail || ')' END),
  chr(10) ORDER BY line_no)
FROM out_lines WHERE {where} GROUP BY kind, subject
"""
_AT_ONCE = 5_000
"""Subjects whose lines are worded at once, so that memory holds a text a subject and never all lines."""


def _receipts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[tuple[str, str], str]]:
    for where in subject_ranges(connection, size=_AT_ONCE):
        for kind, subject, lines in connection.execute(_RECEIPTS.format(where=where)).fetchall():
            yield (str(kind), str(subject)), str(lines)


def _items(
    connection: duckdb.DuckDBPyConnection, keys: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[ItemScore, ...]]:
    found: dict[tuple[str, str], tuple[ItemScore, ...]] = {}
    rows = connection.execute(
        "SELECT kind, subject, item, actual_num, actual_den, score_n, weighted_n FROM out_items"
        " ORDER BY kind, subject, item, segment"
    ).fetchall()
    for kind, subject, item, actual, per, score, weighted in rows:
        place = keys.get((str(kind), str(subject)))
        if place is not None:
            exact = None if actual is None or not per else (Decimal(actual) / (per * _TEN_THOUSANDTHS)).quantize(_FOUR)
            one = ItemScore(actual=exact, score=_shown(_grid(score)), weighted=_shown(_grid(weighted)))
            found[place, str(item)] = (*found.get((place, str(item)), ()), one)
    return found


def _forms(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Decimal | None]]:
    rows: Sequence[tuple[object, ...]] = connection.execute(
        "SELECT task_no, CASE WHEN is_counted THEN score_n END FROM out_forms ORDER BY task_no"
    ).fetchall()
    for task, score in rows:
        yield str(task), _shown(_grid(score))


def _input_hashes(folder: Path) -> dict[tuple[str, str], str]:
    """Digest, for each subject, the rows of the extract that concern it, whatever their order."""
    parts: dict[tuple[str, str], list[str]] = {}
    tasks: dict[str, tuple[str, str]] = {}
    for frame in (*_SUBJECT_FRAMES, "ratings"):
        file = folder / f"{frame}.csv"
        if not file.exists():
            continue
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if frame == "ratings":
                    subject = tasks.get(row["task_no"], ("", ""))
                elif frame == "assignments":
                    subject = ("person", row["emp_no"])
                else:
                    subject = (_KINDS.get(row["kind"], row["kind"]), row["subject"])
                if frame == "forms":
                    tasks[row["task_no"]] = subject
                parts.setdefault(subject, []).append(f"{frame}\x1f" + "\x1f".join(row.values()))
    return {
        subject: "sha256:" + hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
        for subject, rows in parts.items()
    }
