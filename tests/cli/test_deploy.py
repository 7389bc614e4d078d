from __future__ import annotations

import json

import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, Remote, too_wide

PRODUCTION = ("--profile", "production")


def rename(remote: Remote, old: str, new: str) -> None:
    """Rename a table by hand."""
    table = next(table for table in remote.dump()[0]["tables"] if table["name"] == old)
    remote.control.post("build/update", {"object": "table", "table_id": table["table_id"], "set": {"name": new}})


# the embedded workspace


def test_plan_of_an_empty_workspace_counts_what_is_new_and_changes_nothing(desk: Desk) -> None:
    said = desk.run("plan")
    assert said.exit is Exit.DONE
    assert "表「员工」" in said.out
    assert too_wide(said.out) == []
    assert desk.run("plan", "--detailed-exitcode").exit is Exit.DIFFERENCES
    assert desk.files() == {}
    assert [space["tables"] for space in desk.dump()] == [[]]


def test_plan_as_json_has_a_format_version_and_every_step(desk: Desk) -> None:
    said = desk.run("plan", "-o", "json")
    assert said.err == ""
    assert said.json["format_version"] == said.json["format"]
    assert len(said.json["steps"]) > 200


def test_apply_without_consent_shows_the_plan_only(desk: Desk) -> None:
    text = desk.run("apply")
    assert (text.exit, "--yes" in text.out) == (Exit.DONE, True)
    said = desk.run("apply", "-o", "json")
    assert said.json["format_version"]
    assert "--yes" in said.err
    assert [space["tables"] for space in desk.dump()] == [[]]


def test_after_apply_nothing_differs_and_state_lists_every_binding(company: Desk) -> None:
    desk = company
    before = desk.dump()
    for words in (("plan", "--detailed-exitcode"), ("drift", "--detailed-exitcode"), ("apply", "--yes")):
        assert desk.run(*words).exit is Exit.DONE, words
    assert "一致, 没有要做的事" in desk.run("plan").out
    assert "agrees with the template" in desk.run("--lang", "en", "plan").out
    assert "没有漂移" in desk.run("drift").out
    assert desk.dump() == before
    state = desk.run("state", "list", "-o", "json").json
    assert "table:employee" in json.dumps(state["objects"])
    assert state["format_version"]
    assert f"共 {len(state['objects'])} 个绑定" in desk.run("state", "list").out


def test_saved_plan_is_carried_out_as_it_is_and_again_without_effect(desk: Desk) -> None:
    file = desk.home.with_name("plan.json")
    assert desk.run("plan", "--out", str(file)).exit is Exit.DONE
    said = desk.run("apply", str(file))
    assert said.exit is Exit.DONE
    assert "已回读核对" in said.out
    before = desk.dump()
    again = desk.run("apply", str(file))
    assert (again.exit, "执行 0 步" in again.out) == (Exit.DONE, True)
    assert desk.dump() == before


def test_saved_plan_is_refused_when_the_workspace_changed_since(desk: Desk, built: Remote) -> None:
    file = desk.home / "plan.json"
    desk.run(*PRODUCTION, "plan", "--out", str(file))
    rename(built, "员工", "花名册")
    before, files = built.dump(), desk.files()
    said = desk.run(*PRODUCTION, "apply", str(file))
    assert said.exit is Exit.REFUSED
    assert "没有做任何改动" in said.err
    assert (built.dump(), desk.files()) == (before, files)


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 99}', "\udcff"])
def test_saved_plan_that_is_damaged_is_refused(desk: Desk, damage: str) -> None:
    file = desk.home.with_name("plan.json")
    file.write_bytes(damage.encode("utf-8", "surrogateescape"))
    said = desk.run("apply", str(file))
    assert said.exit is Exit.INVALID
    assert str(file) in said.err
    assert [space["tables"] for space in desk.dump()] == [[]]


def test_saved_plan_that_was_edited_is_refused(desk: Desk) -> None:
    file = desk.home.with_name("plan.json")
    desk.run("plan", "--out", str(file))
    file.write_text(file.read_text(encoding="utf-8").replace("员工", "职工", 1), encoding="utf-8")
    said = desk.run("apply", str(file))
    assert said.exit is Exit.INVALID
    assert "校验值不符" in said.err


def test_sandbox_reset_asks_first_and_forgets_bindings_too(company: Desk) -> None:
    said = company.run("sandbox", "reset")
    assert (said.exit, "--yes" in said.err, company.world_file.exists()) == (Exit.DONE, True, True)
    assert company.run("sandbox", "reset", "--yes").exit is Exit.DONE
    assert not company.world_file.exists()
    assert company.run("state", "list", "-o", "json").json["objects"] == {}
    assert company.run("apply", "--yes", "--only", "department").exit is Exit.DONE


# a real-like workspace: the documented API cannot build


def test_doctor_says_what_the_connection_can_do(desk: Desk, remote: Remote) -> None:
    said = desk.run(*PRODUCTION, "doctor")
    assert said.exit is Exit.DONE
    assert "Key 有效" in said.out
    assert "no" in said.out
    assert remote.key not in said.out + said.err
    report = desk.run(*PRODUCTION, "doctor", "-o", "json").json
    assert (report["format_version"], report["tables"], report["schema_writes"]) == (1, "0", "no")
    assert "the key is valid" in desk.run("--lang", "en", *PRODUCTION, "doctor").out


def test_plan_prints_what_to_build_by_hand_and_apply_exits_with_seven(desk: Desk, remote: Remote) -> None:
    said = desk.run(*PRODUCTION, "plan")
    assert said.exit is Exit.DONE
    assert "手工" in said.out
    assert said.out.index("部门编码") < said.out.index("工号")
    markdown = desk.run(*PRODUCTION, "plan", "-o", "markdown")
    assert "数据标识" in markdown.out
    applied = desk.run(*PRODUCTION, "apply", "--yes")
    assert applied.exit is Exit.MANUAL_STEPS
    assert "按下面的清单做完" in applied.out
    assert "工号" in applied.out
    as_json = desk.run(*PRODUCTION, "apply", "--yes", "-o", "json")
    assert (as_json.exit, as_json.json["format_version"]) == (Exit.MANUAL_STEPS, 1)
    assert [space["tables"] for space in remote.dump()] == [[]]


def test_what_was_built_by_hand_is_verified_and_bound(desk: Desk, built: Remote) -> None:
    before = built.dump()
    plan = desk.run(*PRODUCTION, "plan", "-o", "json").json
    unseen = {"view", "form", "permission", "page", "automation"}
    seen = [step for step in plan["steps"] if step["address"].partition(":")[0] not in unseen]
    assert {step["performer"] for step in seen} == {"state"}
    said = desk.run(*PRODUCTION, "apply", "--yes")
    assert said.exit is Exit.MANUAL_STEPS  # what no read shows is a person's word
    assert "--attest all" in said.out
    attest_all(desk)
    assert desk.run(*PRODUCTION, "plan", "--detailed-exitcode").exit is Exit.DONE
    assert built.dump() == before


def attest_all(desk: Desk) -> None:
    """A person says that everything no read shows stands as wished."""
    assert desk.run(*PRODUCTION, "adopt", "--attest", "all", "--by", "王芳").exit is Exit.DONE


def test_adopt_proposes_then_binds_what_is_exactly_so(desk: Desk, built: Remote) -> None:
    said = desk.run(*PRODUCTION, "adopt")
    assert (said.exit, "table:department=" in said.out) == (Exit.DONE, True)
    assert desk.run(*PRODUCTION, "state", "list", "-o", "json").json["objects"] == {}
    assert "已认领" in desk.run(*PRODUCTION, "adopt", "--all").out
    attest_all(desk)
    assert desk.run(*PRODUCTION, "plan", "--detailed-exitcode").exit is Exit.DONE


def test_one_object_is_adopted_by_its_id(desk: Desk, remote: Remote) -> None:
    assert "没有可认领的对象" in desk.run(*PRODUCTION, "adopt").out
    table = remote.build_table("人员表", {"name": "工号", "kind": "text"})
    assert desk.run(*PRODUCTION, "adopt", "--bind", f"table:employee={table}").exit is Exit.DONE
    assert f"table:employee  {table}" in desk.run(*PRODUCTION, "state", "list").out
    wrong = desk.run(*PRODUCTION, "adopt", "--bind", "table:position=123")
    assert wrong.exit is Exit.INVALID
    assert "123" in wrong.err


def test_drift_names_what_was_changed_by_hand(desk: Desk, built: Remote) -> None:
    desk.run(*PRODUCTION, "apply", "--yes", "-o", "json")
    rename(built, "员工", "花名册")
    before = desk.files()
    said = desk.run(*PRODUCTION, "drift")
    assert (said.exit, "花名册" in said.out) == (Exit.DONE, True)
    assert desk.run(*PRODUCTION, "drift", "--detailed-exitcode").exit is Exit.DIFFERENCES
    assert desk.run(*PRODUCTION, "drift", "-o", "json").json["format_version"]
    assert desk.files() == before
