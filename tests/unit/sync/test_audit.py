from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huoban_perf.core.errors import SyncError
from huoban_perf.sync.audit import GENESIS, AuditHead, AuditLog

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


def filled(path: Path, lines: int = 3) -> AuditLog:
    log = AuditLog(path)
    for number in range(lines):
        log.append("job run score", at=NOW, facts={"cycle": "2026Q1", "rows": number})
    return log


def test_lines_are_chained_and_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "audit.jsonl"
    head = filled(path).check()
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert entries[0]["before"] == GENESIS
    assert [entry["before"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]
    assert head == AuditHead(lines=3, hash=entries[-1]["hash"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_is_an_empty_chain(tmp_path: Path) -> None:
    assert AuditLog(tmp_path / "audit.jsonl").check() == AuditHead(lines=0, hash=GENESIS)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda lines: [lines[0], lines[1].replace('"rows": 1', '"rows": 7'), lines[2]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [*lines, lines[2]], 4),
        (lambda lines: [lines[0], "not json", lines[2]], 2),
        (lambda lines: [lines[0], "[]", lines[2]], 2),
    ],
    ids=["changed", "dropped", "moved", "repeated", "garbage", "other"],
)
def test_meddling_is_found_at_its_line_and_stops_writing(tmp_path: Path, spoil: object, line: int) -> None:
    path = tmp_path / "audit.jsonl"
    log = filled(path)
    path.write_text("\n".join(spoil(path.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")  # type: ignore[operator]
    before = path.read_bytes()
    for act in (log.check, lambda: log.append("x", at=NOW, facts={})):
        with pytest.raises(SyncError) as caught:
            act()
        assert caught.value.facts["line"] == line
    assert path.read_bytes() == before


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: AuditLog(path).append("x", at=NOW, facts={"n0": number}), range(40)))
    assert AuditLog(path).check().lines == 40
