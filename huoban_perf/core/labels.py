"""Names in the two languages users read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Locale = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Labels:
    """One name in Chinese and English; the profile's locale picks which one is deployed."""

    zh: str
    en: str

    def in_locale(self, locale: Locale) -> str:
        """Return the label in the asked language.

        Args:
            locale: ``zh`` or ``en``.

        Returns:
            The label text.
        """
        return self.zh if locale == "zh" else self.en
