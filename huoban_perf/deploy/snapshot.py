"""Snapshots: structure and affected items, put aside before anything that loses data.

One folder a snapshot: ``snapshot.json`` (structure, state, what is about to be lost) and one JSON-lines file a table
with the items concerned. It is written into a folder of another name and renamed when complete: a kill leaves a whole
snapshot or none. The files hold personal data: mode 0600 in folders of mode 0700.

Source: cli.md ("Backup before change").
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from huoban_perf.core.addresses import Address, ItemId
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, StateError, StateFormatError
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Values
from huoban_perf.deploy.artifact import AddressText, Artifact, Note
from huoban_perf.deploy.lock import unusable
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.value_text import value_from, value_to

SNAPSHOT_FORMAT = 1
"""Version of the artifact's form."""

_HEAD = "snapshot.json"


class Backup(Artifact):
    """The items of one table that were put aside.

    Attributes:
        table: The table.
        remote_id: Its id at that moment.
        whole: Whether the table itself was about to go, so that every field of every item is here.
        fields: Keys of the fields that are here.
        rows: How many items.
    """

    table: AddressText
    remote_id: str
    whole: bool
    fields: tuple[str, ...]
    rows: int


class Snapshot(Artifact):
    """A workspace at one moment, as far as it is ours.

    Attributes:
        format: Version of the form.
        tool_version: Version of this package.
        made_at: When.
        purpose: ``apply``, or ``rollback`` for one made before a rollback.
        app_version: Version of the template that was about to be applied.
        template_digest: Digest of that template.
        plan_digest: Digest of the plan that was about to be carried out.
        continues: Name of the snapshot before, when this one belongs to the same undertaking begun again; or None.
        destroys: What was about to be lost.
        state: The state before.
        tables: Everything of ours as it stood; undeclared fields and options that would have gone along have keys that
            start with ``x_``.
        extra_ids: Ids of those.
        backups: The items put aside.
        losses: What was said beforehand to be beyond any rollback.
        digest: Over all of the above.
    """

    format: int = SNAPSHOT_FORMAT
    tool_version: str
    made_at: datetime
    purpose: str
    app_version: str
    template_digest: str
    plan_digest: str
    continues: str | None
    destroys: tuple[AddressText, ...]
    state: StateFile
    tables: tuple[TableSpec, ...]
    extra_ids: dict[AddressText, str] = Field(default_factory=dict)
    backups: tuple[Backup, ...]
    losses: tuple[Note, ...] = ()
    digest: str = ""

    @property
    def name(self) -> str:
        """Name of its folder: the moment, to the second and in UTC, and the beginning of the plan's digest."""
        return f"{self.made_at:%Y%m%dT%H%M%SZ}-{self.plan_digest.removeprefix('sha256:')[:8]}"

    @property
    def locale(self) -> Locale:
        """Language in which names were deployed."""
        return self.state.locale

    @property
    def rows(self) -> int:
        """How many items were put aside."""
        return sum(backup.rows for backup in self.backups)

    def sealed(self) -> Snapshot:
        """Return the snapshot with its digest filled in."""
        return self.model_copy(update={"digest": self.content_digest()})

    def content_digest(self) -> str:
        """Return the digest of everything else."""
        return digest(self.model_dump(mode="json", exclude={"digest"}))


@dataclass(frozen=True, slots=True)
class SavedItem:
    """One item as it was put aside."""

    item_id: ItemId
    values: Values


class SnapshotStore:
    """The snapshots of one app in one workspace."""

    def __init__(self, folder: Path) -> None:
        """Point at a folder; nothing is read or made yet.

        Args:
            folder: For example ``.huoban_perf/snapshots/performance.huoban.4000000000000001``.
        """
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of the complete snapshots, oldest first."""
        return sorted(head.parent.name for head in self.folder.glob(f"[0-9]*/{_HEAD}"))

    def load(self, name: str) -> Snapshot:
        """Read a snapshot's head.

        Args:
            name: Its name.

        Returns:
            The snapshot.

        Raises:
            StateError: There is none of that name, or it cannot be read.
            StateFormatError: It is damaged, was edited, or is of another version.
        """
        if name not in self.names():
            facts: dict[str, FactValue] = {
                "name": name,
                "folder": str(self.folder),
                "known": tuple(self.names()) or ("-",),
            }
            raise StateError("rollback.no_snapshot", facts=facts)
        file = self.folder / name / _HEAD
        raw = _json_of(file)
        form = raw.get("format") if isinstance(raw, dict) else None
        if form != SNAPSHOT_FORMAT:
            found = {"file": str(file), "found": str(form), "expected": str(SNAPSHOT_FORMAT)}
            raise StateFormatError("rollback.format", facts=found)
        try:
            snapshot = Snapshot.model_validate_json(json.dumps(raw))
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
            raise StateFormatError("rollback.damaged", facts={"file": str(file), "place": place}) from error
        if snapshot.digest != snapshot.content_digest():
            raise StateFormatError("rollback.edited", facts={"file": str(file)})
        return snapshot

    def all(self) -> list[Snapshot]:
        """Read every snapshot's head, oldest first."""
        return [self.load(name) for name in self.names()]

    def items(self, snapshot: Snapshot, backup: Backup) -> Iterator[SavedItem]:
        """Read the items put aside of one table.

        Args:
            snapshot: The snapshot.
            backup: One of its backups.

        Yields:
            The items.

        Raises:
            StateFormatError: The file is damaged or does not hold as many items as it should.
        """
        file = self.folder / snapshot.name / f"{backup.table.key}.jsonl"
        number = 0
        try:
            with file.open(encoding="utf-8") as stream:
                for line in stream:
                    number += 1
                    raw = json.loads(line)
                    yield SavedItem(ItemId(raw["id"]), {key: value_from(value) for key, value in raw["values"].items()})
        except OSError as error:
            raise unusable(file, error) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateFormatError("rollback.damaged", facts={"file": str(file), "place": str(number)}) from error
        if number != backup.rows:
            raise StateFormatError("rollback.damaged", facts={"file": str(file), "place": str(number + 1)})

    def write(self, snapshot: Snapshot, items: Mapping[Address, Iterable[SavedItem]]) -> Snapshot:
        """Write a snapshot; it is there as a whole or not at all.

        Args:
            snapshot: The head; the counts of its backups are filled in here.
            items: Table → the items to put aside, read while they are written.

        Returns:
            The snapshot as it stands in the folder.

        Raises:
            StateError: The folder cannot be written.
        """
        making = self.folder / f"making-{snapshot.name}"
        try:
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(mode=0o700, parents=True)
            counted = [
                backup.model_copy(update={"rows": _write_items(making, backup, items[backup.table])})
                for backup in snapshot.backups
            ]
            whole = snapshot.model_copy(update={"backups": tuple(counted)}).sealed()
            text = json.dumps(whole.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1)
            _write(making / _HEAD, [text, "\n"])
            target = self.folder / whole.name
            shutil.rmtree(target, ignore_errors=True)
            making.rename(target)
        except OSError as error:
            raise unusable(making, error) from error
        return whole


def _write_items(folder: Path, backup: Backup, items: Iterable[SavedItem]) -> int:
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for item in items:
            values = {key: value_to(value) for key, value in item.values.items() if value is not None}
            count += 1
            yield json.dumps({"id": item.item_id, "values": values}, ensure_ascii=False) + "\n"

    _write(folder / f"{backup.table.key}.jsonl", lines())
    return count


def _write(file: Path, parts: Iterable[str]) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.writelines(parts)
        stream.flush()
        os.fsync(stream.fileno())


def _json_of(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise unusable(file, error) from error
    except ValueError as error:
        place = str(getattr(error, "lineno", 1))
        raise StateFormatError("rollback.damaged", facts={"file": str(file), "place": place}) from error
