"""Fixtures of the deploy tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deploy.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A platform whose connection can build."""
    return Bench(folder=tmp_path)


@pytest.fixture
def v1_bench(tmp_path: Path) -> Bench:
    """A platform whose connection can only read."""
    return Bench(folder=tmp_path, builds=False)
