"""Likeness of names: equal but for spaces, full-width letters, case, punctuation or the order of words.

Only ever a proposal that a person confirms.
"""

from __future__ import annotations

import unicodedata


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
