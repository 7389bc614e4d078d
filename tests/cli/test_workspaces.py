"""Several workspaces: what was proven in one goes to the next; state in a shared place; two admins at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.core.clock import SystemClock
from huoban_perf.deploy import LockOwner, StateStore
from tests.cli.desk import Desk, Remote, little_template, too_wide, write_profiles

TEST, PRODUCTION = ("--profile", "test"), ("--profile", "production")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return little_template(tmp_path / "little")


@pytest.fixture
def two(desk: Desk, remote: Remote, template: Path, tmp_path: Path) -> Desk:
    """Profiles ``test`` and ``production`` of one template in two workspaces, with their state in one shared folder."""
    other = remote.control.build_workspace("测试")
    shared = {
        "base_url": remote.base_url,
        "planes": ["v1", "builder"],
        "template": str(template),
        "shared": str(tmp_path / "shared"),
    }
    key = remote.control.mint_key(other)
    desk.environ("OTHER_KEY", key)
    write_profiles(
        desk.home,
        test={**shared, "workspace": other, "api_key": {"env": "OTHER_KEY"}},
        production={**shared, "workspace": remote.workspace},
    )
    return desk


def test_nothing_is_promoted_from_a_workspace_that_proved_nothing(two: Desk) -> None:
    said = two.run(*PRODUCTION, "plan", "--from-profile", "test")
    assert (said.exit, "还没有部署过" in said.out) == (Exit.REFUSED, True)
    said = two.run(*PRODUCTION, "apply", "--yes", "--from-profile", "test")
    assert (said.exit, "没有做任何改动" in said.err) == (Exit.REFUSED, True)
    assert two.run(*PRODUCTION, "state", "list", "-o", "json").json["objects"] == {}


def test_what_was_proven_goes_to_the_next_workspace_with_both_side_by_side(
    two: Desk, remote: Remote, template: Path
) -> None:
    assert two.run(*TEST, "apply", "--yes").exit is Exit.DONE
    said = two.run(*PRODUCTION, "plan", "--from-profile", "test")
    assert said.exit is Exit.DONE
    assert too_wide(said.out) == []
    assert "来源 test" in said.out
    assert "只在来源有的 10 个对象: table:team、table:person" in said.out
    assert two.run(*PRODUCTION, "apply", "--yes", "--from-profile", "test").exit is Exit.DONE
    same = two.run(*PRODUCTION, "plan", "--from-profile", "test", "-o", "json").json["promotion"]
    assert (same["only_source"], same["only_target"], same["differences"], same["problems"]) == ([], [], [], [])
    ids = next(table["table_id"] for table in remote.dump()[0]["tables"] if table["name"] == "团队")
    remote.control.post("build/update", {"object": "table", "table_id": ids, "set": {"name": "小组"}})
    said = two.run(*PRODUCTION, "plan", "--from-profile", "test")
    assert "≠ 团队  名称: 团队 | 小组" in said.out


def test_another_wish_is_not_promoted(two: Desk, template: Path, remote: Remote) -> None:
    two.run(*TEST, "apply", "--yes")
    file = template / "tables" / "team.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("团队名称", "小组名称"), encoding="utf-8")
    said = two.run(*PRODUCTION, "plan", "--from-profile", "test", "--out", str(template.with_name("p.json")))
    assert said.exit is Exit.REFUSED
    assert "还差 1 步" in said.err
    assert not template.with_name("p.json").exists()


def test_state_and_snapshots_stand_in_the_shared_folder(two: Desk, tmp_path: Path) -> None:
    two.run(*TEST, "apply", "--yes")
    assert len(list((tmp_path / "shared" / "state").glob("little.huoban.*.json"))) == 1
    assert not (two.home / "state").exists()


def test_second_admin_is_told_who_holds_the_lock_and_for_how_long(two: Desk, tmp_path: Path) -> None:
    two.run(*TEST, "apply", "--yes")
    (file,) = (tmp_path / "shared" / "state").glob("little.huoban.*.json")
    with StateStore(file).locked(clock=SystemClock()):
        said = two.run(*TEST, "state", "forget", "table:team")
    assert said.exit is Exit.REFUSED
    assert "另一个运行正占用状态" in said.err
    assert "秒" in said.err


def test_lock_left_on_another_machine_names_it(two: Desk, tmp_path: Path) -> None:
    two.run(*TEST, "apply", "--yes")
    (file,) = (tmp_path / "shared" / "state").glob("little.huoban.*.json")
    lock = file.with_name(file.name + ".lock")
    lock.write_text(LockOwner(pid=7, host="hr-laptop", user="wang", since=SystemClock().now()).text(), encoding="utf-8")
    said = two.run(*TEST, "state", "forget", "table:team")
    assert said.exit is Exit.REFUSED
    assert "hr-laptop" in said.err
    assert "wang" in said.err
    assert json.loads(lock.read_text(encoding="utf-8"))["pid"] == 7
