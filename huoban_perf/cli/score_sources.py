"""What every ``score`` command works on: options, a folder with scheme files or a stored run, and how to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from huoban_perf.cli.render import show_json, show_text
from huoban_perf.cli.session import Settings
from huoban_perf.core.errors import ScoringError

if TYPE_CHECKING:
    from huoban_perf.scoring import Scheme

FOLDER = click.Path(path_type=Path)

from_option = click.option("--from", "source", type=FOLDER, default=None, help="输入文件夹: 每种数据一个文件.")
scheme_option = click.option("--scheme", "schemes", type=FOLDER, multiple=True, help="方案文件 (YAML 或 JSON), 可重复.")
output_option = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")


class Source(NamedTuple):
    """Inputs and schemes a command works on, and what to call them."""

    folder: Path
    schemes: Mapping[str, Scheme]
    label: str


def find_source(settings: Settings, *, stored: object = None, source: object = None, schemes: object = ()) -> Source:
    """Return what to work on: a folder with scheme files, else a stored run, else the latest stored run.

    Args:
        settings: Where stored runs are.
        stored: Id of a stored run, ``latest`` or None.
        source: Folder of inputs, or None.
        schemes: Scheme files, for a folder only.

    Returns:
        Inputs and schemes.

    Raises:
        ScoringError: Both or neither kind of source is fully named.
        SyncError: There is no such run.
    """
    from huoban_perf.exchange import read_schemes
    from huoban_perf.scoring import parse_scheme
    from huoban_perf.sync.runs import RunStore

    files = cast("Sequence[Path]", schemes)
    if isinstance(source, Path) and files and not stored:
        return Source(source, read_schemes(files), str(source))
    if source or files:
        raise ScoringError("exchange.no_source")
    store = RunStore(folder=settings.profile().runs_dir)
    run = str(stored or "latest")
    manifest, folder = store.load(run=(store.names() or [run])[-1] if run == "latest" else run)
    documents = cast("Mapping[str, Mapping[str, object]]", manifest.schemes)
    parsed = {key: parse_scheme(document) for key, document in documents.items()}
    return Source(folder / "extract", parsed, manifest.run)


def show(content: Mapping[str, object], text: str, output: str) -> None:
    """Print a result as JSON or as text."""
    if output == "json":
        show_json(content)
    else:
        show_text(text)
