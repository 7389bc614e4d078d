"""What people see of ``score files``: names of files and columns in both languages, from their only declarations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from huoban_perf.cli.render import table
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import ScoringError
from huoban_perf.core.labels import Locale
from huoban_perf.exchange import OUTPUTS
from huoban_perf.exchange.frame_files import frame_of
from huoban_perf.scoring.columns import FRAMES

FORMAT_VERSION = 1


def files_json(name: str) -> dict[str, object]:
    """Return the files and columns of ``score run`` as one object."""
    _check_name(name)
    return {
        "format_version": FORMAT_VERSION,
        "inputs": [
            {
                "name": frame.name,
                "zh": frame.zh,
                "grain": frame.grain,
                "columns": [
                    {"name": column.name, "zh": column.zh, "type": str(column.logical), "required": column.required}
                    for column in frame.columns
                ],
            }
            for frame in FRAMES.values()
            if not name or frame.name == frame_of(name)
        ],
        "outputs": [
            {
                "name": output.name,
                "zh": output.zh,
                "columns": [{"name": column.name, "zh": column.zh} for column in output.columns],
            }
            for output in OUTPUTS
            if name in {"", output.name, output.zh}
        ],
    }


def files_text(name: str, *, locale: Locale) -> str:
    """Return the files of ``score run``, or the columns of one of them, for people."""
    _check_name(name)
    if not name:
        rows = [(frame.zh, frame.name, frame.grain) for frame in FRAMES.values()]
        rows += [(output.zh, output.name, "→") for output in OUTPUTS]
        return table(rows, header=text("exchange.file_columns", locale=locale).split("|"))
    return table(list(_column_rows(name)), header=text("exchange.column_columns", locale=locale).split("|"))


def _column_rows(name: str) -> Iterator[Sequence[str]]:
    frame = frame_of(name)
    if frame is not None:
        for column in FRAMES[frame].columns:
            what = " / ".join(column.words.values()) or " ".join(
                part for part in (str(column.logical), column.unit) if part
            )
            yield column.zh, column.name, "✓" if column.required else "", what
        return
    for output in OUTPUTS:
        if name in {output.name, output.zh}:
            for made in output.columns:
                yield made.zh, made.name, "", ""


def _check_name(name: str) -> None:
    known = [output.name for output in OUTPUTS] + [output.zh for output in OUTPUTS]
    if name and frame_of(name) is None and name not in known:
        raise ScoringError("exchange.unknown_name", facts={"name": name})
