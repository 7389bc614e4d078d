"""A what-if tells who moves and touches nothing; a replay proves every byte."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import SchemeError, ScoringError
from huoban_perf.exchange import Request, WhatIf, explain_subject, replay_results, score_folder, simulate
from huoban_perf.scoring import change_scheme, parse_scheme
from tests.unit.exchange.sample import SCHEME, save, save_csv

SCHEMES = {"std": parse_scheme(SCHEME)}
HALF = {"parts.kpi_weight": "50", "parts.review_weight": "50"}


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_no_change_moves_nobody(tmp_path: Path) -> None:
    found = simulate(save(tmp_path), schemes=SCHEMES, what_if=WhatIf())
    assert (found.subjects, found.moves) == (3, ())


def test_changed_weights_move_people_and_count_grades(tmp_path: Path) -> None:
    folder = save(tmp_path)
    before = snapshot(folder)
    found = simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes=HALF))
    moves = {move.subject: (move.name, move.difference, move.is_regraded) for move in found.moves}
    assert moves == {"E1": ("王小明", Decimal("-1.61"), True), "E2": ("李娜", Decimal("-2.00"), False)}
    assert [move.subject for move in found.moves] == ["E1", "E2"]
    assert found.grades == {"person": {"S": (1, 0), "A": (1, 2), "B": (0, 0), "C": (0, 0), "D": (0, 0), "": (1, 1)}}
    assert snapshot(folder) == before


def test_changed_bounds_and_caps_are_reached_by_their_path(tmp_path: Path) -> None:
    folder = save(tmp_path)
    bounds = simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes={"grades.A.lower": "88"}))
    assert [(move.subject, move.after and move.after.grade) for move in bounds.moves] == [("E2", "B")]
    caps = simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes={"items.cap": "110"}))
    assert [(move.subject, move.difference) for move in caps.moves] == [("E1", Decimal("-0.56"))]


def test_another_scheme_stands_in(tmp_path: Path) -> None:
    folder = save(tmp_path)
    other = {"anything": change_scheme(SCHEMES["std"], HALF)}
    by_file = simulate(folder, schemes=SCHEMES, what_if=WhatIf(schemes=other))
    assert by_file == simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes=HALF))


def test_another_input_stands_in(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    save_csv(
        tmp_path / "points.csv", ["kind", "subject", "type", "points", "status"], [["个人", "E1", "加分", 5, "已批"]]
    )
    found = simulate(folder, schemes=SCHEMES, what_if=WhatIf(instead=[tmp_path / "points.csv"]))
    assert [(move.subject, move.difference) for move in found.moves] == [("E1", Decimal("3.00"))]


def test_adopted_rater_adjustments_move_people(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    file = tmp_path / "rater_adjustments.csv"
    save_csv(file, ["snapshot", "rater", "beta"], [["s1", "E4", "4"]])
    changes = {"severity.mode": "adopt", "severity.snapshot": "s1"}
    found = simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes=changes, instead=[file]))
    assert {move.subject: move.difference for move in found.moves}["E2"] == Decimal("-1.00")


@pytest.mark.parametrize(
    "what_if",
    [
        WhatIf(changes={"parts.nothing.at": "1"}),
        WhatIf(changes={"parts.kpi_weight": "60"}),
        WhatIf(changes=HALF, only="none"),
        WhatIf(schemes={"a": SCHEMES["std"], "b": SCHEMES["std"]}),
    ],
)
def test_an_impossible_supposition_is_refused(tmp_path: Path, what_if: WhatIf) -> None:
    with pytest.raises(SchemeError):
        simulate(save(tmp_path), schemes=SCHEMES, what_if=what_if)


def test_replay_of_untouched_results_is_equal(tmp_path: Path) -> None:
    folder = save(tmp_path / "extract")
    score_folder(folder, schemes=SCHEMES, out=tmp_path / "results", request=Request())
    found = replay_results(folder, schemes=SCHEMES, stored=tmp_path / "results")
    assert (found.files, found.differences) == (6, ())
    assert found.size_bytes > 1000


def test_replay_shows_a_changed_byte(tmp_path: Path) -> None:
    folder = save(tmp_path / "extract")
    stored = tmp_path / "results"
    score_folder(folder, schemes=SCHEMES, out=stored, request=Request())
    file = stored / "results.csv"
    file.write_bytes(file.read_bytes().replace(b"95.88,", b"95.89,"))
    (stored / "flags.csv").unlink()
    (stored / "extra.csv").write_text("x\n")
    extra, flags, changed = replay_results(folder, schemes=SCHEMES, stored=stored).differences
    assert (changed.file, changed.line) == ("results.csv", 2)
    assert "95.89" in str(changed.stored)
    assert "95.88" in str(changed.computed)
    assert (flags.file, flags.stored, extra.file, extra.computed) == ("flags.csv", None, "extra.csv", None)


def test_replay_without_stored_results_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"exchange\.no_results"):
        replay_results(save(tmp_path / "extract"), schemes=SCHEMES, stored=tmp_path)


def test_explain_gives_a_receipt_that_adds_up(tmp_path: Path) -> None:
    found = explain_subject(save(tmp_path), schemes=SCHEMES, kind=None, subject="E1")
    assert found.result.result == Decimal("95.88")
    assert sum(line.printed or 0 for line in found.lines if line.level == 1) == found.result.unrounded
    with pytest.raises(ScoringError, match=r"exchange\.unknown_subject"):
        explain_subject(tmp_path, schemes=SCHEMES, kind="department", subject="E1")
