"""The state's journal: what a run has saved since the state's file was last written whole, one line a save.

A deployment of a thousand objects saves a thousand times; writing the whole file each time would cost more than the
deployment. So a save under the lock appends one line and flushes it; when the lock is given back, the file is written
whole and the journal removed. Whoever loads after a kill reads both. A last line that the kill cut off was never
reported as saved and counts for nothing; lines that the file already holds (a kill between writing it and removing the
journal) are passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from huoban_perf.core.errors import StateFormatError
from huoban_perf.deploy.state import StateFile

Raw = dict[str, Any]


def journal_path(state: Path) -> Path:
    """Return the journal's file, beside the state's."""
    return state.with_name(state.name + ".journal")


def append(state: Path, before: StateFile, after: StateFile) -> None:
    """Append what one save changed, flushed to disk.

    Args:
        state: The state's file.
        before: The state as last saved.
        after: The state to save.

    Raises:
        OSError: The journal cannot be written.
    """
    changed = _changed(before, after)
    entry = {"head": after.model_dump(mode="json", exclude={"objects"}), "objects": changed}
    path = journal_path(state)
    is_new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(_compact({"digest": _digest(entry), "entry": entry}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        flush_folder(state.parent)


def _changed(before: StateFile, after: StateFile) -> dict[str, Raw | None]:
    """Return address → what became of it (None: forgotten) for everything that is not as before.

    A save mostly adds one object at the end of a thousand others, so what both begin with is passed over unhashed.
    """
    pairs = zip(before.objects.items(), after.objects.items(), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0][0] is pair[1][0] and pair[0][1] is pair[1][1], pairs))
    old, new = (dict(islice(one.objects.items(), same, None)) for one in (before, after))
    changed: dict[str, Raw | None] = {
        str(address): known.model_dump(mode="json") for address, known in new.items() if old.get(address) is not known
    }
    return changed | {str(address): None for address in old.keys() - new.keys()}


def replay(state: Path, raw: Raw) -> Raw:
    """Return the file's content with what the journal adds to it.

    Args:
        state: The state's file.
        raw: Its content, without the digest.

    Returns:
        The content as last saved.

    Raises:
        StateFormatError: A line before the last is damaged or one is missing.
        OSError: The journal cannot be read.
    """
    path = journal_path(state)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return raw
    objects = dict(raw.get("objects", {}))
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last line break was cut off
        entry = _entry(line)
        serial = -1 if entry is None else entry["head"]["serial"]
        if entry is None or serial > raw["serial"] + 1:
            raise StateFormatError("state.damaged", facts={"file": str(path), "place": str(number)})
        if serial == raw["serial"] + 1:
            objects.update(entry["objects"])
            raw = {**entry["head"], "objects": {key: known for key, known in objects.items() if known is not None}}
    return raw


def flush_folder(folder: Path) -> None:
    """Make a new or replaced name in a folder outlast a power cut.

    Args:
        folder: The folder.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entry(line: bytes) -> Raw | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("digest") != _digest(found.get("entry")):
        return None
    entry = found["entry"]
    return entry if isinstance(entry, dict) else None


def _digest(entry: object) -> str:
    return hashlib.sha256(_compact(entry).encode()).hexdigest()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
