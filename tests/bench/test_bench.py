"""The bench measures what it says: every contender scores everybody, and a sample equals the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.check import check_sample
from tests.bench.contenders import CONTENDERS
from tests.bench.inputs import make_inputs

PEOPLE = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_inputs(tmp_path, people=PEOPLE, is_shuffled=True)
    return tmp_path


def test_contenders_score_everybody(folder: Path) -> None:
    names = set(CONTENDERS) - {"floor", "pandas"}
    assert {name: CONTENDERS[name](folder) for name in names} == dict.fromkeys(names, PEOPLE)
    assert CONTENDERS["floor"](folder) == PEOPLE * (8 + 10)


def test_a_sample_equals_the_oracle(folder: Path) -> None:
    assert check_sample(folder, people=PEOPLE, teams=1) == (50, 0)
