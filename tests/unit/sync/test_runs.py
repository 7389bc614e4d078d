from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huoban_perf.core.errors import SyncError
from huoban_perf.sync.runs import FORMAT_VERSION, Manifest, RunStore, files_digest, run_id

STARTED = datetime(2026, 10, 8, 9, 30, tzinfo=UTC)


def manifest(run: str, *, cycle: str = "2026Q3") -> Manifest:
    return Manifest(
        format_version=FORMAT_VERSION,
        run=run,
        job="score",
        cycle=cycle,
        started=STARTED.isoformat(),
        scheme_hash="sha256:1",
        schemes={"[标准方案|1]": {"key": "x"}},
        input_digest="sha256:2",
        rows={"people": 3},
    )


def test_saved_run_is_read_back(tmp_path: Path) -> None:
    store = RunStore(folder=tmp_path / "runs")
    store.save(manifest("r1"))
    found, path = store.load(run="r1")
    assert found == manifest("r1")
    assert path == tmp_path / "runs" / "r1"
    assert store.names() == ["r1"]


def test_run_without_manifest_was_not_finished(tmp_path: Path) -> None:
    store = RunStore(folder=tmp_path)
    store.open(run="killed")
    store.save(manifest("r1"))
    assert store.names() == ["r1"]
    with pytest.raises(SyncError) as caught:
        store.load(run="killed")
    assert caught.value.facts == {"run": "killed", "known": ("r1",)}


@pytest.mark.parametrize("content", ["{", "{}", "[]", json.dumps({"run": "r1", "more": 1})])
def test_damaged_manifest_is_no_run(tmp_path: Path, content: str) -> None:
    store = RunStore(folder=tmp_path)
    (store.open(run="r1") / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(SyncError, match=r"sync\.no_run"):
        store.load(run="r1")


def test_runs_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    store = RunStore(folder=tmp_path / "runs")
    path = store.open(run="r1")
    for folder in (tmp_path / "runs", path, path / "extract"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_a_killed_run_left_is_not_taken_over(tmp_path: Path) -> None:
    store = RunStore(folder=tmp_path)
    (store.begin() / "extract" / "stale.csv").write_text("a\n", encoding="utf-8")
    assert list((store.begin() / "extract").iterdir()) == []


def test_run_id_says_when_what_and_from_which_inputs() -> None:
    first = run_id(job="score", started=STARTED, input_digest="a", scheme_hash="b")
    assert first.startswith("20261008T093000-score-")
    assert first == run_id(job="score", started=STARTED, input_digest="a", scheme_hash="b")
    assert first != run_id(job="score", started=STARTED, input_digest="a", scheme_hash="c")


def test_digest_of_files_goes_by_name_and_content(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("x.csv", "y.csv"):
            (tmp_path / folder / name).write_text(name, encoding="utf-8")
    files = [tmp_path / "a" / "x.csv", tmp_path / "a" / "y.csv"]
    assert files_digest(files) == files_digest([tmp_path / "b" / "y.csv", tmp_path / "b" / "x.csv"])
    (tmp_path / "b" / "x.csv").write_text("y.csv", encoding="utf-8")
    assert files_digest(files) != files_digest([tmp_path / "b" / "x.csv", tmp_path / "b" / "y.csv"])
