"""What the sandbox seals the service opens; the scheme is a guess. Source: openapi-v1.md §11.3 [inferred]."""

from __future__ import annotations

import json

import pytest

from huoban_perf.sandbox.cipher import sealed
from huoban_perf.service.decipher import Decipher, sealed_part

KEY = "the key agreed on in 企业后台"


@pytest.mark.parametrize("text", ["", "x", "名" * 5, "a" * 16, "绩效" * 400])
def test_sealed_body_opens_with_the_same_key_only(text: str) -> None:
    body = json.dumps({"event": "item.update", "text": text}, ensure_ascii=False)
    pushed = sealed(body, key=KEY, callback_id=1)
    assert "item.update" not in pushed
    part = sealed_part(pushed.encode())
    assert part is not None
    assert Decipher(KEY).opened(part) == body.encode()
    assert Decipher(KEY + "!").opened(part) is None


def test_two_callbacks_of_one_body_look_different_and_a_repeated_script_the_same() -> None:
    first, second = (sealed("{}", key=KEY, callback_id=number) for number in (1, 2))
    assert first != second
    assert first == sealed("{}", key=KEY, callback_id=1)
