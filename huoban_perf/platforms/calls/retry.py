"""When a failed attempt is repeated, and after which wait.

| what happened                        | repeated                     |
| ------------------------------------ | ---------------------------- |
| throttled                            | always: nothing was done     |
| no connection came about             | always: nothing was sent     |
| 5xx, cut off or silent after sending | if ``endpoint.safe_to_repeat`` |
| anything else                        | never                        |

The wait a platform asks for beats our own backoff; a wait longer than the limit ends the call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import PlatformError, ThrottledError
from huoban_perf.platforms.calls.errors import NoAnswerError, NotSentError
from huoban_perf.platforms.calls.options import CallOptions

_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Repeatable(Protocol):
    """What is asked of an endpoint, whichever platform's it is."""

    @property
    def name(self) -> str:
        """Our name of it."""
        ...

    @property
    def safe_to_repeat(self) -> bool:
        """Whether an attempt of unknown outcome may be repeated."""
        ...


class RetryPolicy:
    """Runs an attempt until it succeeds, must not be repeated, or has been tried often enough."""

    def __init__(self, *, options: CallOptions, clock: Clock, jitter: Callable[[], float]) -> None:
        """Prepare the two policies.

        Args:
            options: Number of attempts and lengths of waits.
            clock: Waits.
            jitter: Returns a number in [0, 1); spreads the waits of several clients over their second half.
        """
        self._options = options
        self._jitter = jitter
        self._by_safety = {safe: self._retrying(clock, safe_to_repeat=safe) for safe in (True, False)}

    def run(self, endpoint: Repeatable, attempt: Callable[[], _Result]) -> _Result:
        """Return the first success.

        Args:
            endpoint: Says whether an attempt of unknown outcome may be repeated.
            attempt: One attempt.

        Returns:
            What the attempt returned.

        Raises:
            PlatformError: That of the last attempt.
        """
        return self._by_safety[endpoint.safe_to_repeat](attempt)

    def _retrying(self, clock: Clock, *, safe_to_repeat: bool) -> Retrying:
        def repeats(error: BaseException) -> bool:
            return may_repeat(error, safe_to_repeat=safe_to_repeat)

        return Retrying(
            retry=retry_if_exception(repeats),
            stop=self._stops,
            wait=self._wait_s,
            sleep=clock.sleep,
            before_sleep=_log_wait,
            reraise=True,
        )

    def _wait_s(self, state: RetryCallState) -> float:
        hint_s = _hint_s(state)
        if hint_s is not None:
            return hint_s
        backoff_s = min(self._options.backoff_s * 2.0 ** (state.attempt_number - 1), self._options.longest_wait_s)
        return backoff_s * (0.5 + self._jitter() / 2)

    def _stops(self, state: RetryCallState) -> bool:
        hint_s = _hint_s(state)
        return state.attempt_number >= self._options.attempts or (hint_s or 0.0) > self._options.longest_wait_s


def may_repeat(error: BaseException, *, safe_to_repeat: bool) -> bool:
    """Return whether an attempt that ended in an error may be repeated.

    Args:
        error: How it ended.
        safe_to_repeat: What its endpoint says.

    Returns:
        The table at the top of this module.
    """
    if isinstance(error, ThrottledError | NotSentError):
        return True
    return safe_to_repeat and isinstance(error, NoAnswerError)


def _hint_s(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error.retry_after_s if isinstance(error, ThrottledError | NoAnswerError) else None


def _log_wait(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, PlatformError):
        _LOG.info(
            "attempt %d of %s ended in %s; next in %.1f s",
            state.attempt_number,
            error.endpoint,
            error.code,
            state.next_action.sleep if state.next_action is not None else 0.0,
        )
