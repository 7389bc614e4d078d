"""Who requests speak for: the headers that carry a secret, and how secrets stay out of everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from huoban_perf.core.errors import AccessError

HIDDEN = "***"
"""Stands where a secret stood."""


class Speaker(Protocol):
    """Whoever a transport speaks for."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers of one request."""
        ...

    def scrub(self, text: str) -> str:
        """Return a text of the platform without our secrets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretHeader:
    """One header whose value is secret, for example ``Bearer`` and a token."""

    name: str
    secret: SecretStr
    prefix: str = ""


def _none() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identity on one plane.

    Attributes:
        secrets: Headers whose values are secret; ``repr`` shows none.
        plain: Called for each request: headers that are not secret.
    """

    secrets: tuple[SecretHeader, ...]
    plain: Callable[[], Mapping[str, str]] = field(default=_none, repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers of one request."""
        secret = {header.name: header.prefix + header.secret.get_secret_value() for header in self.secrets}
        return {**self.plain(), **secret}

    def scrub(self, text: str) -> str:
        """Return a text of the platform without our secrets."""
        for header in self.secrets:
            text = text.replace(header.secret.get_secret_value(), HIDDEN)
        return text


def checked_key(key: str, *, bad: str = "platform.bad_key") -> SecretStr:
    """Return a key, ticket or token without surrounding space.

    Args:
        key: As it was found.
        bad: Message id for one that cannot stand in a header.

    Returns:
        The key, printable ASCII without spaces.

    Raises:
        AccessError: It is empty, or has characters that cannot stand in a header; never shows it.

    Source: openapi-v1.md §1 [doc for the header, code for the characters].
    """
    text = key.strip()
    if not text:
        raise AccessError("platform.no_key")
    if not all("!" <= character <= "~" for character in text):
        raise AccessError(bad)
    return SecretStr(text)
