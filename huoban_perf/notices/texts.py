"""Texts: one line a notice in Chinese or English, from ``texts.yaml`` and from the declared automations."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from huoban_perf.core.errors import FactValue, NoticeError
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.notices import Notice


@cache
def shipped_texts() -> Mapping[str, Labels]:
    """Return the texts that come with the package, by event."""
    content = yaml.safe_load(files("huoban_perf.notices").joinpath("texts.yaml").read_text(encoding="utf-8"))
    return {event: Labels(entry["zh"], entry["en"]) for event, entry in content.items()}


class TextBook:
    """Every text by event, in one language."""

    def __init__(self, *, locale: Locale, more: Mapping[str, Labels] | None = None) -> None:
        """Take the shipped texts and others beside them.

        Args:
            locale: Language of everything that is sent.
            more: Event → text, for example of declared automations; wins over a shipped text of the same event.
        """
        self._texts = {**shipped_texts(), **(more or {})}
        self._locale = locale

    def line(self, notice: Notice) -> str:
        """Return a notice as one line, its link behind it; an automation brings its own ``text_zh``, ``text_en``.

        Args:
            notice: The notice.

        Returns:
            The line.

        Raises:
            NoticeError: The event has no text, or a placeholder has no fact.
        """
        own = notice.facts.get(f"text_{self._locale}")
        line = " ".join(str(own).split()) if own else self.words(notice.event, notice.facts)
        return f"{line} {notice.link}" if notice.link else line

    def words(self, event: str, facts: Mapping[str, FactValue]) -> str:
        """Return a text with its facts filled in.

        Args:
            event: Which text.
            facts: Values of the placeholders.

        Returns:
            The text, on one line.

        Raises:
            NoticeError: The event has no text, or a placeholder has no fact.
        """
        labels = self._texts.get(event)
        if labels is None:
            raise NoticeError("notices.no_text", facts={"event": event})
        text = labels.in_locale(self._locale)
        missing = tuple(name for _, name, _, _ in string.Formatter().parse(text) if name and name not in facts)
        if missing:
            raise NoticeError("notices.missing_fact", facts={"event": event, "facts": missing})
        values = {name: "、".join(value) if isinstance(value, tuple) else value for name, value in facts.items()}
        return " ".join(text.format(**values).split())
