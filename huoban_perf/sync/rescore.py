"""Re-scoring for an appeal: the same rules over what stands now, with decisions on whole rater groups; writes nothing.

Source: scoring.md S4.7 (a whole group is kept or struck, never one rating), S10 (an appeal re-scores one person).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from huoban_perf.scoring import parse_scheme, scheme_document
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.extract import read_workspace, write_frames
from huoban_perf.sync.extract_map import ExtractMap
from huoban_perf.sync.pin import refuse_other_rules
from huoban_perf.sync.results import SubjectScore, score_extract
from huoban_perf.sync.scheme import TABLES as SCHEME_TABLES
from huoban_perf.sync.score import documents_of

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


def rescore(
    app: DeployedApp, *, extract_map: ExtractMap, cycle: str, decisions: Sequence[Decision]
) -> Mapping[str, SubjectScore]:
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
    whole: dict[str, tuple[str, ...]] = dict.fromkeys(("cycle", *SCHEME_TABLES), ())
    reading = read_workspace(app, extract_map=extract_map, cycle=cycle, also=whole)
    documents = documents_of(reading, app=app, extract_map=extract_map)
    schemes = {key: scheme_document(parse_scheme(document)) for key, document in sorted(documents.items())}
    refuse_other_rules(cycle, tables=reading.tables, schemes=schemes)
    asked = {(decision.kind, decision.subject) for decision in decisions}
    with TemporaryDirectory() as folder:  # readable by its owner only, gone when the score is known
        write_frames(reading, schema=app.schema, extract_map=extract_map, folder=Path(folder))
        _write(Path(folder) / "appeal_decisions.csv", decisions)
        scores = score_extract(Path(folder), cycle=cycle, schemes=schemes)
    return {one.natural_key(cycle): one for one in scores.subjects if (one.kind, one.subject) in asked}


def _write(file: Path, decisions: Sequence[Decision]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(_HEADER)
        for one in decisions:
            rows.writerow((_KINDS[one.kind], one.subject, one.relation, one.action, "申诉"))
