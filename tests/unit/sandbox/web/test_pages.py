"""What a person sees: tables, views of every shape, items, blocks; and nothing that the permissions keep back."""

from __future__ import annotations

import pytest

from huoban_perf.sandbox.web.grids import PAGE
from tests.unit.sandbox.web.office import Office


def test_person_is_chosen_and_starts_at_the_page_made_for_him(office: Office) -> None:
    stranger = office.browser()
    text = stranger.text("/")
    assert "演示网页, 代替伙伴云" in text
    assert text.index("人事刘洋") < text.index("王芳")  # those with a group first
    assert "没有找到" in stranger.text("/?q=nobody")
    assert "<h1>我的页面</h1>" in office.browser("王芳").text("/home")
    assert "<h1>总览页</h1>" in office.browser("人事刘洋").text("/home")
    assert "选一个人" in stranger.text("/home")


def test_views_are_those_of_the_roles_that_the_person_holds(office: Office) -> None:
    mine = office.browser("王芳").text(f"/t/{office.goal}")
    assert "视图grid" in mine
    assert "视图all" not in mine
    assert "视图headed" not in mine
    assert "视图headed" in office.browser("李雷").text(f"/t/{office.goal}")  # he heads a department
    assert office.browser("王芳").get(f"/v/{office.ids['all']}").status_code == 404


def test_rows_and_fields_are_those_that_the_person_sees(office: Office) -> None:
    office.put("goal", name="别人的目标", owner=[office.people["李雷"]])
    grid = f"/v/{office.ids['grid']}"
    mine = office.browser("王芳").text(grid)
    assert "签约" in mine
    assert "别人的目标" not in mine
    assert "保密分" not in mine
    hr = office.browser("人事刘洋").text(f"/v/{office.ids['all']}")
    assert "别人的目标" in hr
    assert "保密分" in hr
    assert office.browser("李雷").get(f"/r/{office.first}").status_code == 404


@pytest.mark.parametrize("key", ["grid", "board", "month", "line", "cards", "grouped"])
def test_every_shape_shows_its_rows(office: Office, key: str) -> None:
    me = [office.people["王芳"]]
    office.put("goal", name="带日期的", owner=me, status="sent", start="2024-03-05", end="2024-03-20", progress=0)
    office.put("goal", name="没有状态", owner=me, start="2024-03-31")
    text = office.browser("王芳").text(f"/v/{office.ids[key]}")
    assert "带日期的" in text
    assert "没有状态" in text
    if key in {"board", "grouped"}:
        assert text.index("签约") < text.index("带日期的") < text.index("没有状态")  # in the order of the options
    if key == "grid":
        assert text.index("签约") < text.index("带日期的")  # heavier first
        assert "从重到轻" in text


def test_calendar_turns_its_months(office: Office) -> None:
    office.put("goal", name="四月的", owner=[office.people["王芳"]], start="2024-04-30")
    page = office.browser("王芳")
    path = f"/v/{office.ids['month']}"
    assert "四月的" not in page.text(path)
    assert "?month=2024-04" in page.text(path)
    assert "四月的" in page.text(f"{path}?month=2024-04")
    assert "2024 年 3 月" in page.text(f"{path}?month=nonsense")


def test_long_view_comes_in_pages_and_is_searched(office: Office) -> None:
    for number in range(PAGE + 3):
        office.put("goal", name=f"第{number:03}条", owner=[office.people["王芳"]])
    page, path = office.browser("王芳"), f"/v/{office.ids['cards']}"
    assert "第 1 / 2 页" in page.text(path)
    assert page.text(path).count('class="kard"') == PAGE
    assert page.text(f"{path}?page=2").count('class="kard"') == 4
    assert "第 2 / 2 页" in page.text(f"{path}?page=999")
    found = page.text(f"{path}?q=第00")
    assert "找到 10 条" in found
    assert "没有名称里含“无此”的数据" in page.text(f"{path}?q=无此")


def test_item_shows_fields_relations_and_what_points_to_it(office: Office) -> None:
    more = {office.field("team").key: [office.sales], office.field("note").key: "一行\n二行"}
    office.sandbox.raw("PUT", f"/item/{office.first}", {"fields": more})
    page = office.browser("王芳")
    text = page.text(f"/r/{office.first}")
    assert f'<a href="/r/{office.sales}">销售部</a>' in text
    assert "一行\n二行" in text
    assert "保密分" not in text
    assert "还是空的" in text
    department = page.text(f"/r/{office.sales}")
    assert f'<a href="/r/{office.first}">签约</a>' in department
    assert "签约" not in office.browser("李雷").text(f"/r/{office.sales}")


def test_blocks_count_what_the_person_sees_and_leave_out_what_is_hidden(office: Office) -> None:
    for name, who, weight, day in (("二", "王芳", 40, "2024-03-01"), ("三", "李雷", 99, "2024-03-02")):
        owner = [office.people[who]]
        office.put("goal", name=name, owner=owner, weight=weight, progress=0, status="sent", start=day)
    text = office.browser("王芳").text("/home")
    assert '<span class="figure some">1</span><span class="what">草稿</span>' in text
    assert '<span class="figure some">100</span><span class="what">权重和</span>' in text
    assert "保密" not in text.split("<main", 1)[1]
    assert "polyline" in text
    assert "stroke-dasharray" in text
    assert "现在没有" not in text
    assert "填一条" in text


def test_workspace_without_an_app_says_what_to_do(office: Office) -> None:
    office.sandbox.control("build/workspace", {"name": "空的"})
    text = office.browser().text("/")
    assert "空的" in text  # a second workspace is offered beside the first
    spaces = office.sandbox.look("workspaces")["spaces"]
    assert "还没有表格" in office.browser().text(f"/?space={spaces[-1]['space_id']}")
    assert "还没有部署应用" in office.browser().text("/?space=77")
