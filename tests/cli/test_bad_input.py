"""Bad input: one clear Chinese error each, where it is, what was expected and the next step; nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.sandbox.world.rows import API_USER
from huoban_perf.template import find_template
from tests.cli.desk import Desk, Remote, Said, flat, write_profile

PRODUCTION = ("--profile", "production")


class Page(BaseHTTPRequestHandler):
    """Answers every request with a web page, as a login page or a wrong address does."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"<!doctype html><title>login</title>" * 10
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the server looks for this name

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def web_page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def refused(desk: Desk, remote: Remote | None, *words: str) -> Said:
    """Run a command that must leave workspace and home as they were and print nothing but its error."""
    before, files = remote and remote.dump(), desk.files()
    said = desk.run(*words)
    assert said.exit is not Exit.DONE
    assert said.out == ""
    assert "Traceback" not in said.err
    assert (remote and remote.dump(), desk.files()) == (before, files)
    return said


# key and workspace


@pytest.mark.parametrize(
    "command", [("doctor",), ("plan",), ("apply", "--yes"), ("job", "run", "score", "--cycle", "x")]
)
def test_wrong_key(desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.setenv("TEST_KEY", "w" * 40)
    said = refused(desk, remote, *PRODUCTION, *command)
    assert said.exit is Exit.NO_ACCESS
    assert "平台不接受这个 API Key" in said.err
    assert "企业后台→接口授权" in said.err
    assert "w" * 40 not in said.err


@pytest.mark.parametrize("key", [None, "", "   "])
def test_missing_key(desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    monkeypatch.delenv("TEST_KEY") if key is None else monkeypatch.setenv("TEST_KEY", key)
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert "环境变量 TEST_KEY 为空" in said.err
    assert "export TEST_KEY=" in said.err


def test_key_that_cannot_stand_in_a_header(desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "密钥")
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert "API Key 里有空格、换行、中文" in said.err
    assert "没有发出任何请求" in said.err


@pytest.mark.parametrize("workspace", ["别处", "4000000000009999"])
def test_unknown_workspace(desk: Desk, remote: Remote, workspace: str) -> None:
    write_profile(desk.home, base_url=remote.base_url, workspace=workspace)
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert f"找不到工作区 {workspace}" in said.err
    assert "绩效管理" in said.err


# template


@pytest.fixture
def broken(desk: Desk, remote: Remote) -> Path:
    """A copy of the template to break; the profile points to it."""
    folder = desk.home.with_name("performance")
    shutil.copytree(find_template("performance"), folder)
    write_profile(desk.home, base_url=remote.base_url, workspace=remote.workspace, template=str(folder))
    return folder


def change(file: Path, old: str, new: str) -> int:
    """Replace text that stands in a file; return its line."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("doctor",)])
def test_template_with_an_unknown_key(desk: Desk, remote: Remote, broken: Path, command: tuple[str, ...]) -> None:
    line = change(broken / "tables" / "cycle.yaml", "    decimals: 0\n", "    decimal: 0\n")
    said = refused(desk, remote, *PRODUCTION, *command)
    assert said.exit is Exit.INVALID
    assert f"tables/cycle.yaml:{line}" in said.err
    assert "field:cycle.min_days" in said.err
    assert "最接近的是 decimals" in said.err


def test_template_whose_weights_miss_one_hundred(desk: Desk, remote: Remote, broken: Path) -> None:
    change(broken / "scheme.yaml", "kpi_weight: 70", "kpi_weight: 60")
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert "scheme.yaml:" in said.err
    assert "权重合计 90, 应为 100" in said.err
    assert "可改为" in said.err


def test_template_with_a_relation_to_a_missing_table(desk: Desk, remote: Remote, broken: Path) -> None:
    line = change(broken / "tables" / "position.yaml", "target: scheme", "target: plan_of_pay")
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert f"tables/position.yaml:{line}" in said.err
    assert "指向的表 plan_of_pay 不存在" in said.err


def test_extract_file_with_a_wrong_path(desk: Desk, demo_home: Path, broken: Path) -> None:
    desk.copy_of(demo_home)
    profile = f'profiles: {{sandbox: {{template: "{broken}", planes: [v1, builder], rate_per_s: null}}}}'
    (desk.home / "profiles.yaml").write_text(profile, encoding="utf-8")
    line = change(broken / "extract.yaml", "hire_date: hire_date", "hire_date: hired")
    before = desk.dump()
    said = desk.run("job", "run", "score", "--cycle", "2026Q3", "--yes")
    assert said.exit is Exit.INVALID
    assert f"extract.yaml:{line}" in said.err
    assert "people.hire_date" in said.err
    assert "请对照模板的字段键改正" in said.err
    assert desk.dump() == before


def test_every_mistake_is_told_at_once_and_by_lint_too(desk: Desk, remote: Remote, broken: Path) -> None:
    change(broken / "tables" / "cycle.yaml", "    decimals: 0\n", "    decimal: 0\n")
    change(broken / "tables" / "position.yaml", "target: scheme", "target: plan_of_pay")
    change(broken / "scheme.yaml", "kpi_weight: 70", "kpi_weight: 60")
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert [name for name in ("cycle.yaml", "position.yaml", "scheme.yaml") if name not in said.err] == []
    lint = desk.run("template", "lint", str(broken))
    assert lint.exit is Exit.INVALID
    assert "3 处错误" in lint.out
    report = desk.run("template", "lint", str(broken), "-o", "json").json
    assert (report["format_version"], report["errors"]) == (1, 3)


def test_unknown_template(desk: Desk, remote: Remote) -> None:
    write_profile(desk.home, base_url=remote.base_url, workspace=remote.workspace, template="performence")
    said = refused(desk, remote, *PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert "performence" in said.err


# workspace


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_field_of_another_type(desk: Desk, remote: Remote, command: tuple[str, ...]) -> None:
    remote.build_table("员工", {"name": "工号", "kind": "number"})
    said = refused(desk, remote, *PRODUCTION, *command)
    assert said.exit is Exit.INVALID
    assert flat("表「员工」的字段「工号」类型应为 单行文本, 现在是 数值") in flat(said.err)
    assert "字段类型不能就地修改" in said.err


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_two_tables_of_one_name(desk: Desk, remote: Remote, command: tuple[str, ...]) -> None:
    ids = [remote.build_table("员工"), remote.build_table("员工")]
    said = refused(desk, remote, *PRODUCTION, *command)
    assert said.exit is Exit.INVALID
    assert "不止一张表可能是「员工」" in said.err
    assert all(table in said.err for table in ids)
    assert "huoban-perf adopt" in said.err


def test_answer_that_no_option_of_the_scale_has(desk: Desk, demo_home: Path) -> None:
    """The scale of a criterion is its options; somebody added one in the web page and chose it."""
    desk.copy_of(demo_home)
    world = desk.world()
    with world.call("test", writes=True):
        ((space, _),) = world.definitions.spaces()
        tables = {world.definitions.table(table).name: table for table in world.definitions.table_ids(space)}
        forms = tables["评价任务"]
        field = next(field for field in world.definitions.table(forms).fields if field.name == "协作配合")
        option = world.builder.option(table_id=forms, field_id=field.field_id, name="6 超神", color=None)
        row, table = next(iter(world.rows.all_of(forms))), world.definitions.table(forms)
        values = world.rows.check(table=table, fields={field.key: [str(option)]}, rules=world.rules, creating=False)
        world.rows.update(row, table=table, values=values, user_id=API_USER, rules=world.rules)
    world.close()
    before = desk.dump()
    said = desk.run("job", "run", "score", "--cycle", "2026Q3", "--yes")
    assert said.exit is Exit.INVALID
    assert "表 评价任务 的字段 协作配合" in said.err
    assert "huoban-perf plan" in said.err
    assert desk.dump() == before


# server


@pytest.mark.parametrize("command", [("doctor",), ("plan",), ("apply", "--yes")])
def test_server_that_answers_html(desk: Desk, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.setenv("TEST_KEY", "k" * 40)
    with web_page() as url:
        write_profile(desk.home, base_url=f"{url}/openapi/v1", workspace="绩效管理")
        said = refused(desk, None, *PRODUCTION, *command)
    assert said.exit is Exit.ERROR
    assert "收到的不是平台的 JSON, 而是 text/html" in said.err
    assert flat("base_url 应形如 https://api.huoban.com/openapi/v1") in flat(said.err)


def test_address_that_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "k" * 40)
    write_profile(desk.home, base_url="api.huoban.com", workspace="绩效管理")
    said = refused(desk, None, *PRODUCTION, "plan")
    assert "base_url 不是可用的地址" in said.err
