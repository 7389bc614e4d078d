"""When a cell already holds what is wanted: equality of neutral values."""

from __future__ import annotations

from datetime import datetime

from huoban_perf.core.values import Value


def is_empty(value: Value) -> bool:
    """Return whether a neutral value stands for an empty cell."""
    return value is None or value in ("", ())


def equal(standing: Value, wanted: Value) -> bool:
    """Return whether a cell already holds the wanted value.

    Args:
        standing: Value as read.
        wanted: Value as it should be.

    Returns:
        True for equal numbers whatever their trailing zeros, equal moments to the second, equal sets of choices or
        relations whatever their order, and any two forms of empty; a switch that is off equals an empty one, because
        to people both are a box without a tick and some platforms hold no third state.
    """
    if is_empty(standing) or is_empty(wanted):
        return _is_unticked(standing) and _is_unticked(wanted)
    if isinstance(standing, tuple) and isinstance(wanted, tuple):
        return sorted(standing) == sorted(wanted)
    if isinstance(standing, datetime) and isinstance(wanted, datetime):
        return standing.replace(microsecond=0) == wanted.replace(microsecond=0)
    return standing == wanted


def _is_unticked(value: Value) -> bool:
    return value is False or is_empty(value)
