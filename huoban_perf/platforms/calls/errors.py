"""Silence, told apart by whether anything was sent."""

from __future__ import annotations

from huoban_perf.core.errors import UnreachableError


class NotSentError(UnreachableError):
    """No connection came about, so nothing was sent and a repeat is always safe."""


class NoAnswerError(UnreachableError):
    """The request went out and no usable answer came back: the effect of a write is unknown.

    Attributes:
        retry_after_s: Seconds the platform asked us to wait, or None.
    """

    retry_after_s: float | None = None
