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


def test_end_that_was_noted_elsewhere_tells_what_the_chain_alone_cannot(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = filled(path)
    kept = log.check()
    log.append("job run publish", at=NOW, facts={})
    assert log.check(kept=kept).lines == 4
    assert log.check(kept=AuditHead(lines=0, hash=GENESIS)).lines == 4
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:2]) + "\n", encoding="utf-8")
    assert log.check().lines == 2  # a sound chain, but shorter
    with pytest.raises(SyncError) as cut:
        log.check(kept=kept)
    assert (cut.value.code, cut.value.facts["line"], cut.value.facts["lines"]) == ("sync.audit_cut", 3, 2)
    path.unlink()
    for number in range(5):
        log.append("job run score", at=NOW, facts={"rows": number + 10})
    with pytest.raises(SyncError):
        log.check(kept=kept)  # written anew: as long, but another chain


def test_action_that_was_killed_still_says_that_it_began(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.begin("job run publish", at=NOW, facts={"cycle": "2026Q1", "rows": 58})
    (line,) = [json.loads(text) for text in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (line["action"], line["rows"]) == ("job run publish begins", 58)
