"""What a move remembers between runs: which item became which, and how each row stood when it was last settled.

The file holds ids and digests only. It is written under a temporary name, flushed and renamed, so a kill leaves either
the old or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.errors import StateFormatError

MOVE_FORMAT = 1
"""Version of the file's form."""


class MoveMemory(BaseModel):
    """The file.

    Attributes:
        format: Version of the form.
        under_way: Whether a move was begun and has not ended: what it wrote is then ours to write again.
        sending: Table whose new items were being sent; empty when none were.
        pairs: Table key → item id at the old place → item id at the new place.
        settled: Table key → item id at the old place → digest of the row at the new place when it was last settled.
        files: File id at the old place → file id at the new place.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int = MOVE_FORMAT
    under_way: bool = False
    sending: str = ""
    pairs: dict[str, dict[str, str]] = Field(default_factory=dict)
    settled: dict[str, dict[str, str]] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> MoveMemory:
        """Read the file, or return a fresh memory when there is none.

        Args:
            path: The file.

        Returns:
            The memory.

        Raises:
            StateFormatError: The file is damaged or of another version.
        """
        if not path.exists():
            return cls()
        try:
            memory = cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError, OSError) as error:
            raise StateFormatError("move.memory_damaged", facts={"file": str(path)}) from error
        if memory.format != MOVE_FORMAT:
            facts = {"file": str(path), "found": str(memory.format), "expected": str(MOVE_FORMAT)}
            raise StateFormatError("move.memory_format", facts=facts)
        return memory

    def save(self, path: Path) -> None:
        """Put the memory into its file."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(path.name + ".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(json.dumps(self.model_dump(), ensure_ascii=False, sort_keys=True))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)

    def pair(self, table: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Note which items became which."""
        self.pairs.setdefault(table, {}).update(pairs)


def memory_path(folder: Path, *, app: str, ends: tuple[str, str]) -> Path:
    """Return where a move is remembered.

    Args:
        folder: State folder of the new place's profile.
        app: Key of the app.
        ends: What tells the old and the new place from every other.

    Returns:
        The file.
    """
    return folder / f"{app}.{ends[0]}--{ends[1]}.move"
