"""What every command starts from: language, profile, and the site it connects to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import click

from huoban_perf.core.clock import Clock, SystemClock
from huoban_perf.core.labels import Locale
from huoban_perf.profile import Profile, Site, connect, load_profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options given before the command's name.

    Attributes:
        environ: The environment.
        locale: Language of messages.
        profile_name: The profile asked for, or None.
        clock: The machine's clock.
        asks: Whether a person can be asked: there is a terminal, and ``--no-input`` was not given.
    """

    environ: Mapping[str, str]
    locale: Locale
    profile_name: str | None
    clock: Clock
    asks: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str], *, lang: str | None, profile: str | None, asks: bool = False) -> Settings:
        """Combine options and environment.

        Args:
            environ: The environment.
            lang: ``--lang``, or None.
            profile: ``--profile``, or None.
            asks: Whether a person can be asked.

        Returns:
            The settings.
        """
        return cls(
            environ=environ, locale=language(lang, environ), profile_name=profile, clock=SystemClock(), asks=asks
        )

    def profile(self) -> Profile:
        """Return the checked profile; ProfileError when there is none of that name."""
        return load_profile(self.profile_name, environ=self.environ)

    def of_profile(self, name: str) -> Settings:
        """Return the same settings for another profile."""
        return replace(self, profile_name=name)

    @contextmanager
    def site(self, profile: Profile | None = None, *, create: bool = False, may_lack: bool = False) -> Iterator[Site]:
        """Connect to the profile's workspace for the length of a command."""
        with connect(
            profile or self.profile(), clock=self.clock, environ=self.environ, create=create, may_lack=may_lack
        ) as site:
            yield site


def language(given: str | None, environ: Mapping[str, str]) -> Locale:
    """Return the language of messages: the option, else HUOBAN_PERF_LANG, else Chinese.

    Args:
        given: The option's value, or None.
        environ: The environment.

    Returns:
        ``zh`` or ``en``.
    """
    return "en" if (given or environ.get("HUOBAN_PERF_LANG", "zh")).lower().startswith("en") else "zh"


pass_settings = click.make_pass_decorator(Settings)
"""Hands the settings to a command as its first argument."""
