"""Many rows at once: what follows costs a count a batch of firings, never one a firing; a kill repeats nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from sqlite3 import Connection as Database

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.core.values import Values
from huoban_perf.service.store import SqliteStore
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import firm
from tests.unit.sync.company import schema


class Counted(SqliteStore):
    """The service's file, which counts how often it is forced to the disk."""

    steps = 0

    @contextmanager
    def step(self) -> Iterator[Database]:
        self.steps += 1
        with super().step() as database:
            yield database


class KilledError(BaseException):
    """The process is gone."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(firm(tmp_path).on(date(2026, 9, 24)), store=Counted(None))
    found.round()
    found.jobs.clear()
    yield found
    found.store.close()


def answer(desk: Desk, count: int) -> None:
    """Customers fill in the public form."""
    desk.firm.memory.moment += 100
    for number in range(count):
        values: Values = {"invite_code": f"K{number}"}
        desk.firm.memory.put(schema().table("external_review"), values)


def steps(desk: Desk, answers: int) -> int:
    assert isinstance(desk.store, Counted)
    before = desk.store.steps
    answer(desk, answers)
    assert desk.round() == {"done": 2 * answers}
    return desk.store.steps - before


def test_a_thousand_answers_force_the_file_to_the_disk_a_few_times_more_than_ten(desk: Desk) -> None:
    few = steps(desk, 10)
    assert steps(desk, 1000) - few < 1000 // 50
    assert desk.jobs.count("match-external") < 1000 // 50


def test_long_work_keeps_its_lease(desk: Desk) -> None:
    kept: list[int] = []
    desk.around = replace(desk.around, keep_on=lambda: kept.append(1))
    desk.executor = desk.fresh()
    answer(desk, 1000)
    desk.round()
    assert len(kept) == 2 * 1000 // 200


@pytest.mark.parametrize("survived", [0, 1, 3])
def test_killed_before_firings_are_closed_they_are_carried_out_again(desk: Desk, survived: int) -> None:
    asked: list[str] = []

    def ask(job: str) -> None:
        if len(asked) == survived:
            raise KilledError
        asked.append(job)

    desk.around, whole = replace(desk.around, start_job=ask), desk.around
    desk.executor = desk.fresh()
    answer(desk, 1000)
    with pytest.raises(KilledError):
        desk.round()
    assert len(desk.ledger.listed(FiringState.DONE)) == 200 * survived
    desk.around = whole
    desk.executor = desk.fresh()
    desk.round()
    assert "match-external" in desk.jobs
    assert len(desk.ledger.listed(FiringState.DONE)) == len(desk.ledger.listed()) == 2 * 1000
