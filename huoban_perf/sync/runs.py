"""Stored runs: what went in, what came out, and under which scheme, so that any result can be replayed.

``runs/<run id>/manifest.json`` names the digests; ``extract/`` holds the scoring inputs as one CSV a frame (the files
that ``score run --from`` reads); ``results/`` what scoring returned. Mode 0700, git-ignored: this is personal data.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import SyncError

FORMAT_VERSION = 1
_STAGING = "staging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What identifies a run.

    Attributes:
        format_version: Version of this file.
        run: The run's id; equal inputs, scheme and engine give an equal digest part.
        job: Which job made it.
        cycle: 周期名称.
        started: When, aware, ISO text.
        scheme_hash: Digest over all scheme documents.
        schemes: Scheme key → canonical document.
        input_digest: Digest over all extract files.
        rows: Frame → rows.
    """

    format_version: int
    run: str
    job: str
    cycle: str
    started: str
    scheme_hash: str
    schemes: Mapping[str, object]
    input_digest: str
    rows: Mapping[str, int]


KeepResults = Callable[[DuckDBPyConnection, Path], object]
"""Writes what the engine returned into a folder."""


class RunStore:
    """The folder of stored runs."""

    def __init__(
        self,
        *,
        folder: Path,
        keep: KeepResults | None = None,
        adjustments: Path | None = None,
        begins: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Name the folder; it is made on first use.

        Args:
            folder: Where runs are kept.
            keep: Writes the result files of a run from the engine's connection into a folder, so that a replay can
                compare byte for byte; None keeps the inputs only.
            adjustments: Approved snapshot of rater adjustments (``score adopt``) that runs take and keep with their
                inputs, or None.
            begins: Told how many rows are about to be written into the workspace, before the first is.
        """
        self._folder = folder
        self.begins = begins
        self.keep = keep
        self.adjustments = adjustments

    def open(self, *, run: str) -> Path:
        """Make a run's folder, readable by its owner only, and return it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / run
        for part in (path, path / "extract", path / "results"):
            part.mkdir(exist_ok=True, mode=0o700)
        return path

    def begin(self) -> Path:
        """Make an empty folder for a run that has no id yet; what a killed run left there is removed."""
        shutil.rmtree(self._folder / _STAGING, ignore_errors=True)
        return self.open(run=_STAGING)

    def save(self, manifest: Manifest) -> None:
        """Write the manifest last: a run without one was not finished."""
        path = self.open(run=manifest.run) / "manifest.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(
            json.dumps(asdict(manifest), ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
        )
        Path(temporary).replace(path)

    def load(self, *, run: str) -> tuple[Manifest, Path]:
        """Read a finished run.

        Args:
            run: The run's id.

        Returns:
            The manifest and the run's folder.

        Raises:
            SyncError: There is no such finished run, or its manifest cannot be read.
        """
        path = self._folder / run
        try:
            content = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            manifest = Manifest(**content)
        except (OSError, ValueError, TypeError) as error:
            known = tuple(self.names()[-5:])
            raise SyncError("sync.no_run", facts={"run": run, "known": known}) from error
        return manifest, path

    def names(self) -> list[str]:
        """Return the ids of finished runs, oldest first."""
        return sorted(path.parent.name for path in self._folder.glob("*/manifest.json"))

    def of_cycles(self, cycles: Collection[str]) -> list[str]:
        """Return the ids of finished runs of some cycles, oldest first; one that cannot be read is of none."""
        found = []
        for name in self.names():
            with suppress(SyncError):
                if self.load(run=name)[0].cycle in cycles:
                    found.append(name)
        return found

    def remove(self, runs: Iterable[str]) -> None:
        """Delete finished runs, each one's manifest last: what a kill leaves is still found."""
        for name in runs:
            for part in ("extract", "results"):
                shutil.rmtree(self._folder / name / part, ignore_errors=True)
            shutil.rmtree(self._folder / name)

    def bring_from(self, source: Path) -> int:
        """Copy the finished runs of another folder that are missing here; a kill leaves none half copied.

        Args:
            source: The other folder.

        Returns:
            Runs copied.
        """
        missing = sorted({*RunStore(folder=source).names()} - {*self.names()})
        for name in missing:
            staging = self.begin()
            shutil.copytree(source / name, staging, dirs_exist_ok=True)
            shutil.rmtree(self._folder / name, ignore_errors=True)
            staging.rename(self._folder / name)
        return len(missing)


def run_id(*, job: str, started: datetime, input_digest: str, scheme_hash: str) -> str:
    """Return a run's id: when, what, and eight characters of its inputs' digest."""
    short = digest([input_digest, scheme_hash]).removeprefix("sha256:")[:8]
    return f"{started:%Y%m%dT%H%M%S}-{job}-{short}"


def files_digest(files: Sequence[Path]) -> str:
    """Return one digest over the content of several files, whatever their order.

    Args:
        files: Paths; the file's name counts, its folder does not.

    Returns:
        ``sha256:…``.
    """
    import hashlib

    parts = {}
    for file in files:
        with file.open("rb") as stream:
            parts[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digest(parts)
