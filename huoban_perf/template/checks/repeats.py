"""Lists whose entries people must be able to tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from huoban_perf.core.errors import Problem
from huoban_perf.template.load import Source
from huoban_perf.template.text_model import Text

_Model = TypeVar("_Model", bound=Text)


def repeated_entries(
    source: Source[_Model], path: tuple[str | int, ...], entries: Sequence[tuple[str, ...]]
) -> Iterator[Problem]:
    """Yield a problem for every key or text that stands twice in a list.

    Args:
        source: The file.
        path: Where the list stands.
        entries: Of each entry the names that must differ, in the same order: key, Chinese text, English text.

    Yields:
        One problem at each entry that repeats an earlier one.
    """
    for index, entry in enumerate(entries):
        earlier = entries[:index]
        twice = [word for place, word in enumerate(entry) if any(word == other[place] for other in earlier)]
        if twice:
            yield source.problem("template.repeated_entry", *path, index, entry=twice[0])
