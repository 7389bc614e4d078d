from __future__ import annotations

import csv
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from huoban_perf.core.errors import ScoringInputError, SyncError
from huoban_perf.sync.results import CycleScores, SubjectScore, receipt_lines, score_extract
from huoban_perf.sync.runs import Manifest
from tests.unit.sync.company import CYCLE, Office, copied
from tests.unit.sync.memory import Memory


@pytest.fixture(scope="module")
def run(seeded_memory: Memory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Path]:
    """A stored run: its manifest and its extract."""
    office = Office(copied(seeded_memory), tmp_path_factory.mktemp("runs"))
    outcome = office.score(apply=False)
    manifest, path = office.runs.load(run=outcome.run)
    return manifest, path / "extract"


def score(manifest: Manifest, folder: Path) -> CycleScores:
    return score_extract(folder, cycle=CYCLE, schemes=manifest.schemes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scores(run: tuple[Manifest, Path]) -> CycleScores:
    return score(*run)


def of(scores: CycleScores, subject: str) -> SubjectScore:
    return next(score for score in scores.subjects if score.subject == subject)


def rewritten(source: Path, target: Path, *, frame: str = "", change: dict[tuple[str, str], str] | None = None) -> Path:
    """Copy an extract; in one frame, in the first row where ``column`` is filled, put another value."""
    target.mkdir()
    draw = Random(7)
    for file in source.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        draw.shuffle(rows)
        for (name, column), value in (change or {}).items():
            if file.stem == name:
                place = header.index(column)
                next(row for row in rows if row[place])[place] = value
        with (target / file.name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
    return target


def test_printed_lines_of_a_receipt_add_up(scores: CycleScores) -> None:
    person = of(scores, "E025")
    top = [Decimal(line.split()[1]) for line in person.receipt.splitlines() if re.match(r"  \S+ -?[0-9]", line)]
    assert len(top) > 1
    assert sum(top) == person.unrounded
    assert person.unrounded is not None
    assert person.result == person.unrounded.quantize(Decimal("0.01"))


def test_receipt_lines_say_result_figures_details_and_what_is_missing(scores: CycleScores) -> None:
    person = of(scores, "E025")
    lines = receipt_lines(person)
    assert lines[0] == f"结果 {person.result} · 等级 {person.grade}"
    assert any("权重 70" in line for line in lines)
    assert any(line.startswith("    ") for line in lines)
    assert receipt_lines(replace(person, notes="客户 人数不足"))[-1] == "未计入: 客户 人数不足"
    held = replace(person, result=None, status="暂不计分")
    assert receipt_lines(held)[0] == "暂不计分"
    assert person.receipt_text == "\n".join(lines)


def test_receipt_of_a_subject_by_code(scores: CycleScores) -> None:
    assert scores.receipt_lines("E025") == receipt_lines(of(scores, "E025"))
    for absent in ("E001", "E999"):
        with pytest.raises(SyncError) as caught:
            scores.receipt_lines(absent)
        assert caught.value.facts == {"person": absent}


def test_person_who_moved_has_a_stretch_a_place_and_they_add_up(scores: CycleScores) -> None:
    """The demo's E054 came from D40 in August: another contract, another superior."""
    person = of(scores, "E054")
    head = [line.split("  (") for line in receipt_lines(person) if line.startswith("  第")]
    assert [detail.split(", 本段")[0] for _, detail in head] == [
        "2026-07-01 至 2026-07-31, 在岗 31 天, 占 31/92",
        "2026-08-01 至 2026-09-30, 在岗 61 天, 占 61/92",
    ]
    assert sum(Decimal(label.split()[-1]) for label, _ in head) == person.unrounded


def test_natural_key_tells_people_from_departments(scores: CycleScores) -> None:
    person = of(scores, "E025")
    assert person.natural_key(CYCLE) == f"[{CYCLE}|E025]"
    assert replace(person, kind="department", subject="D10").natural_key(CYCLE) == f"[{CYCLE}|D:D10]"


def test_figures_are_shown_to_six_decimals(scores: CycleScores) -> None:
    figures = of(scores, "E025").figures()
    assert figures["kpi_score"] == Decimal("90.231415")
    assert figures["okr_score"] is None
    assert figures["subordinate_score"] is None
    assert figures["points_adjustment"] is None
    assert set(figures) >= {"self_score", "superior_score", "raw_score", "distance_to_bound"}


def test_item_scores_carry_exact_actuals(scores: CycleScores) -> None:
    (item,) = scores.items[f"[{CYCLE}|E025]", "M01"]
    assert item.actual == Decimal("810720.0000")
    assert item.score == Decimal("90.080000")
    assert item.weighted is not None


def test_forms_that_do_not_count_have_no_score(run: tuple[Manifest, Path], tmp_path: Path, scores: CycleScores) -> None:
    manifest, folder = run
    assert all(score is not None for score in scores.forms.values())
    changed = score(manifest, rewritten(folder, tmp_path / "x", change={("forms", "status"): "已婉拒"}))
    assert sum(value is None for value in changed.forms.values()) + len(scores.forms) - len(changed.forms) == 1


def test_nothing_depends_on_the_order_of_rows(run: tuple[Manifest, Path], tmp_path: Path, scores: CycleScores) -> None:
    manifest, folder = run
    shuffled = score(manifest, rewritten(folder, tmp_path / "shuffled"))
    assert shuffled.subjects == scores.subjects
    assert shuffled.items == scores.items
    assert shuffled.forms == scores.forms


def test_input_hash_changes_only_for_the_person_concerned(
    run: tuple[Manifest, Path], tmp_path: Path, scores: CycleScores
) -> None:
    manifest, folder = run
    changed = score(manifest, rewritten(folder, tmp_path / "x", change={("actuals", "actual"): "1"}))
    before = {person.subject: person.input_hash for person in scores.subjects}
    after = {person.subject: person.input_hash for person in changed.subjects}
    assert len({*before.values()}) == len(before)
    assert all(value.startswith("sha256:") for value in before.values())
    assert sum(before[subject] != after[subject] for subject in before) == 1


def test_extract_without_optional_frames_is_scored(run: tuple[Manifest, Path], tmp_path: Path) -> None:
    manifest, folder = run
    slim = rewritten(folder, tmp_path / "slim")
    (slim / "goals.csv").unlink()
    assert len(score(manifest, slim).subjects) == 60


@pytest.mark.parametrize(
    ("value", "code"), [("130", "form.outside_scale"), ("-1", "form.outside_scale"), ("很好", "input.unreadable")]
)
def test_rating_outside_its_scale_is_refused_with_its_row(
    value: str, code: str, run: tuple[Manifest, Path], tmp_path: Path
) -> None:
    manifest, folder = run
    broken = rewritten(folder, tmp_path / "x", change={("ratings", "score"): value})
    with pytest.raises(ScoringInputError) as caught:
        score(manifest, broken)
    assert caught.value.problems[0].code == code
    assert {problem.file for problem in caught.value.problems} <= {"评价任务", "评分"}
