"""Which file of a folder holds which frame: by name, in Chinese or English, no frame twice.

A workbook is either one frame (named after it) or several (its sheets named after frames).

Source: score-files.md (first paragraph).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from huoban_perf.core.errors import Problem, ScoringInputError
from huoban_perf.exchange.workbooks import sheet_names
from huoban_perf.scoring.columns import FRAMES

_READ: Final = (".csv", ".parquet", ".xlsx")
_PASSED_OVER: Final = (".yaml", ".yml", ".json", ".md")
"""Schemes, manifests and notes may lie beside the data."""

_FRAME_BY_NAME: Final = {
    **{frame.zh.casefold(): name for name, frame in FRAMES.items()},
    **{name: name for name in FRAMES},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFile:
    """Where one frame lies.

    Attributes:
        frame: English frame name.
        path: The file.
        sheet: Title of the sheet in a workbook, else None.
    """

    frame: str
    path: Path
    sheet: str | None = None

    @property
    def place(self) -> str:
        """The file as people know it, with its sheet."""
        return self.path.name if self.sheet is None else f"{self.path.name}[{self.sheet}]"


def frame_files(folder: Path, *, instead: Sequence[Path] = ()) -> tuple[tuple[FrameFile, ...], list[Problem]]:
    """Find the frames of a folder.

    Args:
        folder: Holds one file a frame; subfolders, hidden files and ``.yaml .yml .json .md`` are passed over.
        instead: Further files whose frames stand in for those of the folder.

    Returns:
        The frames found in the order of ``FRAMES``, and every file, sheet or repetition that is wrong.

    Raises:
        ScoringInputError: There is no such folder.
    """
    if not folder.is_dir():
        raise ScoringInputError("exchange.no_folder", facts={"folder": str(folder)})
    problems: list[Problem] = []
    found = _first_of_each(_found(sorted(folder.iterdir()), problems), problems)
    found |= _first_of_each(_found(instead, problems), problems)
    return tuple(found[name] for name in FRAMES if name in found), problems


def frame_of(name: str) -> str | None:
    """Return the frame of a file or sheet name.

    Args:
        name: Name without its ending, in either language.

    Returns:
        The English frame name, or None.
    """
    return _FRAME_BY_NAME.get(name.strip().casefold())


def _first_of_each(files: Iterator[FrameFile], problems: list[Problem]) -> dict[str, FrameFile]:
    first: dict[str, FrameFile] = {}
    for file in files:
        standing = first.setdefault(file.frame, file)
        if standing is not file:
            facts = {"frame": FRAMES[file.frame].zh, "other": standing.place}
            problems.append(Problem(code="exchange.frame_twice", facts=facts, file=file.place))
    return first


def _found(paths: Sequence[Path], problems: list[Problem]) -> Iterator[FrameFile]:
    for path in paths:
        ending = path.suffix.lower()
        if not path.is_file() or path.name.startswith((".", "~$")) or ending in _PASSED_OVER:
            continue
        if ending not in _READ:
            problems.append(Problem(code="exchange.unknown_kind", facts={"kind": ending or "-"}, file=path.name))
        elif ending == ".xlsx":
            yield from _sheets(path, problems)
        elif (frame := frame_of(path.stem)) is None:
            problems.append(_unknown("exchange.unknown_file", path.stem, path.name))
        else:
            yield FrameFile(frame=frame, path=path)


def _sheets(path: Path, problems: list[Problem]) -> Iterator[FrameFile]:
    titles = sheet_names(path, problems)
    frame = frame_of(path.stem)
    if frame is not None and len(titles) == 1:
        yield FrameFile(frame=frame, path=path, sheet=titles[0])
        return
    for title in titles:
        named = frame_of(title)
        if named is None:
            problems.append(_unknown("exchange.unknown_sheet", title, path.name))
        else:
            yield FrameFile(frame=named, path=path, sheet=title)


def _unknown(code: str, name: str, file: str) -> Problem:
    near = get_close_matches(name.strip().casefold(), list(_FRAME_BY_NAME), n=1, cutoff=0.0)
    return Problem(code=code, facts={"name": name, "near": near[0] if near else "-"}, file=file)
