"""The declaration of inputs follows the written table of files."""

from __future__ import annotations

import pytest

from huoban_perf.scoring.columns import FRAMES, Logical
from huoban_perf.scoring.reading import typed_name


def test_frames_are_declared_once_in_both_languages() -> None:
    assert len({frame.zh for frame in FRAMES.values()}) == len(FRAMES) == 21
    for frame in FRAMES.values():
        assert len({column.name for column in frame.columns}) == len(frame.columns)
        assert len({column.zh for column in frame.columns}) == len(frame.columns)
        assert set(frame.key) <= {column.name for column in frame.columns}


def test_words_decimals_and_units_are_declared() -> None:
    items = FRAMES["items"]
    assert items.column("weight").logical is Logical.DECIMAL
    assert items.column("weight").unit == "weight"
    assert typed_name(items.column("from")) == "valid_from"
    assert items.column("kind").words == {"person": "个人", "department": "部门"}
    with pytest.raises(KeyError):
        items.column("nothing")


def test_hr_only_frames_are_marked() -> None:
    assert {name for name, frame in FRAMES.items() if frame.sensitive} == {"pay", "pools", "fairness"}
