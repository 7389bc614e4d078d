"""Which captured automations stand on a workspace: their ids, what was posted, and who opened the editor.

Kept beside the state, one file a workspace; written like it: a temporary file, then a rename.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from huoban_perf.core.clock import Clock
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import StateError, StateFormatError


class KnownAutomation(BaseModel):
    """One captured automation on one workspace.

    Attributes:
        automation_id: Platform id.
        content: Digest of the document that was captured or posted.
        at: When.
        confirmed_by: Who opened it in the editor and saw it whole; None until somebody did.
        confirmed_at: When.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    automation_id: str
    content: str
    at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    workspace: str
    automations: dict[str, KnownAutomation] = {}


class CaptureRegister:
    """The register of one workspace."""

    def __init__(self, folder: Path, *, workspace: str) -> None:
        """Point at the file; nothing is read yet.

        Args:
            folder: The profile's state folder.
            workspace: Id of the workspace.
        """
        self.path = folder / f"automations.{workspace}.json"
        self._workspace = workspace

    def known(self) -> dict[str, KnownAutomation]:
        """Return key → what is known.

        Raises:
            StateFormatError: The file is damaged, or of another version or workspace.
            StateError: It cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            facts = {"file": str(self.path), "reason": type(error).__name__}
            raise StateError("state.unusable", facts=facts) from error
        try:
            file = _File.model_validate_json(text)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
            raise StateFormatError(
                "capture.register_damaged", facts={"file": str(self.path), "place": place or "1"}
            ) from error
        if file.workspace != self._workspace:
            raise StateFormatError("capture.register_damaged", facts={"file": str(self.path), "place": "workspace"})
        return dict(file.automations)

    def ids(self) -> dict[str, str]:
        """Return key → platform id."""
        return {key: entry.automation_id for key, entry in self.known().items()}

    def record(self, key: str, *, automation_id: str, document: str, clock: Clock, by_hand: bool) -> None:
        """Note that an automation stands.

        Args:
            key: Our key.
            automation_id: Platform id.
            document: Its stored text.
            clock: Dates it.
            by_hand: Whether a person built it in the editor, so that nobody has to look again.
        """
        now = clock.now()
        entry = KnownAutomation(
            automation_id=automation_id,
            content=digest(document),
            at=now,
            confirmed_by="-" if by_hand else None,
            confirmed_at=now if by_hand else None,
        )
        self._write({**self.known(), key: entry})

    def confirm(self, key: str, *, by: str, clock: Clock) -> KnownAutomation:
        """Note that a person opened an automation in the editor and saw it whole.

        Args:
            key: Our key.
            by: Who.
            clock: Dates it.

        Returns:
            What is known now.

        Raises:
            StateError: Nothing of that key was posted or captured here.
        """
        known = self.known()
        if key not in known:
            raise StateError("capture.key_unknown", facts={"key": key, "known": tuple(sorted(known))})
        entry = known[key].model_copy(update={"confirmed_by": by, "confirmed_at": clock.now()})
        self._write({**known, key: entry})
        return entry

    def _write(self, automations: dict[str, KnownAutomation]) -> None:
        file = _File(workspace=self._workspace, automations=dict(sorted(automations.items())))
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path.with_name(self.path.name + ".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(file.model_dump_json(indent=1) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.path)
