"""Naming: keys and English labels for what a company called in Chinese.

A name that a shipped template knows takes that template's key and English label; every other name is spelt in pinyin.
The same names give the same keys, whatever else stands in the workspace, except that a key already taken gets a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldSpec, OptionSpec, TableSpec

_LONGEST = 40
_FOREIGN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Named:
    """The key and the labels chosen for a name."""

    key: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known of names: by place, then anywhere.

    Attributes:
        within: Key of the enclosing object (empty for tables) → Chinese name → key and labels.
        anywhere: Chinese name → key and labels, of fields and options of any table.
    """

    within: Mapping[str, Mapping[str, Named]] = field(default_factory=dict)
    anywhere: Mapping[str, Named] = field(default_factory=dict)

    @classmethod
    def of(cls, desired: DesiredSchema) -> Vocabulary:
        """Take the names of a template.

        Args:
            desired: The template.

        Returns:
            Its vocabulary.
        """
        within: dict[str, dict[str, Named]] = {}
        anywhere: dict[str, Named] = {}
        parts: list[TableSpec | FieldSpec | OptionSpec] = [*desired.tables, *desired.fields(), *desired.options()]
        for part in parts:
            named = Named(part.address.key, part.labels)
            place = _place(part.address.parent)
            within.setdefault(place, {}).setdefault(part.labels.zh, named)
            if part.address.parent is not None:
                anywhere.setdefault(part.labels.zh, named)
        return cls(within, anywhere)

    def named(self, name: str, *, within: Address | None) -> Named:
        """Return the key and labels of a name.

        Args:
            name: As the workspace shows it.
            within: What encloses it; None for a table.

        Returns:
            The known one, else pinyin.
        """
        known = self.within.get(_place(within), {}).get(name)
        if known is None and within is not None:
            known = self.anywhere.get(name)
        return known or spelt(name)


def spelt(name: str) -> Named:
    """Spell a name in pinyin.

    Args:
        name: The name.

    Returns:
        A key of at most 40 characters, and the same words as its English label.
    """
    from pypinyin import lazy_pinyin  # its dictionaries take a while to load

    words = [word for part in lazy_pinyin(name) for word in _FOREIGN.split(part.lower()) if word]
    key = "_".join(words)
    if len(key) > _LONGEST:
        key = key[: _LONGEST + 1].rpartition("_")[0] or key[:_LONGEST]
    if not key or not key[0].isalpha():
        key = f"n_{key}".rstrip("_")
    english = name if name.isascii() else key.replace("_", " ").capitalize()
    return Named(key, Labels(name, english))


def distinct(chosen: Iterable[Named]) -> list[Named]:
    """Give each object of one place a key and an English label of its own.

    Args:
        chosen: In order; the first to come keeps its key.

    Returns:
        The same, with ``_2``, ``_3`` … where a key or an English label was taken.
    """
    keys: set[str] = set()
    labels: set[str] = set()
    result: list[Named] = []
    for named in chosen:
        key, english = _free(named.key, keys, "_"), _free(named.labels.en, labels, " ")
        keys.add(key)
        labels.add(english)
        result.append(Named(key, Labels(named.labels.zh, english)))
    return result


def _free(word: str, taken: set[str], joint: str) -> str:
    number, free = 1, word
    while free in taken:
        number += 1
        free = f"{word}{joint}{number}"
    return free


def _place(within: Address | None) -> str:
    return "" if within is None else ".".join(within.keys)
