"""The planes beside v1 at the command line: doctor says what an identity may not do; automations are moved by hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import simplejson

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, Remote, served, too_wide, write_profile

VARIABLES = {"access_token": "HB_ACCESS_TOKEN", "tenant_id": "HB_TENANT_ID", "token_company": "HB_TOKEN_COMPANY"}
SOUND = Path(__file__).parents[1] / "cases" / "template" / "sound"
TEMPLATE = {
    "app.yaml": """
key: little
version: "1"
labels: {zh: 小应用, en: Little}
order: [person]
""",
    "tables/person.yaml": """
key: person
labels: {zh: 员工, en: Person}
title: name
key_field: name
fields:
  - {key: name, kind: text, labels: {zh: 姓名, en: Name}, required: true, unique: true}
  - {key: level, kind: number, labels: {zh: 职级, en: Level}, decimals: 0}
  - {key: state, kind: choice, labels: {zh: 状态, en: State}, options: [{key: on, zh: 在职, en: Active}]}
  - {key: photo, kind: file, labels: {zh: 照片, en: Photo}}
""",
}


@pytest.fixture
def little(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A served workspace; profile ``production`` has all planes, ``plain`` v1 alone."""
    folder = tmp_path / "little"
    shutil.copytree(SOUND, folder)
    shutil.rmtree(folder / "tables")
    for name, text in TEMPLATE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    with served() as found:
        monkeypatch.setenv("TEST_KEY", found.key)
        monkeypatch.setenv("HUOBAN_TICKET", found.control.mint_ticket(found.workspace))
        for name, value in found.control.sign_in(found.workspace).items():
            monkeypatch.setenv(VARIABLES[name], value)
        shared = {"base_url": found.base_url, "workspace": found.workspace, "template": str(folder)}
        write_profile(desk.home, **shared, planes=["v1", "v2", "gateway"])
        yield found


def run(desk: Desk, *words: str) -> Any:
    return desk.run("--profile", "production", *words)


def build_automation(remote: Remote, *, name: str = "入职提醒") -> tuple[str, dict[str, Any]]:
    """Build a button in the editor."""
    table = remote.dump()[0]["tables"][0]
    field = next(entry for entry in table["fields"] if entry["name"] == "职级")
    variable = {"scope": "launch_item", "field_id": int(field["field_id"]), "table_id": int(table["table_id"])}
    document = {
        "name": name,
        "table_id": int(table["table_id"]),
        "nodes": [
            {"node_type": "exit", "text": {"code": "{触发的数据.职级}", "vars": [variable]}},
            {"node_type": "end"},
        ],
    }
    held = remote.control.sign_in(remote.workspace)
    answer = requests.post(
        f"{remote.url}/paas/automation/button",
        data=simplejson.dumps(document).encode(),
        headers={
            "Authorization": f"Bearer {held['access_token']}",
            "x-huoban-token-company": held["token_company"],
        },
        timeout=10,
    ).json()
    return str(answer["data"]["automation_id"]), document


def test_apply_over_v2_asks_a_person_only_for_the_rest_and_binds_it_when_built(little: Remote, desk: Desk) -> None:
    planned = run(desk, "plan")
    assert "注意: 其中 4 步由程序通过 v2 表格面执行" in planned.err.replace("\n  ", "")
    report = run(desk, "doctor", "-o", "json").json
    assert (report["schema_writes"], report["by_hand"]) == ("partly", "1 (附件 1)")
    said = run(desk, "apply", "--yes")
    assert said.exit is Exit.MANUAL_STEPS, said.err
    assert "其中写 1 次" in said.out
    assert "理论最少 5 次" in said.out
    assert "照片" in said.out
    assert "姓名" not in said.out
    names = {field["name"]: field["kind"] for field in little.dump()[0]["tables"][0]["fields"]}
    assert names == {"姓名": "text", "职级": "number", "状态": "choice"}
    table_id = little.dump()[0]["tables"][0]["table_id"]
    little.control.post("build/field", {"table_id": table_id, "name": "照片", "alias": "", "kind": "file"})
    assert run(desk, "apply", "--yes").exit is Exit.DONE
    again = run(desk, "plan", "--detailed-exitcode")
    assert again.exit is Exit.DONE


def test_doctor_says_what_is_proven_and_what_only_a_write_would_prove(little: Remote, desk: Desk) -> None:
    before = little.dump()
    said = run(desk, "doctor")
    assert said.exit is Exit.DONE, said.err
    signs = [line[0] for line in said.out.splitlines() if line[:1] in "✓✗?"]
    assert signs == ["✓", "?"] * 3
    found = run(desk, "doctor", "-o", "json").json["planes"]
    assert [entry["verdict"] for entry in found] == ["proven", "not_proven"] * 3
    assert little.dump() == before


def test_doctor_finds_an_ended_ticket_and_a_key_in_the_place_of_a_token(
    little: Remote, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    little.control.post("credential", {"credential": environ("HUOBAN_TICKET"), "end": True})
    monkeypatch.setenv("HB_ACCESS_TOKEN", little.key)
    said = run(desk, "doctor")
    assert said.exit is Exit.NO_ACCESS
    assert said.out.count("✗") == 2
    assert "9600001" in said.out
    assert "已过期" in said.out
    english = run(desk, "--lang", "en", "doctor")
    assert "has expired" in english.out
    for secret in (environ("HUOBAN_TICKET"), little.key, environ("HB_TOKEN_COMPANY")):
        assert secret not in said.out + said.err + english.out


def environ(name: str) -> str:
    return os.environ[name]


def test_ended_ticket_stops_apply_before_anything_and_a_new_one_resumes(
    little: Remote, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    little.control.post("credential", {"credential": environ("HUOBAN_TICKET"), "end": True})
    said = run(desk, "apply", "--yes")
    assert said.exit is Exit.NO_ACCESS
    assert environ("HUOBAN_TICKET") not in said.err
    assert little.dump()[0]["tables"] == []
    monkeypatch.setenv("HUOBAN_TICKET", little.control.mint_ticket(little.workspace))
    assert run(desk, "apply", "--yes").exit is Exit.MANUAL_STEPS
    assert len(little.dump()[0]["tables"]) == 1


@pytest.mark.parametrize("variable", ["HUOBAN_TICKET", "HB_TOKEN_COMPANY"])
def test_missing_identity_names_its_variable(
    little: Remote, desk: Desk, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, " ")
    said = run(desk, "plan")
    assert said.exit is Exit.INVALID
    assert variable in said.err


def test_automation_goes_from_one_workspace_to_another(
    little: Remote, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(desk, "apply", "--yes")
    automation_id, _ = build_automation(little)
    listed = run(desk, "automation", "list")
    assert automation_id in listed.out
    assert "入职提醒" in listed.out
    file = tmp_path / "remind.json"
    assert run(desk, "automation", "capture", automation_id, "remind", "--out", str(file)).exit is Exit.DONE
    stored = file.read_text(encoding="utf-8")
    assert "$(field:person.level)" in stored
    assert automation_id not in stored
    assert run(desk, "automation", "lint", str(file)).exit is Exit.DONE
    assert f"{automation_id}  button  入职提醒  enable  = remind\n" in run(desk, "automation", "list").out

    other = little.control.build_workspace("子公司")
    monkeypatch.setenv("TEST_KEY", little.control.mint_key(other))
    monkeypatch.setenv("HUOBAN_TICKET", little.control.mint_ticket(other))
    for name, value in little.control.sign_in(other).items():
        monkeypatch.setenv(VARIABLES[name], value)
    template = str(tmp_path / "little")
    settings = {"base_url": little.base_url, "workspace": other, "template": template}
    write_profile(desk.home, **settings, planes=["v1", "v2", "gateway"])

    unbound = run(desk, "automation", "post", str(file), "--yes")
    assert unbound.exit is Exit.INVALID
    assert "field:person.level" in unbound.err
    run(desk, "apply", "--yes")
    preview = run(desk, "automation", "post", str(file))
    assert preview.exit is Exit.DONE
    assert "没有发送" in preview.out
    assert run(desk, "automation", "list").out.strip() == "模板管理的表上没有自动化."
    posted = run(desk, "automation", "post", str(file), "--yes")
    assert posted.exit is Exit.MANUAL_STEPS
    assert f"https://app.huoban.com/admin/spaces/{other}/tables/" in posted.out
    assert "待在编辑器里确认" in run(desk, "automation", "list").out
    assert run(desk, "automation", "confirm", "remind", "--by", "王芳").exit is Exit.DONE
    assert "待在编辑器里确认" not in run(desk, "automation", "list").out
    again = run(desk, "automation", "post", str(file), "--yes")
    assert again.exit is Exit.MANUAL_STEPS
    assert len(run(desk, "automation", "list", "-o", "json").json["automations"]) == 1
    everything = b"".join(desk.files().values())
    for variable in ("HB_ACCESS_TOKEN", "HB_TOKEN_COMPANY", "HUOBAN_TICKET", "TEST_KEY"):
        assert environ(variable).encode() not in everything


def test_automation_commands_say_what_is_wrong(little: Remote, desk: Desk, tmp_path: Path) -> None:
    run(desk, "apply", "--yes")
    assert run(desk, "automation", "capture", "7500000000000001", "Bad-Key").exit is Exit.INVALID
    gone = run(desk, "automation", "capture", "7500000000000001", "gone")
    assert gone.exit is Exit.INVALID
    assert "不存在" in gone.err
    assert run(desk, "automation", "confirm", "gone", "--by", "王芳").exit is Exit.INVALID
    file = tmp_path / "no.json"
    file.write_text("[]", encoding="utf-8")
    for verb in ("lint", "post"):
        assert run(desk, "automation", verb, str(file)).exit is Exit.INVALID
    plain = {"base_url": little.base_url, "workspace": little.workspace, "template": str(tmp_path / "little")}
    write_profile(desk.home, **plain)
    off = run(desk, "automation", "list")
    assert off.exit is Exit.INVALID
    assert "gateway" in off.err


def test_register_that_is_damaged_is_refused(little: Remote, desk: Desk) -> None:
    run(desk, "apply", "--yes")
    file = desk.home / "state" / f"automations.{little.workspace}.json"
    for text in ("{", '{"format": 2, "workspace": "1"}', '{"format": 1, "workspace": "1"}'):
        file.write_text(text, encoding="utf-8")
        said = run(desk, "automation", "list")
        assert said.exit is Exit.INVALID
        assert file.name in said.err.replace("\n  ", "")


@pytest.mark.parametrize("words", [("automation", "--help"), ("automation", "post", "--help"), ("--help",)])
def test_help_fits_a_terminal(desk: Desk, words: tuple[str, ...]) -> None:
    assert too_wide(desk.run(*words).out) == []
