from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from huoban_perf import __version__
from huoban_perf.cli import main
from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, too_wide

HEAVY = ("duckdb", "flask", "requests", "pydantic", "waitress", "rich")
LOOK = """
import json, sys
from huoban_perf.cli.main import run
code = run(["--help"])
print(json.dumps([int(code), [name for name in %r if name in sys.modules]]))
"""


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK % (HEAVY,)], capture_output=True, text=True, check=True, timeout=60
    )
    *shown, last = done.stdout.splitlines()
    assert json.loads(last) == [0, []]
    assert [name for name in main._COMMANDS if f"  {name}" not in "\n".join(shown)] == []
    assert too_wide("\n".join(shown)) == []


@pytest.mark.parametrize("name", sorted(main._COMMANDS))
def test_each_command_has_help_of_its_own(name: str, desk: Desk) -> None:
    said = desk.run(name, "--help")
    assert said.exit is Exit.DONE
    assert f"huoban-perf {name}" in said.out


def test_version(desk: Desk) -> None:
    assert __version__ in desk.run("--version").out


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("plan", "--no-such-option"),
        ("--lang", "fr", "plan"),
        ("demo", "--data", "nothing"),
        ("demo", "-o", "xml"),
        ("job", "run", "nothing", "--cycle", "x"),
        ("score", "explain"),
        ("apply", "no-such-file.json"),
        ("apply", "--overwrite", "goal.weight"),
        ("adopt", "--bind", "table:goal"),
        ("adopt", "--bind", "table:goal="),
        ("adopt", "--bind", "Goal=21"),
        ("sandbox", "serve", "--port", "99999"),
    ],
)
def test_usage_error_exits_with_four_and_touches_nothing(words: tuple[str, ...], desk: Desk) -> None:
    said = desk.run(*words)
    assert said.exit is Exit.INVALID
    assert said.err
    assert said.out == ""
    assert not desk.home.exists()


def test_wrong_address_says_how_addresses_are_written(desk: Desk) -> None:
    assert "field:goal.weight" in desk.run("apply", "--overwrite", "goal.weight").err
    assert "地址=ID" in desk.run("adopt", "--bind", "table:goal").err


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("plan", callback=fail)


@pytest.mark.parametrize(
    ("words", "told"), [((), "已中断"), (("--lang", "en"), "Interrupted"), (("--lang=en",), "Interrupted")]
)
def test_interrupted(words: tuple[str, ...], told: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: failing(KeyboardInterrupt()))
    said = desk.run(*words, "plan")
    assert (said.exit, told in said.err) == (Exit.INTERRUPTED, True)


def test_our_own_defect_is_told_without_a_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: failing(ZeroDivisionError("secret")))
    said = desk.run("plan")
    assert said.exit is Exit.ERROR
    assert "ZeroDivisionError" in said.err
    assert "secret" not in said.err
    monkeypatch.setenv("HUOBAN_PERF_TRACE", "1")
    with pytest.raises(ZeroDivisionError):
        desk.run("plan")


def test_exit_asked_for_by_a_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: failing(click.exceptions.Exit(7)))
    assert desk.run("plan").exit == 7


def test_process_leaves_with_the_exit_code(desk: Desk) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(["no-such-command"])
    assert caught.value.code == 4


def test_language_comes_from_the_option_or_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "找不到配置" in desk.run("--profile", "x", "plan").err
    assert "No profile" in desk.run("--lang", "en", "--profile", "x", "plan").err
    monkeypatch.setenv("HUOBAN_PERF_LANG", "en")
    assert "No profile" in desk.run("--profile", "x", "plan").err
    assert "找不到配置" in desk.run("--lang", "zh", "--profile", "x", "plan").err
