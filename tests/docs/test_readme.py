"""README says what there is: the two command lines, every command, every exit code; every room has its charter."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import huoban_perf
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import _COMMANDS, run

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(huoban_perf.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
ROOMS = sorted(folder.parent.name for folder in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_each_command_stands_in_the_table(name: str) -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `huoban-perf ")]
    assert any(re.search(rf"huoban-perf {name}\b", row) for row in rows)
    assert all(row.count("|") == 4 for row in rows)


def test_commands_that_readme_names_exist() -> None:
    named = set(re.findall(r"huoban-perf (?:--profile \w+ )?([a-z][a-z-]*)", README))
    assert named <= set(_COMMANDS)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`huoban-perf (demo --data \w+|[a-z]+ [a-z]+)`", README))))
def test_forms_that_readme_shows_are_understood(command: str) -> None:
    assert run([*command.split(), "--help"]) is Exit.DONE


def test_two_command_lines_are_well_formed() -> None:
    install, test = (block.strip() for block in BLOCKS[:2])
    for line in (install, test):
        assert "\n" not in line
        steps = [shlex.split(step) for step in line.split("&&")]
        assert all(steps)
    assert [step.split()[0] for step in install.split(" && ")] == [
        "python3", ".venv/bin/pip", ".venv/bin/huoban-perf"
    ]  # fmt: skip
    assert install.endswith(" demo")
    assert test.endswith(" .venv/bin/pytest")
    assert "'.[dev]'" in test


def test_extras_that_readme_names_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"\.\[([a-z-]+)\]", README))
    assert named == {"dev", "demo-data", "bench"}
    assert named <= set(project["optional-dependencies"])
    assert "huoban-perf" in project["scripts"]


def test_every_exit_code_is_explained() -> None:
    said = README[README.index("exit codes") :].split("\n\n")[0]
    assert [code for code in Exit if not re.search(rf"\b{code.value}\b", said)] == []


def test_readme_speaks_both_languages() -> None:
    for heading in re.findall(r"^## (.*)$", README, flags=re.MULTILINE):
        assert " · " in heading, heading


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_has_a_charter(room: str) -> None:
    docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
    assert docstring is not None
    assert len(docstring) > 80
    if room not in {"core", "cli"}:
        assert re.search(r"import", docstring, flags=re.IGNORECASE), "a charter says what the room may import"


def test_every_module_says_what_it_is_for() -> None:
    bare = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert bare == []


def test_rooms_of_the_import_contract_are_those_there_are() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(entry for entry in settings["tool"]["importlinter"]["contracts"] if entry["type"] == "layers")
    named = {room.strip() for layer in contract["layers"] for room in layer.split("|")}
    planned = {room.strip("()") for room in named if room.startswith("(")}
    assert named - {f"({room})" for room in planned} <= set(ROOMS) <= {room.strip("()") for room in named}
