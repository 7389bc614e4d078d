"""Exit codes: one table for every command, stable and documented in README.

Source: design.md §7, cli.md.
"""

from __future__ import annotations

from enum import IntEnum

from huoban_perf.core.errors import (
    AccessError,
    AutomationError,
    BadCellError,
    ConflictError,
    CycleError,
    HuobanPerfError,
    LeaseLostError,
    NotFoundError,
    NoticeError,
    PinnedRulesError,
    PlanError,
    ProfileError,
    ScoringError,
    SealedCycleError,
    ServiceError,
    StalePlanError,
    StateError,
    StateLockedError,
    StateSerialError,
    SyncError,
    TemplateError,
    UnconfirmedWriteError,
    UnfinishedApplyError,
    UnsafePlanError,
)


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    ERROR = 1
    DIFFERENCES = 2
    NO_ACCESS = 3
    INVALID = 4
    PARTLY_DONE = 5
    REFUSED = 6
    MANUAL_STEPS = 7
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[HuobanPerfError], Exit], ...] = (
    (AccessError, Exit.NO_ACCESS),
    (UnsafePlanError, Exit.REFUSED),
    (StalePlanError, Exit.REFUSED),
    (ConflictError, Exit.REFUSED),
    (PinnedRulesError, Exit.REFUSED),
    (SealedCycleError, Exit.REFUSED),
    (StateLockedError, Exit.REFUSED),
    (StateSerialError, Exit.REFUSED),
    (UnconfirmedWriteError, Exit.PARTLY_DONE),
    (UnfinishedApplyError, Exit.PARTLY_DONE),
    (LeaseLostError, Exit.PARTLY_DONE),
    (CycleError, Exit.INVALID),
    (AutomationError, Exit.INVALID),
    (NoticeError, Exit.INVALID),
    (ServiceError, Exit.INVALID),
    (NotFoundError, Exit.INVALID),
    (BadCellError, Exit.INVALID),
    (TemplateError, Exit.INVALID),
    (ProfileError, Exit.INVALID),
    (ScoringError, Exit.INVALID),
    (SyncError, Exit.INVALID),
    (PlanError, Exit.INVALID),
    (StateError, Exit.INVALID),
)


def exit_of(error: HuobanPerfError) -> Exit:
    """Return the exit code of an error.

    Args:
        error: Any error of ours.

    Returns:
        The first matching row of the table; ERROR when none matches.
    """
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return Exit.ERROR
