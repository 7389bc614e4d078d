"""The audit log: one line an action that changed a result, each chained to the one before by its hash.

A line says who or what acted, on which cycle, under which rules and inputs, and how many rows of which table changed;
it holds no score and no name. A line that says ``begins`` stands before the first row is written, so that nothing
changes unseen even when the process is killed before it can say what it did. Changing, dropping or reordering a line
breaks the chain at that place; cutting the end off shows when the last hash is kept elsewhere (the service reports it
in its health page, the number of lines as a metric).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem, SyncError

GENESIS = "sha256:" + "0" * 64

AuditFacts = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The end of the chain: how many lines, and the hash of the last."""

    lines: int
    hash: str


class AuditLog:
    """A file of chained lines, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made on first use."""
        self._path = path

    def append(self, action: str, *, at: datetime, facts: AuditFacts) -> AuditHead:
        """Add one line; several processes may do so at once.

        Args:
            action: What was done, for example ``job run score``.
            at: When, aware.
            facts: Cycle, run, hashes, counts. Never a score, a grade, an amount or a name.

        Returns:
            The new end of the chain.

        Raises:
            SyncError: The chain is broken; nothing was added.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            head = _walk(stream.read(), str(self._path))
            entry = {"n": head.lines + 1, "at": at.isoformat(timespec="seconds"), "action": action, **dict(facts)}
            entry |= {"before": head.hash}
            chained = entry | {"hash": digest(entry)}
            stream.write(json.dumps(chained, ensure_ascii=False, sort_keys=True) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        return AuditHead(lines=head.lines + 1, hash=str(chained["hash"]))

    def begin(self, action: str, *, at: datetime, facts: AuditFacts) -> AuditHead:
        """Add the line that stands before the first row of an action; raises what ``append`` does."""
        return self.append(f"{action} begins", at=at, facts=facts)

    def check(self, *, kept: AuditHead | None = None) -> AuditHead:
        """Walk the chain.

        Args:
            kept: An end that was noted elsewhere earlier; the chain must still hold it.

        Returns:
            Its end; no lines when there is no file.

        Raises:
            SyncError: A line was changed, dropped, added or moved; names the first. Or the chain does not hold
                ``kept``: its end was cut off, or it was written anew.
        """
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        head = _walk(text, str(self._path))
        if kept is not None and not _holds(text, kept):
            facts: dict[str, FactValue] = {"file": str(self._path), "line": kept.lines, "lines": head.lines}
            raise SyncError("sync.audit_cut", facts=facts)
        return head


def _holds(text: str, kept: AuditHead) -> bool:
    lines = text.splitlines()
    if kept.lines == 0:
        return True
    return kept.lines <= len(lines) and json.loads(lines[kept.lines - 1])["hash"] == kept.hash


def _walk(text: str, file: str) -> AuditHead:
    before = GENESIS
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            said = entry.pop("hash")
            sound = entry["before"] == before and entry["n"] == number and digest(entry) == said
        except (ValueError, KeyError, TypeError, AttributeError):
            sound, said = False, ""
        if not sound:
            problem = Problem(code="sync.audit_line", file=file, line=number)
            raise SyncError("sync.audit_broken", facts={"file": file, "line": number}, problems=[problem])
        before = said
    return AuditHead(lines=len(lines), hash=before)
