"""Rules pinned at 公示: another hash is refused unless a change with an approver is recorded."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import PinnedRulesError, ScoringInputError, SyncError
from huoban_perf.scoring.adoption import COLUMNS, snapshot_rows
from huoban_perf.scoring.severity import Adjustment
from huoban_perf.sync.pin import Announced, announce
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import run_score
from tests.unit.sync.company import CYCLE, Office, extract_map, schema

SCHEME = "[标准方案|1]"


def pin(office: Office, *, apply: bool = True) -> Announced:
    return announce(office.app, cycle=CYCLE, pass_grade=extract_map().pass_grade, apply=apply)


def test_before_the_announcement_rules_are_free(office: Office) -> None:
    office.row("scheme", SCHEME)["score_cap"] = Decimal(110)
    assert office.score(apply=False).pending


def test_announcing_pins_the_rules_once(office: Office) -> None:
    before = office.content()
    assert len(pin(office, apply=False).plan.writes) == 1
    assert office.content() == before
    done = pin(office)
    row = office.row("cycle", CYCLE)
    assert (row["announced_hash"], row["announced_on"]) == (done.hash, office.clock.now())
    assert '"kpi_weight": "70"' in str(row["announced_scheme"])
    assert (pin(office).report and pin(office).report.written) == 0  # type: ignore[union-attr]
    assert office.score().pending > 400


def test_changed_rules_are_refused_with_every_option_that_differs(office: Office) -> None:
    pin(office)
    office.row("scheme", SCHEME).update(kpi_weight=Decimal(60), review_weight=Decimal(40))
    before = office.content()
    with pytest.raises(PinnedRulesError) as caught:
        office.score(apply=False)
    assert caught.value.code == "sync.rules_changed"
    found = {problem.address: (problem.facts["before"], problem.facts["after"]) for problem in caught.value.problems}
    assert found == {
        f"{SCHEME}.parts.kpi_weight": ("70", "60"),
        f"{SCHEME}.parts.review_weight": ("30", "40"),
    }
    assert office.content() == before


def test_a_change_needs_a_note_and_an_approver_before_it_is_recorded(office: Office) -> None:
    pin(office)
    office.row("scheme", SCHEME)["score_cap"] = Decimal(110)
    row = office.row("cycle", CYCLE)
    for note, approver in ((None, ("uE001",)), ("上限下调", None), ("  ", ("uE001",))):
        row.update(scheme_change_note=note, change_approver=approver)
        with pytest.raises(PinnedRulesError, match="change_unapproved"):
            pin(office)
    row.update(scheme_change_note="上限下调", change_approver=("uE001",))
    with pytest.raises(PinnedRulesError, match="rules_changed"):
        office.score()
    done = pin(office)
    row = office.row("cycle", CYCLE)
    assert (done.is_change, row["changed_hash"], len(done.differences)) == (True, done.hash, 1)
    assert row["announced_hash"] != done.hash
    assert office.score().pending > 400
    row["change_approver"] = None
    with pytest.raises(PinnedRulesError, match="change_unapproved"):
        office.score()
    office.row("scheme", SCHEME)["score_cap"] = Decimal(105)
    with pytest.raises(PinnedRulesError, match="rules_changed"):
        office.score()


def test_the_announced_rules_are_allowed_again_after_a_recorded_change(office: Office) -> None:
    pin(office)
    scheme, row = office.row("scheme", SCHEME), office.row("cycle", CYCLE)
    standing = scheme["score_cap"]
    scheme["score_cap"] = Decimal(110)
    row.update(scheme_change_note="上限下调", change_approver=("uE001",))
    pin(office)
    scheme["score_cap"] = standing
    assert office.score(apply=False).pending


def test_a_cycle_without_schemes_cannot_be_announced(office: Office) -> None:
    office.row("cycle", CYCLE)["schemes"] = None
    with pytest.raises(SyncError, match="no_schemes_named"):
        pin(office)


def test_a_scheme_that_was_not_announced_scores_nobody(office: Office) -> None:
    """The cycle names another scheme than the one its people are scored by."""
    scheme = office.row("scheme", SCHEME)
    other = office.memory.put(schema().table("scheme"), {**scheme, "natural_key": "[另一个|1]", "name": "另一个"})
    for table in ("rater_group", "grade_band"):
        for _, values in list(office.memory.items[table].values()):
            office.memory.put(
                schema().table(table), {**values, "natural_key": f"{values['natural_key']}x", "scheme": (other,)}
            )
    office.row("cycle", CYCLE)["schemes"] = (other,)
    pin(office)
    with pytest.raises(PinnedRulesError) as caught:
        office.score(apply=False)
    assert [(problem.code, problem.facts["scheme"]) for problem in caught.value.problems] == [
        ("sync.scheme_not_announced", SCHEME)
    ]


def test_a_damaged_announced_document_still_names_the_refusal(office: Office) -> None:
    pin(office)
    row = office.row("cycle", CYCLE)
    row["announced_scheme"] = "not json"
    office.row("scheme", SCHEME)["score_cap"] = Decimal(110)
    with pytest.raises(PinnedRulesError, match="rules_changed"):
        office.score(apply=False)


def snapshot_file(folder: Path, *names: str) -> tuple[str, Path]:
    file = folder / "rater_adjustments.csv"
    full, rows = "", []
    for name in names:
        full, made = snapshot_rows(name, [Adjustment("E004", Decimal("2.5000"), 9, 0)], approver="E001")
        rows += made
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return full, file


def score_with(office: Office, file: Path) -> RunStore:
    runs = RunStore(folder=office.folder, adjustments=file)
    run_score(office.app, extract_map=extract_map(), cycle=CYCLE, runs=runs, apply=False)
    return runs


def test_s5_an_adopted_snapshot_is_stored_with_the_run_and_is_no_change_of_rules(
    office: Office, tmp_path: Path
) -> None:
    office.row("scheme", SCHEME)["severity_mode"] = "adopt"
    pin(office)
    name, file = snapshot_file(tmp_path, "q3")
    runs = score_with(office, file)
    manifest, folder = runs.load(run=runs.names()[-1])
    assert manifest.schemes[SCHEME]["severity"]["snapshot"] == name  # type: ignore[index]
    assert (folder / "extract" / "rater_adjustments.csv").read_bytes() == file.read_bytes()
    outcome = run_score(office.app, extract_map=extract_map(), cycle=CYCLE, runs=runs, apply=False)
    assert any("评分松紧校正" in score.receipt_text for score in outcome.scores.subjects)


def test_s5_adopting_without_a_snapshot_or_with_a_wrong_file_is_refused(office: Office, tmp_path: Path) -> None:
    _, file = snapshot_file(tmp_path, "q3")
    with pytest.raises(SyncError, match="nobody_adopts"):
        score_with(office, file)
    office.row("scheme", SCHEME)["severity_mode"] = "adopt"
    with pytest.raises(ScoringInputError) as caught:
        office.score(apply=False)
    assert [problem.code for problem in caught.value.problems] == ["severity.no_snapshot"]
    for names in ((), ("a", "b")):
        with pytest.raises(SyncError, match="adjustments"):
            score_with(office, snapshot_file(tmp_path, *names)[1])
    with pytest.raises(SyncError, match="adjustments"):
        score_with(office, tmp_path / "missing.csv")
