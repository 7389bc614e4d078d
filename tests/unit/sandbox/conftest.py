"""One sandbox a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.sandbox.driver import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox().begin()
    yield made
    made.close()
