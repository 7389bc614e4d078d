"""Habits of a command-line tool: usage errors in the reader's language, completion, log file, colours, scope, calls."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from huoban_perf.cli import main
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import progress
from tests.cli.desk import Desk, Remote, little_template, too_wide, write_profile

PRODUCTION = ("--profile", "production")


@pytest.fixture
def little(desk: Desk, remote: Remote, tmp_path: Path) -> Remote:
    """A small app on a workspace whose builder is on."""
    template = little_template(tmp_path / "little")
    planes = ["v1", "builder"]
    write_profile(
        desk.home, base_url=remote.base_url, workspace=remote.workspace, template=str(template), planes=planes
    )
    return remote


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("plan", "--outt", "x"), "没有 --outt 这个选项. 相近的有: --out", "There is no option --outt"),
        (("plann",), "没有 plann 这个命令", "There is no command plann"),
        (("plan", "-o", "xml"), "--output 应为以下之一: text、json、markdown", "--output must be one of"),
        (("apply", "nowhere.json"), "文件或文件夹不存在", "no such file or folder"),
        (("apply", "--overwrite", "goal"), "goal: 应为地址", "goal: expected an address"),
        (("adopt", "--bind", "table:goal"), "应为 地址=ID", "expected ADDRESS=ID"),
        (("adopt", "--attest", "view:goal.x"), "--attest 需要 --by", "--attest needs --by"),
        (("guide",), "缺少 --out", "--out is missing"),
        (("sandbox", "serve", "--port", "99999"), "--port 应在 0 到 65535 之间", "--port must be between"),
        (("plan", "--out"), "--out 用得不对", "--out is not used as it should be"),
    ],
)
def test_usage_errors_are_in_the_readers_language_and_exit_with_four(
    words: tuple[str, ...], zh: str, en: str, desk: Desk
) -> None:
    for lang, told in (("zh", zh), ("en", en)):
        said = desk.run("--lang", lang, *words)
        assert said.exit is Exit.INVALID
        assert told in said.err
        assert "--help" in said.err
        assert said.out == ""


def test_help_is_chinese(desk: Desk) -> None:
    said = desk.run("state", "list", "--help")
    assert [word for word in ("Usage", "Options", "Show this message") if word in said.out] == []
    assert "用法" in said.out
    assert too_wide(said.out) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(shell: str, desk: Desk) -> None:
    said = desk.run("completion", shell)
    assert said.exit is Exit.DONE
    assert "_HUOBAN_PERF_COMPLETE" in said.out


def test_completion_answers_without_importing_commands(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from huoban_perf.cli.main import main; main([])"],
        env={"COMP_WORDS": "huoban-perf ro", "COMP_CWORD": "1", "_HUOBAN_PERF_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(main.__file__).parents[2],
    )
    assert done.stdout.split() == ["plain,rollback"]


def test_log_file_says_what_ran_and_never_a_secret_or_a_name(
    desk: Desk, little: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "logs" / "run.log"
    assert desk.run("--log-file", str(file), *PRODUCTION, "apply", "--yes").exit is Exit.DONE
    monkeypatch.setenv("TEST_KEY", "w" * 40)
    assert desk.run("--log-file", str(file), *PRODUCTION, "plan").exit is Exit.NO_ACCESS
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|ERROR) ", line) for line in lines)
    assert [line.split(" ", 1)[1] for line in lines if "run " in line] == ["INFO run apply", "INFO run plan"]
    assert "progress.apply 8" in text
    assert "AccessError code=" in text
    assert text.rstrip().endswith("exit 3")
    assert little.key not in text
    assert "w" * 40 not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_log_file_an_error_is_its_message_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "huoban_perf", "--profile", "nowhere", "plan"],
        env={"HUOBAN_PERF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(main.__file__).parents[2],
    )
    assert done.returncode == Exit.INVALID
    assert done.stderr.startswith("找不到配置 nowhere")
    assert "code=" not in done.stderr


def test_log_file_that_cannot_be_written_is_a_clear_error(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    said = desk.run("--log-file", str(tmp_path / "taken" / "run.log"), "template", "list")
    assert said.exit is Exit.INVALID
    assert "写不了" in said.err


def test_no_color_prints_no_colour(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    with progress(locale="zh", form="json") as report:
        report("progress.apply", subject="部门", done=1, total=1)
    assert re.findall(r"\x1b\[[0-9;]*m", capsys.readouterr().err.replace("\x1b[0m", "")) == []


def test_plan_as_json_gives_every_step_its_risk(desk: Desk, little: Remote) -> None:
    found = desk.run(*PRODUCTION, "plan", "-o", "json").json
    assert {step["risk"] for step in found["steps"]} == {"safe"}
    assert found["risks"] == {"safe": 8, "manual": 0, "data_loss": 0}
    assert found["format_version"] == found["format"]


def test_only_some_tables_and_what_they_need(desk: Desk, little: Remote) -> None:
    team = desk.run(*PRODUCTION, "plan", "--only", "team", "-o", "json").json
    assert {step["named"][0] for step in team["steps"]} == {"团队"}
    person = desk.run(*PRODUCTION, "plan", "--only", "table:person", "-o", "json").json
    assert "table:team" in {step["address"] for step in person["steps"]}
    assert desk.run(*PRODUCTION, "apply", "--only", "team", "--yes").exit is Exit.DONE
    assert [table["name"] for table in little.dump()[0]["tables"]] == ["团队"]
    assert desk.run(*PRODUCTION, "apply", "--yes").exit is Exit.DONE
    assert desk.run(*PRODUCTION, "plan", "--detailed-exitcode").exit is Exit.DONE
    wrong = desk.run(*PRODUCTION, "plan", "--only", "nowhere")
    assert (wrong.exit, "不在模板里" in wrong.err) == (Exit.INVALID, True)


def test_calls_are_as_few_as_objects_need(desk: Desk, little: Remote) -> None:
    """Plan: the list, one config a table, what is defined; apply: one call an object, and the same reads again."""
    made = desk.run(*PRODUCTION, "apply", "--yes", "-o", "json").json["traffic"]
    objects = 2 + 6  # tables and fields; options come with their field
    assert made == {"requests": 1 + 2 + objects + 4, "writes": objects, "requests_minimum": 1 + 2 + objects + 4}
    before = little.control.stats()
    unchanged = desk.run(*PRODUCTION, "plan", "-o", "json").json["traffic"]
    assert unchanged == {"requests": 5, "writes": 0, "requests_minimum": 5}
    after = little.control.stats()
    assert after["requests"] - before["requests"] == 5
    assert "请求 5 次 (其中写 0 次), 理论最少 5 次" in desk.run(*PRODUCTION, "apply", "--yes").out


def test_state_is_shown_moved_and_forgotten(desk: Desk, little: Remote) -> None:
    desk.run(*PRODUCTION, "apply", "--yes")
    before = little.dump()
    said = desk.run(*PRODUCTION, "state", "show", "field:team.code")
    assert said.exit is Exit.DONE
    assert "由程序建" in said.out
    assert "不可重复: 是" in said.out
    assert too_wide(said.out) == []
    assert desk.run(*PRODUCTION, "state", "show", "field:team.code", "-o", "json").json["origin"] == "created"
    assert desk.run(*PRODUCTION, "state", "move", "field:team.code", "field:team.number").exit is Exit.DONE
    listed = desk.run(*PRODUCTION, "state", "list", "-o", "json").json["objects"]
    assert "field:team.number" in listed
    assert "field:team.code" not in listed
    taken = desk.run(*PRODUCTION, "state", "move", "field:team.number", "field:team.name")
    assert (taken.exit, "已经绑定了另一个对象" in taken.err) == (Exit.INVALID, True)
    missing = desk.run(*PRODUCTION, "state", "show", "field:team.code")
    assert (missing.exit, "没有绑定" in missing.err) == (Exit.INVALID, True)
    assert desk.run(*PRODUCTION, "state", "forget", "field:team.number").exit is Exit.DONE
    assert little.dump() == before
