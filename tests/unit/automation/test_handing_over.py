"""转办: HR gives a task to somebody else; a new task is linked, the old one recalled, nobody rates twice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.cycle.opening import open_cycle
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm, firm, reviewing_on
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied


@pytest.fixture(scope="module")
def reviewing(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return reviewing_on(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def desk(reviewing: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(reviewing.memory), tmp_path).on(date(2027, 1, 5)))
    found.round()
    yield found
    found.store.close()


def peers(desk: Desk) -> list[str]:
    return sorted(key for key in desk.firm.rows("review_task") if key.startswith(f"[{CYCLE}|E010|peer|"))


def test_handed_over_task_goes_to_the_new_rater_and_the_old_one_is_recalled(desk: Desk) -> None:
    old, *_ = peers(desk)
    desk.pick("review_task", old, hr_action="hand_over", delegate=("uE050",))
    desk.round()
    tasks = desk.firm.rows("review_task")
    assert tasks[old]["status"] == "recalled"
    (fresh,) = [key for key in tasks if tasks[key].get("rater") == ("uE050",) and "|E010|" in key]
    item = next(i for i, (_, row) in desk.firm.memory.items["review_task"].items() if row["natural_key"] == old)
    assert (tasks[fresh]["status"], tasks[fresh]["original_task"]) == ("to_review", (item,))
    assert tasks[fresh]["relation"] == "peer"
    told = [n.receiver for n in desk.firm.told.notices.values() if n.event == "review_handed_over"]
    assert told == ["uE050"]
    before = len(tasks)
    desk.firm.run("open", open_cycle)
    assert len(desk.firm.rows("review_task")) == before


@pytest.mark.parametrize("whom", ["uE010", "own", "other"])
def test_nobody_takes_over_who_is_the_person_or_rates_already(desk: Desk, whom: str) -> None:
    old, other, *_ = peers(desk)
    raters = {
        "own": desk.firm.rows("review_task")[old]["rater"],
        "other": desk.firm.rows("review_task")[other]["rater"],
    }
    desk.pick("review_task", old, hr_action="hand_over", delegate=raters.get(whom, (whom,)))
    assert desk.round() == {"refused": 1}
    assert "不能接手" in str(desk.firm.rows("review_task")[old]["action_result"])


@pytest.mark.parametrize("before", [False, True])
def test_handing_over_killed_in_the_middle_makes_one_task(reviewing: Firm, tmp_path: Path, *, before: bool) -> None:
    for allowed in range(1, 6):
        desk = Desk(Firm(copied(reviewing.memory), tmp_path / str(allowed)).on(date(2027, 1, 5)))
        desk.round()
        old, *_ = peers(desk)
        desk.pick("review_task", old, hr_action="hand_over", delegate=("uE050",))
        with dying(desk.firm, allowed, before=before) as died, contextlib.suppress(Died):
            desk.round()
        desk.executor = desk.fresh()
        desk.firm.on(date(2027, 1, 6))  # and the next process only comes the day after
        for _ in range(3):
            desk.round()
        tasks = desk.firm.rows("review_task")
        assert len([key for key in tasks if tasks[key].get("rater") == ("uE050",) and "|E010|" in key]) == 1
        assert tasks[old]["status"] == "recalled"
        desk.store.close()
        if not died():
            break
    assert allowed >= 2
