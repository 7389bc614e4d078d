"""Likeness of names: equal but for spaces, full-width letters, case, punctuation or the order of words.

Only ever a proposal that a person confirms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from huoban_perf.deploy.pairing import Pair, Pairing
from huoban_perf.deploy.world import Live


def alike_pairs(pairing: Pairing) -> Iterator[tuple[Pair, Live]]:
    """Yield pairs of like names: a declared object that stands nowhere, and an unclaimed one in the same place.

    Args:
        pairing: Which object is which.

    Yields:
        The two; an object may come several times.
    """
    for address, pair in pairing.pairs.items():
        if pair.live is None:
            for live in pairing.unclaimed.get(address.parent, ()):
                if any(is_like(live.name, name) for name in (pair.spec.labels.zh, pair.spec.labels.en)):
                    yield pair, live


def is_like(one: str, other: str) -> bool:
    """Return whether two names differ only in spaces, width, case, punctuation or the order of their parts.

    Args:
        one: A name.
        other: Another.

    Returns:
        True when they hold the same letters; False when either has none.
    """
    letters = _letters(one)
    return bool(letters) and letters == _letters(other)


def _letters(name: str) -> list[str]:
    return sorted(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
