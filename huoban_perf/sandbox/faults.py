"""Faults on demand: chosen per endpoint, after so many requests, so many times. Not durable.

=========================  ==================================================================================
throttle                   answers as if the key were too fast; no effect
http_5xx_envelope          HTTP 500 with an error in the envelope; no effect
html                       an HTML page instead of JSON (a proxy, a wrong address); no effect
cut_connection             the connection ends without an answer; no effect, or after it with ``after_effect``
timeout_after_effect       the effect happens, the answer never comes
partial_batch              only the first ``keep`` entries (default half) of an accepted batch are applied
late_callback              the result of the batch is pushed some requests later
duplicate_callback         … twice
lost_callback              … never
=========================  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Literal, get_args

from huoban_perf.sandbox.world.refusals import ParameterError

FaultKind = Literal[
    "throttle",
    "http_5xx_envelope",
    "timeout_after_effect",
    "partial_batch",
    "late_callback",
    "duplicate_callback",
    "lost_callback",
    "cut_connection",
    "html",
]
_BASE = "/openapi/v1"
"""May stand in a pattern or not."""
_KINDS: dict[str, FaultKind] = {kind: kind for kind in get_args(FaultKind)}
BATCH_FAULTS = frozenset({"partial_batch", "late_callback", "duplicate_callback", "lost_callback"})
CALLBACK_FATES = {"late_callback": "late", "duplicate_callback": "twice", "lost_callback": "lost"}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault waiting to strike.

    Attributes:
        pattern: Path below the base (``/items``), with or without its verb (``PUT /items``); ``*`` matches any text.
        kind: What happens.
        after_requests: Matching requests that pass first.
        times: How often it strikes; None for ever.
        after_effect: For ``cut_connection``: whether the effect happens first.
        keep: For ``partial_batch``: entries applied; None for half.
    """

    pattern: str
    kind: FaultKind
    after_requests: int = 0
    times: int | None = 1
    after_effect: bool = False
    keep: int | None = None

    def matches(self, *, method: str, path: str, is_bulk: bool) -> bool:
        """Return whether a request is one this fault waits for."""
        if self.kind in BATCH_FAULTS and not is_bulk:
            return False
        return fnmatchcase(path, self.pattern) or fnmatchcase(f"{method} {path}", self.pattern)


class FaultBook:
    """The faults that are set."""

    def __init__(self) -> None:
        """Start without any."""
        self._faults: list[Fault] = []
        self._lock = Lock()

    def replace(self, faults: Sequence[Fault]) -> None:
        """Set the faults anew; none ends them."""
        with self._lock:
            self._faults = list(faults)

    def strike(self, *, method: str, path: str, is_bulk: bool) -> Fault | None:
        """Return the fault that strikes this request, and count it; every matching fault counts the request."""
        struck: Fault | None = None
        with self._lock:
            for fault in self._faults:
                if not fault.matches(method=method, path=path, is_bulk=is_bulk) or fault.times == 0:
                    continue
                if fault.after_requests > 0:
                    fault.after_requests -= 1
                elif struck is None:
                    struck = fault
                    fault.times = None if fault.times is None else fault.times - 1
        return struck


def fault_of(entry: Mapping[str, Any]) -> Fault:
    """Return a fault from its JSON form.

    Args:
        entry: ``{endpoint | path, kind, after_requests?, times?, after_effect?, keep?}``.

    Raises:
        ParameterError: The kind or the place is missing or unknown.
    """
    kind = entry.get("kind")
    if kind not in _KINDS:
        raise ParameterError("kind", f"one of {', '.join(_KINDS)}")
    pattern = entry.get("endpoint") or entry.get("path")
    if not isinstance(pattern, str):
        raise ParameterError("endpoint")
    times = entry.get("times", 1)
    keep = entry.get("keep")
    return Fault(
        pattern=pattern.replace(_BASE, "", 1),
        kind=_KINDS[str(kind)],
        after_requests=int(entry.get("after_requests") or 0),
        times=None if times is None else int(times),
        after_effect=bool(entry.get("after_effect")),
        keep=None if keep is None else int(keep),
    )
