"""A person at the command line: runs commands in this process, reads what they print, looks at the world's file."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import SystemClock
from huoban_perf.platforms.huoban import ControlPlane
from huoban_perf.profile.connect import WORLD_START
from huoban_perf.sandbox import World, open_world, serve
from huoban_perf.sandbox.world.dump import everything_of
from huoban_perf.template import find_template


@dataclass(frozen=True)
class Said:
    """What one command came to."""

    exit: Exit
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def flat(text: str) -> str:
    """The text without the breaks of its folding at 80 columns."""
    return "".join(text.split())


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in line)


def too_wide(text: str) -> list[str]:
    return [line for line in text.split("\n") if width(line) > 80]


class Desk:
    """One home folder."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self._capsys = home, capsys
        monkeypatch.setenv("HUOBAN_PERF_HOME", str(home))
        self.environ = monkeypatch.setenv

    def run(self, *words: str) -> Said:
        self._capsys.readouterr()
        code = run(list(words))
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)

    @property
    def world_file(self) -> Path:
        return self.home / "sandbox" / "world.sqlite"

    def world(self) -> World:
        return open_world(self.world_file, start=WORLD_START, seed=1)

    def dump(self) -> Any:
        """Everything the workspace holds, ids included."""
        world = self.world()
        try:
            return contents(world)
        finally:
            world.close()

    def files(self) -> dict[str, bytes]:
        """Every file of the home except the world, the stored runs and locks, which hold nothing."""
        return {
            str(file.relative_to(self.home)): file.read_bytes()
            for file in sorted(self.home.rglob("*"))
            if file.is_file() and file.suffix != ".lock" and file.parts[len(self.home.parts)] not in {"sandbox", "runs"}
        }

    def copy_of(self, home: Path) -> None:
        shutil.copytree(home, self.home, dirs_exist_ok=True)


def contents(world: World) -> Any:
    """Workspaces with people, tables and items, ids and times included; keys come and go with each connection."""
    with world.lock:
        return everything_of(world)["spaces"]


@dataclass
class Remote:
    """A workspace served like the real one: reached with a key and nothing else; ``control`` is the web page."""

    url: str
    world: World
    control: ControlPlane
    workspace: WorkspaceId
    key: str

    @property
    def base_url(self) -> str:
        return f"{self.url}/openapi/v1"

    def dump(self) -> Any:
        return contents(self.world)

    def build_table(self, name: str, *fields: dict[str, object]) -> str:
        """Build a table by hand, with one text field unless told otherwise."""
        made = self.control.post("build/table", {"space_id": self.workspace, "name": name})
        for field in fields:
            self.control.post("build/field", {"table_id": made["table_id"], **field})
        return str(made["table_id"])


@contextmanager
def served(file: Path | None = None) -> Iterator[Remote]:
    """Serve a new workspace, or the only one of a world's file."""
    world = open_world(file, start=WORLD_START, seed=1)
    try:
        with serve(world) as server, requests.Session() as session:
            control = ControlPlane(control_url=f"{server.url}/_sandbox", session=session, clock=SystemClock())
            control.limit_rate(None)
            spaces = control.workspaces()
            workspace = WorkspaceId(str(spaces[0]["space_id"])) if spaces else control.build_workspace("绩效管理")
            yield Remote(server.url, world, control, workspace, control.mint_key(workspace))
    finally:
        world.close()


def little_template(folder: Path, *, version: str = "1") -> Path:
    """A template of two small tables, so that deploying it is quick."""
    (folder / "tables").mkdir(parents=True)
    for name in ("parameters.yaml", "scheme.yaml"):
        shutil.copyfile(find_template("performance") / name, folder / name)
    head = f'key: little\nversion: "{version}"\nlabels: {{zh: 小应用, en: Little app}}\norder: [team, person]\n'
    (folder / "app.yaml").write_text(head + "moved: []\nlifecycle:\n  allow_delete: []\n", encoding="utf-8")
    (folder / "tables" / "team.yaml").write_text(
        "key: team\nlabels: {zh: 团队, en: Team}\ntitle: name\nkey_field: code\nfields:\n"
        "  - {key: name, labels: {zh: 团队名称, en: Team name}, kind: text}\n"
        "  - {key: code, labels: {zh: 团队编码, en: Team code}, kind: text, unique: true}\n",
        encoding="utf-8",
    )
    (folder / "tables" / "person.yaml").write_text(
        "key: person\nlabels: {zh: 人员, en: Person}\ntitle: name\nkey_field: code\nfields:\n"
        "  - {key: name, labels: {zh: 姓名, en: Name}, kind: text}\n"
        "  - {key: code, labels: {zh: 编号, en: Code}, kind: text, unique: true}\n"
        "  - {key: team, labels: {zh: 所属团队, en: Team of}, kind: relation, target: team}\n"
        "  - key: level\n    labels: {zh: 级别, en: Level}\n    kind: choice\n    options:\n"
        "      - {key: low, zh: 初级, en: Junior}\n      - {key: high, zh: 高级, en: Senior}\n",
        encoding="utf-8",
    )
    return folder


def write_profile(home: Path, **settings: object) -> None:
    """Write a profile ``production``; values as JSON, which is YAML."""
    write_profiles(home, production=settings)


def write_profiles(home: Path, **profiles: dict[str, object]) -> None:
    """Write several profiles; values as JSON, which is YAML."""
    home.mkdir(parents=True, exist_ok=True)
    common = {"platform": "huoban", "api_key": {"env": "TEST_KEY"}, "rate_per_s": None}
    content = json.dumps({"profiles": {name: {**common, **one} for name, one in profiles.items()}}, ensure_ascii=False)
    (home / "profiles.yaml").write_text(content, encoding="utf-8")
