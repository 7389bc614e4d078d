"""The state's file: atomic writes, a serial, a digest against editing by hand, an owner, upgrades.

The file is written under a temporary name, flushed to disk and renamed, so a kill leaves either the old or the new one.
While a run holds the lock its further saves are lines of the journal (``journal.py``).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from huoban_perf.core.addresses import Address
from huoban_perf.core.clock import Clock
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import StateError, StateFormatError, StateSerialError
from huoban_perf.deploy.journal import append, flush_folder, journal_path, replay
from huoban_perf.deploy.lock import LockOwner, hold, unusable
from huoban_perf.deploy.state import STATE_FORMAT, StateFile, StateObject, StateOwner

Raw = dict[str, Any]
Upgrade = Callable[[Raw], Raw]
Inherited = Callable[[], Mapping[Address, StateObject]]
_Trace = tuple[tuple[int, int, int] | None, ...]

UPGRADES: Mapping[int, Upgrade] = {}
"""Form n → the step that makes it form n + 1."""


class StateStore:
    """One state file."""

    def __init__(self, path: Path, *, host: str | None = None, inherited: Inherited | None = None) -> None:
        """Point at a file; nothing is read or made yet.

        Args:
            path: The file, for example ``.huoban_perf/state/performance.4000000000000001.json``.
            host: Name of this machine; None asks the system.
            inherited: Says what a state that was never saved begins with: what a smaller app left behind.
        """
        self._inherited = inherited
        self.path = path
        self._host = platform.node() if host is None else host
        self._held = False
        self._text = StateText()
        self._written: tuple[_Trace, StateFile] | None = None

    @property
    def lock_path(self) -> Path:
        """The lock's file, beside the state."""
        return self.path.with_name(self.path.name + ".lock")

    def load(self, owner: StateOwner) -> StateFile:
        """Read the state, or return a fresh one when there is no file.

        Args:
            owner: App, platform and workspace that are worked on.

        Returns:
            The state.

        Raises:
            StateFormatError: The file is damaged, was edited by hand, or is of another version.
            StateError: It cannot be read, or belongs to another app, platform or workspace.
        """
        raw = self._read()
        if raw is None:
            fresh = StateFile.fresh(owner)
            return fresh if self._inherited is None else fresh.with_objects(self._inherited())
        try:
            state = StateFile.model_validate_json(json.dumps(upgraded(raw, file=str(self.path))))
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
            raise StateFormatError("state.damaged", facts={"file": str(self.path), "place": place}) from error
        found, expected = (state.app, state.platform, state.workspace), (owner.app, owner.platform, owner.workspace)
        if found != expected:
            facts = {"file": str(self.path), "found": " / ".join(found), "expected": " / ".join(expected)}
            raise StateError("state.other_owner", facts=facts)
        return state

    def save(self, state: StateFile, *, clock: Clock) -> StateFile:
        """Save the state with the next serial: the whole file, or a line of the journal while the lock is held.

        Args:
            state: The state as loaded or last saved, with its changes.
            clock: Gives a new history its identity.

        Returns:
            The state as it now stands in the file.

        Raises:
            StateSerialError: The file moved since the state was loaded.
            StateLockedError: Another run holds the lock.
            StateFormatError: The file in place is damaged or was edited by hand.
            StateError: The file cannot be written.
        """
        is_one_of_many = self._held
        with nullcontext() if is_one_of_many else self.locked(clock=clock):
            serial, lineage = self._standing()
            if (serial, lineage) != (state.serial, state.lineage):
                raise StateSerialError(
                    "state.moved", facts={"file": str(self.path), "expected": state.serial, "found": str(serial)}
                )
            born = digest([state.app, state.platform, state.workspace, clock.now().isoformat()])
            saved = state.model_copy(update={"serial": state.serial + 1, "lineage": state.lineage or born[7:23]})
            try:
                if is_one_of_many and self._written is not None and self._written[0] == _trace(self.path):
                    append(self.path, self._written[1], saved)
                    self._written = (_trace(self.path), saved)
                else:
                    self._write(saved)
            except OSError as error:
                raise unusable(self.path, error) from error
        return saved

    def _standing(self) -> tuple[object, object]:
        """Serial and lineage in the file; what we wrote ourselves and nobody touched is not read again."""
        if self._written is not None and self._written[0] == _trace(self.path):
            return self._written[1].serial, self._written[1].lineage
        raw = self._read()
        return (0, "") if raw is None else (raw.get("serial"), raw.get("lineage"))

    @contextmanager
    def locked(self, *, clock: Clock) -> Iterator[LockOwner | None]:
        """Hold the lock for the length of a block.

        Args:
            clock: States when it was taken and how old another's is.

        Yields:
            Whose lock was found abandoned and taken over, or None.

        Raises:
            StateLockedError: Another process holds it, or a run on another machine left it behind.
            StateError: The lock's file cannot be made or locked.
        """
        with hold(self.lock_path, host=self._host, clock=clock) as left_behind:
            self._held = True
            try:
                yield left_behind
            finally:
                self._held = False
                self._close_journal()

    def _close_journal(self) -> None:
        """Write the file whole when the journal holds lines of this run."""
        if self._written is None or self._written[0] != _trace(self.path) or not journal_path(self.path).exists():
            return
        try:
            self._write(self._written[1])
        except OSError as error:
            raise unusable(self.path, error) from error

    def _read(self) -> Raw | None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(self.path, error) from error
        except UnicodeDecodeError as error:
            raise StateFormatError("state.damaged", facts={"file": str(self.path), "place": "UTF-8"}) from error
        try:
            raw = json.loads(text)
        except ValueError as error:
            place = str(getattr(error, "lineno", "?"))
            raise StateFormatError("state.damaged", facts={"file": str(self.path), "place": place}) from error
        if not isinstance(raw, dict):
            raise StateFormatError("state.damaged", facts={"file": str(self.path), "place": "1"})
        stated = raw.pop("digest", None)
        if stated != _digest(raw):
            raise StateFormatError("state.edited", facts={"file": str(self.path)})
        try:
            return replay(self.path, raw)
        except OSError as error:
            raise unusable(journal_path(self.path), error) from error

    def _write(self, state: StateFile) -> None:
        temporary = self.path.with_name(self.path.name + ".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(self._text.of(state))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.path)
        journal_path(self.path).unlink(missing_ok=True)
        self._written = (_trace(self.path), state)
        flush_folder(self.path.parent)


def _trace(path: Path) -> _Trace:
    """What changes whenever the file or its journal is written or replaced; None where there is no such file."""
    return tuple(_stamp(file) for file in (path, journal_path(path)))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class StateText:
    """Writes states as text; an object that has not changed since is not put into words again."""

    def __init__(self) -> None:
        """Start without memory."""
        self._known: dict[Address, tuple[StateObject, str, str]] = {}

    def of(self, state: StateFile) -> str:
        """Return the file's text: sorted keys, one object a line, with the digest of everything else.

        Args:
            state: The state.

        Returns:
            JSON text.
        """
        self._known = {address: self._object(address, known) for address, known in state.objects.items()}
        by_key = sorted((str(address), texts) for address, texts in self._known.items())
        head = state.model_dump(mode="json", exclude={"objects"})
        compact = ",".join(f"{_compact(key)}:{texts[2]}" for key, texts in by_key)
        parts = sorted([(key, _compact(value)) for key, value in head.items()] + [("objects", f"{{{compact}}}")])
        content = "{" + ",".join(f"{_compact(key)}:{text}" for key, text in parts) + "}"
        lines = [f"{json.dumps(key)}: {texts[1]}" for key, texts in by_key]
        body = "{\n    " + ",\n    ".join(lines) + "\n  }" if lines else "{}"
        pairs = sorted(
            [
                *((key, _json(value)) for key, value in head.items()),
                ("objects", body),
                ("digest", _json(_hash(content))),
            ]
        )
        return "{\n" + ",\n".join(f'  "{key}": {value}' for key, value in pairs) + "\n}\n"

    def _object(self, address: Address, known: StateObject) -> tuple[StateObject, str, str]:
        before = self._known.get(address)
        if before is not None and before[0] is known:
            return before
        raw = known.model_dump(mode="json")
        return known, _json(raw), _compact(raw)


def state_text(state: StateFile) -> str:
    """Return the file's text of one state; see ``StateText``.

    Args:
        state: The state.

    Returns:
        JSON text.
    """
    return StateText().of(state)


def upgraded(raw: Raw, *, file: str, upgrades: Mapping[int, Upgrade] = UPGRADES, current: int = STATE_FORMAT) -> Raw:
    """Bring a state of an older form to the present one, step by step.

    Args:
        raw: The file's content without its digest.
        file: Path, for the message.
        upgrades: Form n → step to form n + 1.
        current: The present form.

    Returns:
        The content in the present form.

    Raises:
        StateFormatError: The file is of a newer version, or no way leads up from it.
    """
    while raw.get("format") != current:
        form = raw.get("format")
        if not isinstance(form, int) or form not in upgrades:
            raise StateFormatError("state.format", facts={"file": file, "found": str(form), "expected": current})
        raw = {**upgrades[form](raw), "format": form + 1}
    return raw


def state_path(folder: Path, owner: StateOwner) -> Path:
    """Return where the state of an owner is kept inside a folder.

    Args:
        folder: The profile's state folder.
        owner: App, platform and workspace.

    Returns:
        ``<folder>/<app>.<platform>.<workspace>.json``.
    """
    return folder / f"{owner.app}.{owner.platform}.{owner.workspace}.json"


def _digest(raw: Raw) -> str:
    """``core.digest`` of content that is plain JSON already, without walking it in Python."""
    return _hash(_compact(raw))


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
