"""The lock beside the state: one run at a time, and what a dead run left behind is recognised and named.

It is an advisory lock of the operating system on ``<state>.lock``: it ends with its process, however that ends. The
owner's name stands in the file as text, and is wiped on a proper release: text without a lock was left by a process
that died. That can be known on the same machine only; a lock left on another one is a matter for a person.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import StateError, StateLockedError

_LONGEST = 4096
"""No lock text is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOwner:
    """Who holds, or left behind, a lock.

    Attributes:
        pid: Process id.
        host: Machine.
        user: Who ran it, or ``?``.
        since: When it was taken, or None when the text does not say.
    """

    pid: int
    host: str
    user: str = "?"
    since: datetime | None

    def text(self) -> str:
        """Return the form kept in the lock file."""
        since = None if self.since is None else self.since.isoformat()
        return json.dumps({"pid": self.pid, "host": self.host, "user": self.user, "since": since})

    @classmethod
    def parse(cls, text: str) -> LockOwner | None:
        """Read the form kept in the lock file.

        Args:
            text: Content of the file.

        Returns:
            The owner, or None when nobody is named.
        """
        try:
            raw = json.loads(text)
            since = None if raw["since"] is None else datetime.fromisoformat(raw["since"])
            return cls(pid=int(raw["pid"]), host=str(raw["host"]), user=str(raw.get("user", "?")), since=since)
        except (ValueError, KeyError, TypeError):
            return None

    def age_s(self, now: datetime) -> int:
        """Return how long the lock has stood, in seconds; 0 when unknown.

        Args:
            now: The present moment, aware.

        Returns:
            Whole seconds.
        """
        return 0 if self.since is None else max(0, int((now - self.since).total_seconds()))


@contextmanager
def hold(path: Path, *, host: str, clock: Clock) -> Iterator[LockOwner | None]:
    """Hold a lock for the length of a block.

    Args:
        path: Its file; made with its folder when missing.
        host: This machine.
        clock: States when it was taken and how old another's is.

    Yields:
        Whose lock was found abandoned and taken over, or None.

    Raises:
        StateLockedError: Another process holds it, or a run on another machine left it behind.
        StateError: The file cannot be made or locked.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        holder = _named(handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _refusal("state.locked", path, holder, clock) from error
        except OSError as error:  # a file system without locks
            raise unusable(path, error) from error
        left_behind = _named(handle)  # whoever held it a moment ago may have released it since
        if left_behind is not None and left_behind.host != host:
            raise _refusal("state.locked_elsewhere", path, left_behind, clock)
        os.ftruncate(handle, 0)
        owner = LockOwner(pid=os.getpid(), host=host, user=_user(), since=clock.now())
        os.pwrite(handle, owner.text().encode(), 0)
        try:
            yield left_behind
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def unusable(path: Path, error: OSError) -> StateError:
    """Return the error of a file that cannot be read, written or locked.

    Args:
        path: The file.
        error: What the system said.

    Returns:
        The error, with the system's reason.
    """
    return StateError("state.unusable", facts={"file": str(path), "reason": error.strerror or type(error).__name__})


def _user() -> str:
    """Name of the account we run under; an account without a name is ``?``."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "?"


def _named(handle: int) -> LockOwner | None:
    return LockOwner.parse(os.pread(handle, _LONGEST, 0).decode(errors="replace"))


def _refusal(code: str, path: Path, owner: LockOwner | None, clock: Clock) -> StateLockedError:
    known = owner or LockOwner(pid=0, host="?", since=None)
    return StateLockedError(
        code,
        facts={
            "file": str(path),
            "pid": known.pid,
            "host": known.host,
            "user": known.user,
            "age_s": known.age_s(clock.now()),
        },
    )
