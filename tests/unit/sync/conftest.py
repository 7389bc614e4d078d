from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from huoban_perf.sync.score import ScoreOutcome
from tests.unit.sync.company import Office, copied, seeded
from tests.unit.sync.memory import Memory


@pytest.fixture(scope="session")
def seeded_memory() -> Memory:
    return seeded()


@pytest.fixture(scope="session")
def first_run(seeded_memory: Memory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Memory, ScoreOutcome]:
    """The workspace after the first scoring, and its outcome; both are copied for each test."""
    office = Office(copied(seeded_memory), tmp_path_factory.mktemp("runs"))
    outcome = office.score()
    return office.memory, outcome


@pytest.fixture
def office(seeded_memory: Memory, tmp_path: Path) -> Office:
    """The company before its first scoring."""
    return Office(copied(seeded_memory), tmp_path / "runs")


@pytest.fixture
def scored(first_run: tuple[Memory, ScoreOutcome], tmp_path: Path) -> Office:
    """The company with results in the workspace."""
    return Office(copied(first_run[0]), tmp_path / "runs")


@pytest.fixture
def outcome(first_run: tuple[Memory, ScoreOutcome]) -> ScoreOutcome:
    """The outcome of the run that wrote those results."""
    found = first_run[1]
    tables = {key: rows.only(lambda _: True) for key, rows in found.reading.tables.items()}
    return replace(found, reading=replace(found.reading, tables=tables))
