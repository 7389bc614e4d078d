"""Re-scoring for an appeal: the same rules over what stands now, with decisions on whole rater groups; writes nothing.

Group figures are those of the release: where forms changed since, 核算结果 says what was released. A figure that the
forms still give is taken exactly; another one as released, to six decimals, for nothing more is kept.

Source: scoring.md S4.7 (figures are frozen; a whole group is kept or struck, never one rating), S10 (one person is
scored again).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from huoban_perf.scoring import parse_scheme, scheme_document
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.extract import read_workspace, write_frames
from huoban_perf.sync.extract_map import ExtractMap
from huoban_perf.sync.pin import refuse_other_rules
from huoban_perf.sync.results import GRID, RELATIONS, GroupFigure, SubjectScore, group_figures, score_extract
from huoban_perf.sync.scheme import TABLES as SCHEME_TABLES
from huoban_perf.sync.score import documents_of
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import natural_key

_HEADER = ("kind", "subject", "relation", "action", "reason")
_KINDS = {"person": "个人", "department": "部门"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an appeal decided about the inputs of one subject.

    Attributes:
        kind: ``person`` or ``department``.
        subject: 工号 or 部门编码.
        action: ``strike_group``, ``keep_group`` or ``correct_data``.
        relation: Key of the rater group concerned, or empty.
    """

    kind: str
    subject: str
    action: str
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """What a subject's score comes to.

    Attributes:
        score: The score as decided.
        held: Relations whose forms changed since the release; their released figures counted.
    """

    score: SubjectScore
    held: tuple[str, ...] = ()


def rescore(
    app: DeployedApp, *, extract_map: ExtractMap, cycle: str, decisions: Sequence[Decision]
) -> Mapping[str, Rescored]:
    """Score a cycle again as decided.

    Args:
        app: Where it stands.
        extract_map: Which field feeds which scoring column.
        cycle: 周期名称.
        decisions: At least one.

    Returns:
        Natural key of the sheet → score, of the subjects decided about.

    Raises:
        PinnedRulesError: The rules are not those announced for the cycle, nor those of an approved change.
        ScoringInputError: Inputs break their form; every row is listed.
    """
    whole: dict[str, tuple[str, ...]] = dict.fromkeys(("cycle", "score_result", *SCHEME_TABLES), ())
    reading = read_workspace(app, extract_map=extract_map, cycle=cycle, also=whole)
    documents = documents_of(reading, app=app, extract_map=extract_map)
    schemes = {key: scheme_document(parse_scheme(document)) for key, document in sorted(documents.items())}
    refuse_other_rules(cycle, tables=reading.tables, schemes=schemes)
    asked = {(decision.kind, decision.subject) for decision in decisions}
    with TemporaryDirectory() as folder:  # readable by its owner only, gone when the score is known
        write_frames(reading, schema=app.schema, extract_map=extract_map, folder=Path(folder))
        now = group_figures(Path(folder), schemes=schemes)
        fixed = {
            about: figures
            for about in asked
            if (figures := _as_released(about, now, reading.tables["score_result"], cycle)) is not None
        }
        _write(Path(folder) / "appeal_decisions.csv", decisions)
        every = [figure for figures, _ in fixed.values() for figure in figures]
        scores = score_extract(Path(folder), cycle=cycle, schemes=schemes, fixed=every)
    found = [one for one in scores.subjects if (one.kind, one.subject) in asked]
    return {
        one.natural_key(cycle): Rescored(score=one, held=fixed.get((one.kind, one.subject), ((), ()))[1])
        for one in found
    }


def _as_released(
    about: tuple[str, str], now: Sequence[GroupFigure], results: TableRows, cycle: str
) -> tuple[tuple[GroupFigure, ...], tuple[str, ...]] | None:
    """Return a subject's figures as they were released, and which of them the forms no longer give.

    None when nothing changed or was released, or groups were merged (其他评价 has no figure of its own in 核算结果).
    """
    kind, subject = about
    row = results.row_of_key(natural_key(cycle, subject if kind == "person" else f"D:{subject}"))
    own = {one.relation: one for one in now if (one.kind, one.subject) == about}
    if row is None or results.value(row, "status") != "released" or "merged" in own:
        return None
    held: list[str] = []
    for relation in RELATIONS:
        field = f"{relation}_score"
        released = results.value(row, field) if field in results.columns else None
        standing = own.get(relation)
        if released == (standing.shown if standing else None):
            continue
        held.append(relation)
        score_n = int(released * GRID) if isinstance(released, Decimal) else None
        raters = standing.raters if standing else 0
        own[relation] = GroupFigure(kind=kind, subject=subject, relation=relation, raters=raters, score_n=score_n)
    return (tuple(own.values()), tuple(held)) if held else None


def _write(file: Path, decisions: Sequence[Decision]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(_HEADER)
        for one in decisions:
            rows.writerow((_KINDS[one.kind], one.subject, one.relation, one.action, "申诉"))
