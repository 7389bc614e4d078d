"""``--log-file``: what was run, when, and how it ended; never what was read, and never a secret.

Lines carry codes and counts only. As a second line of defence the value of every environment variable that looks like
a credential is blotted out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC
from logging.handlers import RotatingFileHandler
from pathlib import Path

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import HuobanPerfError, ProfileError

LOGGER = logging.getLogger("huoban_perf")
LOGGER.propagate = False
LOGGER.addHandler(logging.NullHandler())  # without a file nothing is logged; Python would print errors to the terminal

_MEGABYTE = 1_000_000
_KEPT = 3
_SECRET_ENDINGS = ("KEY", "TOKEN", "TICKET", "SECRET", "PASSWORD")
_SHORTEST = 4
"""A shorter value would blot out ordinary words."""


class _Blotter(logging.Formatter):
    """Formats lines in UTC and blots secrets out."""

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._clock = clock
        named = [value for name, value in environ.items() if name.upper().endswith(_SECRET_ENDINGS)]
        self._secrets = [value for value in named if len(value) >= _SHORTEST]

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without secrets."""
        line = f"{self._clock.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {super().format(record)}"
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def open_log(file: Path, *, environ: Mapping[str, str], command: str, clock: Clock) -> None:
    """Begin to log into a file; it turns over at a megabyte, three old ones are kept.

    Args:
        file: Where; made with mode 0600 when missing.
        environ: Holds the secrets to blot out.
        command: Name of the command; its words may name people and are not logged.
        clock: Gives the lines their time.

    Raises:
        ProfileError: The file cannot be written.
    """
    close_log()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        handler = RotatingFileHandler(file, maxBytes=_MEGABYTE, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        facts = {"file": str(file), "reason": error.strerror or type(error).__name__}
        raise ProfileError("cli.log_unusable", facts=facts) from error
    handler.setFormatter(_Blotter(environ, clock))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.info("run %s", command)


def log_error(error: BaseException) -> None:
    """Log how a command failed: the kind of error, its code, how many problems; no facts, for they may name people.

    Args:
        error: What ended it.
    """
    code = error.code if isinstance(error, HuobanPerfError) else "-"
    count = len(error.problems) if isinstance(error, HuobanPerfError) else 0
    LOGGER.error("%s code=%s problems=%d", type(error).__name__, code, count)


def close_log(*, exit_code: int | None = None) -> None:
    """End the log.

    Args:
        exit_code: How the command ended, or None to say nothing.
    """
    if exit_code is not None:
        LOGGER.info("exit %d", exit_code)
    for handler in list(LOGGER.handlers):
        if not isinstance(handler, logging.NullHandler):
            LOGGER.removeHandler(handler)
            handler.close()
