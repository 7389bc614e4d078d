"""One workspace with pages a test."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.driver import Sandbox
from tests.unit.sandbox.web.office import Office


@pytest.fixture
def office(sandbox: Sandbox) -> Office:
    return Office(sandbox)
