"""What can be wrong with a deployment's own files and surroundings: one clear error each, and nothing half-done."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import AccessError
from huoban_perf.deploy import LockOwner
from huoban_perf.platforms.huoban.builder import Builder
from tests.cli.desk import Desk, Remote, Said, little_template, write_profile

PRODUCTION = ("--profile", "production")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return little_template(tmp_path / "little")


@pytest.fixture
def little(desk: Desk, remote: Remote, template: Path) -> Remote:
    """A small app, deployed."""
    planes = ["v1", "builder"]
    write_profile(
        desk.home, base_url=remote.base_url, workspace=remote.workspace, template=str(template), planes=planes
    )
    assert desk.run(*PRODUCTION, "apply", "--yes").exit is Exit.DONE
    return remote


def state_file(desk: Desk) -> Path:
    (file,) = (desk.home / "state").glob("little.huoban.*.json")
    return file


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(desk: Desk, remote: Remote, *words: str) -> Said:
    """Run a command that must leave workspace and home as they were."""
    before, files = remote.dump(), desk.files()
    said = desk.run(*PRODUCTION, *words)
    assert said.exit not in {Exit.DONE, Exit.ERROR}, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert (remote.dump(), desk.files()) == (before, files)
    return said


@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes"), ("drift",), ("state", "list"), ("rollback",)])
def test_hand_edited_state(desk: Desk, little: Remote, words: tuple[str, ...]) -> None:
    change(state_file(desk), "团队", "小组")
    said = refused(desk, little, *words)
    assert said.exit is Exit.INVALID
    assert "校验值不符" in said.err
    assert str(state_file(desk)) in said.err


def test_hand_edited_plan(desk: Desk, little: Remote, template: Path, tmp_path: Path) -> None:
    change(template / "tables" / "team.yaml", "团队名称", "小组名称")
    file = tmp_path / "plan.json"
    assert desk.run(*PRODUCTION, "plan", "--out", str(file)).exit is Exit.DONE
    change(file, "小组名称", "别的名称")
    said = refused(desk, little, "apply", str(file))
    assert (said.exit, "校验值不符" in said.err) == (Exit.INVALID, True)


def test_state_of_another_workspace(desk: Desk, little: Remote) -> None:
    other = little.control.build_workspace("别处")
    file = state_file(desk)
    moved = file.with_name(f"little.huoban.{other}.json")
    file.rename(moved)
    write_profile(
        desk.home,
        base_url=little.base_url,
        workspace=other,
        template=str(desk.home.with_name("little")),
        planes=["v1", "builder"],
        api_key={"env": "OTHER_KEY"},
    )
    desk.environ("OTHER_KEY", little.control.mint_key(other))
    said = refused(desk, little, "apply", "--yes")
    assert said.exit is Exit.INVALID
    assert f"属于 little / huoban / {little.workspace}" in said.err


def test_lock_left_by_a_dead_process_is_taken_over_and_said(desk: Desk, little: Remote, template: Path) -> None:
    change(template / "tables" / "team.yaml", "团队名称", "小组名称")
    file = state_file(desk)
    lock = file.with_name(file.name + ".lock")
    owner = LockOwner(pid=2**22 + 1, host=platform.node(), user="wang", since=SystemClock().now())
    lock.write_text(owner.text(), encoding="utf-8")
    said = desk.run(*PRODUCTION, "apply", "--yes")
    assert said.exit is Exit.DONE
    assert "它留下的锁已接管" in said.out
    assert lock.read_text(encoding="utf-8") == ""


def test_workspace_deleted_under_us(desk: Desk, little: Remote) -> None:
    state = state_file(desk).read_bytes()
    little.control.reset()
    for words in (("plan",), ("apply", "--yes"), ("drift",), ("rollback",)):
        said = desk.run(*PRODUCTION, *words)
        assert said.exit in {Exit.NO_ACCESS, Exit.INVALID}
        assert said.err
        assert state_file(desk).read_bytes() == state


def test_table_deleted_between_plan_and_apply(desk: Desk, little: Remote, template: Path, tmp_path: Path) -> None:
    change(template / "tables" / "person.yaml", "姓名", "名字")
    file = tmp_path / "plan.json"
    desk.run(*PRODUCTION, "plan", "--out", str(file))
    table = next(one["table_id"] for one in little.dump()[0]["tables"] if one["name"] == "人员")
    little.control.post("build/delete", {"object": "table", "table_id": table})
    said = refused(desk, little, "apply", str(file))
    assert said.exit is Exit.REFUSED
    assert "所依赖的 table:person 已经不在了" in said.err


def test_rename_that_collides(desk: Desk, little: Remote, template: Path) -> None:
    change(template / "app.yaml", "moved: []", "moved:\n  - {from: field:team.name, to: field:team.code}")
    change(
        template / "tables" / "team.yaml", "  - {key: name, labels: {zh: 团队名称, en: Team name}, kind: text}\n", ""
    )
    change(template / "tables" / "team.yaml", "title: name", "title: code")
    said = refused(desk, little, "plan")
    assert said.exit is Exit.INVALID
    assert "field:team.name 不能改名为 field:team.code" in said.err


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("app.yaml", "moved: []", "moved: []\nwidgets: []", "widgets"),
        ("tables/team.yaml", "kind: text", "kind: hologram", "hologram"),
        ("tables/team.yaml", "key_field: code", "key_field: code\nsharding: 3", "sharding"),
    ],
)
def test_template_from_a_newer_version(
    desk: Desk, little: Remote, template: Path, file: str, old: str, new: str, told: str
) -> None:
    change(template / file, old, new)
    said = refused(desk, little, "plan")
    assert said.exit is Exit.INVALID
    assert told in said.err
    assert f"{file}:" in said.err


def test_state_and_plan_of_a_newer_version(desk: Desk, little: Remote, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    desk.run(*PRODUCTION, "plan", "--out", str(file))
    raw = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**raw, "format": 99}), encoding="utf-8")
    assert "格式版本是 99" in refused(desk, little, "apply", str(file)).err


def test_permission_lost_half_way_is_finished_by_the_same_command(
    desk: Desk, remote: Remote, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes = ["v1", "builder"]
    write_profile(
        desk.home, base_url=remote.base_url, workspace=remote.workspace, template=str(template), planes=planes
    )
    done = Builder.perform
    calls = 0

    def lost(self: Builder, **words: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise AccessError("platform.wrong_key", endpoint="test", facts={})
        return done(self, **words)

    with monkeypatch.context() as patch:
        patch.setattr(Builder, "perform", lost)
        said = desk.run(*PRODUCTION, "apply", "--yes")
    assert said.exit is Exit.PARTLY_DONE
    assert "已完成 4 步" in said.err
    assert "再运行同一条命令" in said.err
    assert desk.run(*PRODUCTION, "apply", "--yes").exit is Exit.DONE
    assert [table["name"] for table in remote.dump()[0]["tables"]] == ["团队", "人员"]
    assert desk.run(*PRODUCTION, "plan", "--detailed-exitcode").exit is Exit.DONE
