"""A cycle that was announced a day ago."""

from __future__ import annotations

from datetime import date

import pytest

from huoban_perf.cycle.opening import open_cycle
from tests.unit.cycle.company import Firm, firm


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    company = firm(tmp_path_factory.mktemp("firm"))
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    return company
