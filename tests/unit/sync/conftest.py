from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sync.company import Office, copied, seeded
from tests.unit.sync.memory import Memory


@pytest.fixture(scope="session")
def seeded_memory() -> Memory:
    return seeded()


@pytest.fixture(scope="session")
def scored_memory(seeded_memory: Memory, tmp_path_factory: pytest.TempPathFactory) -> Memory:
    office = Office(copied(seeded_memory), tmp_path_factory.mktemp("runs"))
    office.score()
    return office.memory


@pytest.fixture
def office(seeded_memory: Memory, tmp_path: Path) -> Office:
    """The company before its first scoring."""
    return Office(copied(seeded_memory), tmp_path / "runs")


@pytest.fixture
def scored(scored_memory: Memory, tmp_path: Path) -> Office:
    """The company with results in the workspace."""
    return Office(copied(scored_memory), tmp_path / "runs")
