"""The audit log: one line an action that changed a result, each chained to the one before by its hash.

A line says who or what acted, on which cycle, under which rules and inputs, and how many rows of which table changed;
it holds no score and no name. A line that says ``begins`` stands before the first row is written, so that nothing
changes unseen even when the process is killed before it can say what it did. Changing, dropping or reordering a line
breaks the chain at that place; cutting the end off shows when the last hash is kept elsewhere (the service reports it
in its health page, the number of lines as a metric).

Whoever is killed while adding a line leaves part of it, without its newline. The next to add a line puts that part
into a file of its own beside the log (``audit.jsonl.torn-…``), cuts it off and says so in a line ``torn line kept``
that names the part's digest; killed in the middle of that, it is finished later. A part of a line was never
acknowledged, so what it tells of had not begun. A whole line that was changed is still found.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem, SyncError

GENESIS = "sha256:" + "0" * 64
TORN = "torn line kept"
"""Action of the line that says that part of a line was put aside."""

AuditFacts = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The end of the chain.

    Attributes:
        lines: How many whole lines.
        hash: Hash of the last; ``GENESIS`` of none.
        torn: Bytes after the last line: part of one that a killed process was adding.
    """

    lines: int
    hash: str
    torn: int = 0


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
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            text = stream.read()
            head, entries = _walk(text, str(self._path))
            if head.torn:
                self._put_aside(text[-head.torn :])
                stream.seek(-head.torn, os.SEEK_END)
                stream.truncate()
            elif not text.endswith(b"\n") and text:
                stream.write(b"\n")  # a whole line that lacks only its newline
            for part in self._unrecorded(entries):
                head = _add(stream, head, TORN, at=at, facts=part)
            head = _add(stream, head, action, at=at, facts=facts)
            stream.flush()
            os.fsync(stream.fileno())
        return head

    def _put_aside(self, part: bytes) -> None:
        """Keep part of a line in a file of its own; the same part makes the same file."""
        file = self._path.with_name(f"{self._path.name}.torn-{hashlib.sha256(part).hexdigest()[:16]}")
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())

    def _unrecorded(self, entries: Sequence[Mapping[str, object]]) -> list[AuditFacts]:
        """Return the parts put aside of which the log does not tell yet: size and digest."""
        told = {entry.get("part") for entry in entries if entry["action"] == TORN}
        found: list[AuditFacts] = []
        for file in sorted(self._path.parent.glob(f"{self._path.name}.torn-*")):
            part = file.read_bytes()
            name = f"sha256:{hashlib.sha256(part).hexdigest()}"
            if name not in told:
                found.append({"part": name, "bytes": len(part)})
        return found

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
        text = self._text()
        head, entries = _walk(text, str(self._path))
        if kept is not None and not _holds(entries, kept):
            facts: dict[str, FactValue] = {"file": str(self._path), "line": kept.lines, "lines": head.lines}
            raise SyncError("sync.audit_cut", facts=facts)
        return head

    def _text(self) -> bytes:
        """Read the file while nobody adds a line."""
        try:
            with self._path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH)
                return stream.read()
        except FileNotFoundError:
            return b""


def _add(stream: BinaryIO, head: AuditHead, action: str, *, at: datetime, facts: AuditFacts) -> AuditHead:
    """Write one line after the end of the chain and return the new end."""
    entry = {"n": head.lines + 1, "at": at.isoformat(timespec="seconds"), "action": action, **dict(facts)}
    entry |= {"before": head.hash}
    chained = entry | {"hash": digest(entry)}
    stream.write(json.dumps(chained, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return AuditHead(lines=head.lines + 1, hash=str(chained["hash"]))


def _holds(entries: Sequence[Mapping[str, object]], kept: AuditHead) -> bool:
    if kept.lines == 0:
        return True
    return kept.lines <= len(entries) and entries[kept.lines - 1]["hash"] == kept.hash


def _walk(text: bytes, file: str) -> tuple[AuditHead, list[Mapping[str, object]]]:
    """Return the end of the chain and its entries; SyncError names the first line that does not fit."""
    *lines, part = text.split(b"\n")
    before, entries = GENESIS, []
    for number, line in enumerate(lines, start=1):
        entry = _entry(line, before, number)
        if entry is None:
            problem = Problem(code="sync.audit_line", file=file, line=number)
            raise SyncError("sync.audit_broken", facts={"file": file, "line": number}, problems=[problem])
        entries.append(entry)
        before = str(entry["hash"])
    if (last := _entry(part, before, len(entries) + 1)) is not None:
        return AuditHead(lines=len(entries) + 1, hash=str(last["hash"])), [*entries, last]
    return AuditHead(lines=len(entries), hash=before, torn=len(part)), entries


def _entry(line: bytes, before: str, number: int) -> Mapping[str, object] | None:
    """Return a line that follows from the one before, else None."""
    try:
        entry = json.loads(line)
        said = entry.pop("hash")
        sound = entry["before"] == before and entry["n"] == number and digest(entry) == said
        return entry | {"hash": said} if sound and isinstance(entry["action"], str) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
