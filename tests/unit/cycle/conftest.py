from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cycle.company import Firm, firm


@pytest.fixture
def company(tmp_path: Path) -> Firm:
    return firm(tmp_path)
