"""``score run``: a folder of inputs and scheme files in, result files and a manifest out; no platform, no clock.

The manifest names what went in and what came out by digest and holds the schemes, so that anybody can run it again.

Source: score-files.md (Output, manifest); issue 3 point 5.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem, ScoringError
from huoban_perf.exchange.analysis import analyse_inputs, options_for
from huoban_perf.exchange.inputs import Inputs, open_inputs, score_inputs
from huoban_perf.exchange.outputs import HeaderLanguage, OutputForm, status_counts, write_outputs
from huoban_perf.scoring import Scheme, scheme_document, scheme_hash

MANIFEST_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
SKIPPED: Final = "skipped.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How ``score run`` is asked to work.

    Attributes:
        form: Form of the result files.
        header: Language of their column names.
        skip_bad_rows: Score without bad rows instead of refusing.
        tool: Name and version of this program, for the manifest.
        asked: What to write beside scores: ``analysis``, ``fairness``.
    """

    form: OutputForm = "csv"
    header: HeaderLanguage = "en"
    skip_bad_rows: bool = False
    tool: str = ""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRun:
    """What a run came to.

    Attributes:
        folder: Where the files are.
        statuses: Status → subjects.
        rows: Frame → rows read.
        skipped: Faults of the rows that were left out.
        notes: What is worth saying although nothing is wrong.
        manifest: Content of ``manifest.json``.
    """

    folder: Path
    statuses: Mapping[str, int]
    rows: Mapping[str, int]
    skipped: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    manifest: Mapping[str, object] = field(default_factory=dict)


def score_folder(source: Path, *, schemes: Mapping[str, Scheme], out: Path, request: Request) -> FolderRun:
    """Score a folder of inputs and write the results.

    Args:
        source: The inputs.
        schemes: Schemes by key.
        out: Where the files go; made when missing. Nothing is written before scoring succeeded.
        request: How to work.

    Returns:
        The run.

    Raises:
        ScoringInputError: Files, headers or rows are wrong; nothing was scored or written.
        ScoringError: A number is too large for exact arithmetic, what was asked for cannot be made, or ``out`` is a
            file or the input folder itself.
    """
    if (out.exists() and not out.is_dir()) or out.resolve() == source.resolve():
        raise ScoringError("exchange.bad_out", facts={"folder": str(out)})
    with open_inputs(source) as inputs:
        options = options_for(request.asked, skip_bad_rows=request.skip_bad_rows)
        result = score_inputs(inputs, schemes=schemes, options=options)
        analyse_inputs(inputs, schemes=schemes, asked=request.asked)
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = list(
            write_outputs(inputs.connection, out, form=request.form, header=request.header, asked=request.asked)
        )
        if request.skip_bad_rows:
            files.append(_write_skipped(result.problems, out / SKIPPED))
        statuses = status_counts(inputs.connection)
        rows = inputs.rows()
        manifest: dict[str, object] = {
            "format_version": MANIFEST_VERSION,
            "tool": request.tool,
            "source": Path(os.path.relpath(source.resolve(), out.resolve())).as_posix(),
            "inputs": _inputs(inputs, rows),
            "scheme_hash": digest({key: scheme_hash(scheme_document(scheme)) for key, scheme in schemes.items()}),
            "schemes": {key: scheme_document(scheme) for key, scheme in schemes.items()},
            "options": {
                "skip_bad_rows": request.skip_bad_rows,
                "format": request.form,
                "header": request.header,
                "asked": sorted(request.asked),
            },
            "rows_skipped": len({(problem.file, problem.line) for problem in result.problems}),
            "statuses": dict(statuses),
            "outputs": {file.name: file_digest(file) for file in files},
        }
        _write_manifest(manifest, out / MANIFEST)
        return FolderRun(
            folder=out,
            statuses=statuses,
            rows=rows,
            skipped=result.problems,
            notes=inputs.notes,
            manifest=manifest,
        )


def file_digest(file: Path) -> str:
    """Return ``sha256:`` and the hex digest of a file."""
    with file.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def _inputs(inputs: Inputs, rows: Mapping[str, int]) -> dict[str, object]:
    return {
        file.frame: {
            "file": file.path.name,
            "sheet": file.sheet,
            "sha256": file_digest(file.path).removeprefix("sha256:"),
            "rows": rows[file.frame],
        }
        for file in inputs.files
    }


def _write_skipped(problems: Sequence[Problem], file: Path) -> Path:
    names = ("file", "line", "column", "value", "expected", "code")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for problem in problems:
            facts: Mapping[str, FactValue] = problem.facts
            cells = [str(facts.get(name, "")) for name in ("column", "value", "expected")]
            writer.writerow([problem.file, problem.line, *cells, problem.code])
    return file


def _write_manifest(manifest: Mapping[str, object], file: Path) -> None:
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")
