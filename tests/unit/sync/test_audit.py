from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from huoban_perf.core.errors import SyncError
from huoban_perf.sync.audit import GENESIS, TORN, AuditHead, AuditLog

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


def entries_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tear_at_every_byte_of_the_last_line_is_put_aside_and_told(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    log = filled(whole, lines=2)
    before = whole.stat().st_size
    log.append("job run score", at=NOW, facts={"cycle": "二季度\u2028考核", "rows": 2})
    text = whole.read_bytes()
    for size in range(before, len(text) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        path = folder / "audit.jsonl"
        path.write_bytes(text[:size])
        torn = size - before if size < len(text) - 1 else 0
        assert AuditLog(path).check() == AuditHead(
            lines=2 if size < len(text) - 1 else 3, hash=AuditLog(path).check().hash, torn=torn
        )
        assert path.read_bytes() == text[:size], "looking changes nothing"
        head = AuditLog(path).append("job run publish", at=NOW, facts={})
        assert AuditLog(path).check() == head
        aside = list(folder.glob("audit.jsonl.torn-*"))
        assert [file.read_bytes() for file in aside] == ([text[before:size]] if torn else [])
        assert {file.stat().st_mode & 0o777 for file in aside} <= {0o600}
        told = [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]
        parts = [(entry["bytes"], entry["part"]) for entry in told if entry["action"] == TORN]
        assert parts == ([(torn, f"sha256:{sha256(text[before:size]).hexdigest()}")] if torn else [])
        assert told[-1]["action"] == "job run publish"


def test_recovery_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    log = filled(whole, lines=2)
    start = whole.stat().st_size
    log.append("job run score", at=NOW, facts={"rows": 2})
    torn = whole.read_bytes()[: start + 40]
    whole.write_bytes(torn)
    log.append("job run publish", at=NOW, facts={})
    (aside,) = tmp_path.glob("whole.jsonl.torn-*")
    recovered = whole.read_bytes()
    states = [torn, *(recovered[:size] for size in range(start, len(recovered), 7))]  # put aside; then cut; then told
    for number, left in enumerate(states):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "audit.jsonl"
        path.write_bytes(left)
        (folder / aside.name.replace("whole", "audit")).write_bytes(aside.read_bytes())
        AuditLog(path).append("job run publish", at=NOW, facts={})
        AuditLog(path).append("job run archive", at=NOW, facts={})
        parts = {entry["part"] for entry in entries_of(path) if entry["action"] == TORN}
        files = {f"sha256:{sha256(file.read_bytes()).hexdigest()}" for file in folder.glob("audit.jsonl.torn-*")}
        assert parts == files
        assert f"sha256:{sha256(aside.read_bytes()).hexdigest()}" in parts
        assert sum(entry["action"] == TORN for entry in entries_of(path)) == len(parts), "each is told once"


def test_whole_line_that_was_changed_is_no_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = filled(path)
    path.write_bytes(path.read_bytes().replace(b'"rows": 1', b'"rows": 7') + b'{"n": 4')
    for act in (log.check, lambda: log.append("x", at=NOW, facts={})):
        with pytest.raises(SyncError) as caught:
            act()
        assert (caught.value.code, caught.value.facts["line"]) == ("sync.audit_broken", 2)
    assert not list(tmp_path.glob("*.torn-*"))
