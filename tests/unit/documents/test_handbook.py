"""The handbook: every role, table, state and notice stands in it; names stay text; the page loads and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.labels import Labels
from huoban_perf.documents import handbook_of, write_handbook
from huoban_perf.documents.drawing import relations_picture, stages_picture, states_picture
from huoban_perf.documents.handbook import Handbook
from huoban_perf.documents.handbook_page import handbook_page
from huoban_perf.template import compile_schema, load_template, trace_of
from tests.unit.documents.browser import MISSING, PROGRAM, Browser, browser
from tests.unit.documents.wishes import MARKUP, QUOTES, SCRIPT, app, hostile

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"
NAME = Labels("大样", "Rich sample")


@pytest.fixture(name="book", scope="module")
def book_fixture() -> Handbook:
    return handbook_of(compile_schema(load_template(RICH)), name=NAME)


def test_role_part_lists_what_the_role_finds_and_does(book: Handbook) -> None:
    manager = next(role for role in book.roles if role.key == "manager")
    assert (manager.name, manager.group) == ("上级", "全员")
    assert [(view.name, view.kind) for view in manager.views] == [
        ("团队进度", "看板"),
        ("日历", "日历"),
        ("甘特", "甘特"),
    ]
    assert [(deed.name, deed.way) for deed in manager.deeds] == [
        ("退回", "待确认 → 草稿"), ("确认", "待确认 → 待面谈"), ("完成", "待面谈 → 已完成")
    ]  # fmt: skip
    (form,) = manager.forms
    assert form.says == "3 项: 工作业绩、协作、说明"
    assert [form.name for form in book.public] == ["客户评价"]
    (hr,) = [role for role in book.roles if role.key == "hr"]
    assert [page.name for page in hr.pages] == ["HR 首页"]
    assert [deed.way for deed in hr.deeds][-1] == "申诉中 → 原来的状态"


def test_table_part_has_fields_rights_ways_and_recipes(book: Handbook) -> None:
    sheet = next(table for table in book.tables if table.key == "sheet")
    lines = {line.name: line for line in sheet.fields}
    assert lines["上级操作"].marks == "自动生成"
    assert (lines["结余"].kind, lines["结余"].writer) == ("计算", "平台")
    assert "选项: 草稿、待确认" in lines["状态"].says
    everyone = next(line for line in sheet.rights if line.groups == ("全员",))
    assert everyone.must_not_see == "他人的考核单, 以及花了多少"
    assert "已用" in everyone.visible
    submit = next(way for way in sheet.ways if way.name == "提交")
    assert submit.needs == "说明、权重"
    assert submit.checks == ("权重合计 {total}, 应为 100", "缺评价人")
    assert [recipe.title for recipe in sheet.recipes][:2] == ["提交", "到期提醒"]
    task = next(table for table in book.tables if table.key == "task")
    assert task.states is None
    assert {line.groups for line in task.rights} == {("全员",), ("HR",)}


def test_groups_that_may_do_the_same_share_a_line() -> None:
    book = handbook_of(app(), name=Labels("绩效管理", "Performance"))
    lines = [line for table in book.tables for line in table.rights]
    assert any(len(line.groups) > 1 for line in lines)
    assert sum(len(line.groups) for line in lines) == book.counts["permissions"]


def test_notices_say_when_to_whom_and_what(book: Handbook) -> None:
    said = {(notice.when, notice.who): notice.text for notice in book.notices}
    assert said["提交", "「上级」"] == "{「所属员工.姓名」} 提交了, 请确认"
    assert said["超支提醒", "HR"] == "有一项费用超过预算"
    assert len(book.notices) == 4


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_pictures_show_tables_relations_and_states(book: Handbook) -> None:
    schema = compile_schema(load_template(RICH))
    drawn = texts(stages_picture([("一", ["人员"]), ("二", ["考核单", "人员"])]))
    assert sorted(drawn) == sorted(["一", "二", "人员", "考核单", "人员"])
    assert book.stages is None  # one group of tables is no process
    relations = relations_picture(schema, names="zh")
    assert relations.count('class="edge"') == 2
    machine = schema.machine("sheet")
    assert machine is not None
    states = texts(states_picture(machine, names="zh"))
    assert {"草稿", "待面谈", "申诉中", "原来的状态", "退回"} <= set(states)
    assert book.relations == relations


def test_process_with_its_servers_is_drawn_and_listed() -> None:
    template = load_template("performance")
    served = tuple(trace_of(template))
    book = handbook_of(template.schema, name=Labels("绩效管理", "Performance"), served=served)
    stages = ["目标设定", "绩效计划", "实施与监控", "绩效评估", "反馈与沟通", "结果应用"]
    assert book.stages is not None
    assert texts(book.stages)[: len(stages)] == stages
    assert len(book.promises) == len(served)
    assert all(promise.kept_by for promise in book.promises)


def test_stages_stand_in_the_order_of_the_process() -> None:
    groups = [group.zh for group, _ in app().grouped() if group is not None]
    assert groups == ["组织", "方案", "目标", "过程", "评估", "反馈", "应用与优化"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_names_are_text_whatever_they_try_to_be() -> None:
    page = handbook_page(handbook_of(hostile(), name=Labels(SCRIPT, MARKUP)))
    tags = _Tags()
    tags.feed(page)
    assert not {"script", "img", "b", "a href"} & (tags.seen - {"a"})
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert "&lt;script&gt;" in page
    assert QUOTES not in page


def test_same_template_gives_the_same_page() -> None:
    pages = [handbook_page(handbook_of(compile_schema(load_template(RICH)), name=NAME)) for _ in range(2)]
    assert pages[0] == pages[1]


def test_every_table_role_view_and_form_of_the_app_stands_in_the_page() -> None:
    schema = app()
    page = handbook_page(handbook_of(schema, name=Labels("绩效管理", "Performance")))
    named = [one.labels.zh for one in (*schema.tables, *schema.roles, *schema.views, *schema.pages)]
    named += [form.labels.zh for form in schema.forms]
    assert [name for name in named if f">{name}<" not in page and f">{name} <" not in page] == []


def test_folder_that_cannot_be_written_is_one_clear_error(book: Handbook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(HuobanPerfError) as caught:
        write_handbook(book, tmp_path / "file" / "handbook.html")
    assert caught.value.code == "documents.not_writable"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_page_opens_without_complaint_and_fetches_nothing(chromium: Browser, book: Handbook, tmp_path: Path) -> None:
    file = tmp_path / "handbook.html"
    write_handbook(book, file)
    chromium.open(file.as_uri())
    asked = [event["request"]["url"] for event in chromium.said("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith(("data:", file.as_uri()))] == []
    assert chromium.said("Log.entryAdded") == []
    assert chromium.evaluate("document.querySelectorAll('figure svg').length") == 2
    assert chromium.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert chromium.evaluate("[...document.querySelectorAll('nav a')].every((a) => document.querySelector(a.hash))")
