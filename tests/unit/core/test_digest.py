from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from huoban_perf.core.digest import canonical_json, digest
from huoban_perf.core.labels import Labels


def test_key_order_does_not_change_the_digest() -> None:
    assert digest({"a": 1, "b": Decimal("1.50")}) == digest({"b": Decimal("1.5"), "a": 1})


def test_every_supported_kind_has_one_text() -> None:
    content = {"s": {"b", "a"}, "d": date(2026, 1, 2), "n": None, "t": (True, "x"), "l": Labels("中", "en")}
    assert canonical_json(content) == (
        '{"d":"2026-01-02","l":{"en":"en","zh":"中"},"n":null,"s":["a","b"],"t":[true,"x"]}'
    )


def test_binary_float_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        canonical_json({"score": 0.1})
