"""A whole appraisal in a browser, as employee, manager, peer, customer and HR. The tests go on from each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.company import BOSS, CYCLE, HR, LEAD, MATE, PEER, STAFF, Company
from tests.web.conftest import Enter

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("web")]


def choices(page: Page, name: str) -> Locator:
    """The buttons of a question of which one or several are picked."""
    return page.get_by_role("radiogroup", name=name).or_(page.get_by_role("group", name=name))


def fill(page: Page, answers: Mapping[str, str]) -> None:
    """Answer questions of a form by their names: text, or the choice of a list or of buttons."""
    for name, answer in answers.items():
        group = choices(page, name)
        if group.count():
            group.get_by_label(answer).check()
            continue
        box = page.get_by_label(name, exact=False).first
        if box.evaluate("found => found.tagName") == "SELECT":
            box.select_option(label=answer)
        else:
            box.fill(answer)


def table(page: Page, name: str, view: str | None = None) -> None:
    """Go to a table, or to one of its views."""
    page.get_by_role("navigation", name="应用导航", exact=True).get_by_role("link", name=name, exact=True).click()
    if view is not None:
        page.get_by_role("navigation", name="视图").get_by_role("link", name=view, exact=True).click()


def row(page: Page, name: str) -> None:
    """Open an item of the list."""
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def act(page: Page, name: str, reason: str = "") -> None:
    """Take an action on the item that is open."""
    if reason:
        page.get_by_label("操作说明").fill(reason)
    page.get_by_role("region", name="可以做的事").get_by_role(
        "button", name=re.compile(rf"^{name}( \(写原因\))?$")
    ).click()


def status(page: Page, name: str) -> None:
    """Check the state of the item that is open."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def send(page: Page) -> None:
    page.locator("form.sheet button").click()


def notices(page: Page) -> str:
    return " ".join(page.locator(".notice").all_inner_texts())


def contract(page: Page, name: str = STAFF) -> None:
    """Open the sheet of an appraisal as its own person."""
    table(page, "绩效考核单", "我的绩效合约")
    row(page, f"{name} {CYCLE}")


DATES = {
    "开始": "2026-10-01",
    "结束": "2026-12-31",
    "目标开放日": "2026-10-01",
    "目标截止": "2026-10-09",
    "评价开始日": "2027-01-04",
    "自评截止": "2027-01-06",
    "评价截止": "2027-01-08",
    "公布日": "2027-01-12",
    "确认截止": "2027-01-20",
    "申诉截止": "2027-01-28",
}


def test_hr_makes_a_cycle_and_announces_it(company: Company, enter: Enter) -> None:
    page = enter(HR)
    expect(page.get_by_role("heading", level=1)).to_have_text("绩效总览")
    table(page, "考核周期")
    page.get_by_role("link", name="新建").click()
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("请改好下面 5 处")
    expect(page.get_by_label("周期名称")).to_have_attribute("aria-invalid", "true")
    fill(page, {"周期名称": CYCLE, "类型": "季", "结果审定人": BOSS, "适用方案": "标准方案", **DATES})
    for stage in ("目标", "提名", "自评", "同事", "客户", "确认", "申诉"):
        choices(page, "启用环节").get_by_label(stage, exact=True).check()
    send(page)
    status(page, "草稿")
    company.day(date(2026, 9, 28))
    act(page, "公示")
    status(page, "已公示")
    company.day(date(2026, 10, 2))


def test_employee_sets_goals_and_is_told_what_is_wrong(company: Company, enter: Enter) -> None:
    page = enter(STAFF)
    expect(page.get_by_role("heading", level=1)).to_have_text("我的绩效")
    contract(page)
    status(page, "目标制定")
    page.get_by_role("button", name="加一条目标").click()
    fill(
        page, {"目标名称": "新签客户", "目标类型": "定性", "目标值": "十家", "权重": "60", "达成依据": "去年签了 9 家"}
    )
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("目标值: 要填数字")
    expect(page.get_by_label("目标名称")).to_have_value("新签客户")
    fill(page, {"目标值": "10"})
    send(page)
    status(page, "草稿")
    contract(page)
    page.get_by_role("button", name="加一条目标").click()
    fill(page, {"目标名称": "整理话术", "目标类型": "定性", "权重": "30", "达成依据": "有录音可用"})
    send(page)
    contract(page)
    act(page, "提交目标")
    assert "权重合计 90, 应为 100" in notices(page)
    row(page, "整理话术")
    page.get_by_role("link", name="修改").click()
    fill(page, {"权重": "40"})
    send(page)
    contract(page)
    act(page, "提交目标")
    status(page, "目标待确认")


def test_manager_returns_the_goals_with_a_reason_and_then_confirms(company: Company, enter: Enter) -> None:
    manager, employee = enter(LEAD), enter(STAFF)
    table(manager, "绩效考核单", "待确认目标")
    row(manager, f"{STAFF} {CYCLE}")
    act(manager, "退回目标")
    assert "要写明原因" in notices(manager)
    act(manager, "退回目标", "写明数据来源")
    status(manager, "目标制定")
    contract(employee)
    act(employee, "提交目标")
    manager.reload()
    act(manager, "确认目标")
    status(manager, "执行中")
    for name, boss in ((PEER, LEAD), (MATE, LEAD), (LEAD, BOSS), (HR, BOSS)):
        company.agree_on_goals(name, boss)


def test_employee_names_peers_and_rates_herself(company: Company, enter: Enter) -> None:
    page = enter(STAFF)
    contract(page)
    page.get_by_role("link", name="修改").click()
    for name in (PEER, MATE):
        choices(page, "同事评价人").get_by_label(name).check()
    send(page)
    company.day(date(2026, 10, 10))
    company.day(date(2027, 1, 4))
    table(page, "评价任务")
    row(page, f"{STAFF} · 自评")
    page.get_by_role("link", name="自评", exact=True).last.click()
    fill(page, {"主要成果": "新签 11 家客户, 话术成册"})
    rate(page, "4 良好")
    page.get_by_role("button", name="保存并提交评价").click()
    expect(page.get_by_role("alert")).to_contain_text("下阶段目标: 请填写")
    expect(choices(page, "专业能力").get_by_label("4 良好")).to_be_checked()
    fill(page, {"下阶段目标": "带一名新人"})
    page.get_by_role("button", name="保存并提交评价").click()
    status(page, "已提交")


def rate(page: Page, answer: str, criteria: tuple[str, ...] = ("专业能力", "协作配合", "主动担当")) -> None:
    for criterion in criteria:
        choices(page, criterion).get_by_label(answer).check()


def test_peer_rates_on_a_phone(company: Company, enter: Enter) -> None:
    page = enter(PEER, width=390)
    page.get_by_role("link", name="待我评价").first.click()
    row(page, f"{STAFF} · 同事")
    act(page, "接受")
    status(page, "待评")
    page.get_by_role("link", name="同事评价", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("同事评价")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    rate(page, "4 良好")
    page.get_by_role("button", name="保存并提交评价").click()
    status(page, "已提交")


def test_customer_answers_a_link_without_an_account_once(company: Company, enter: Enter) -> None:
    sheet = company.sheet(STAFF)
    same = {"appraisal": (sheet,), "relation": "customer", "status": "to_review", "due_on": date(2027, 1, 8)}
    key = f"[{CYCLE}|E003|customer|K1]"
    company.put(None, "review_task", natural_key=key, name="客户", external_rater="客户甲", invite_code="K-7", **same)
    hr = enter(HR)
    table(hr, "外部评价")
    link = hr.get_by_role("link", name="服务评价").get_attribute("href")
    page = enter(None, width=390)
    page.goto(f"{company.url}{link}?code=K-7")
    assert STAFF not in page.content()
    rate(page, "5", ("服务态度", "解决问题"))
    fill(page, {"意见": "很及时"})
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("main")).to_contain_text("已收到, 谢谢您")
    page.goto(f"{company.url}{link}?code=K-7")
    rate(page, "1", ("服务态度", "解决问题"))
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("这个码已经用过了")
    company.run("match-external")
    assert [row["match_status"] for row in company.rows("external_review").values()] == ["matched"]


def test_manager_rates_and_hr_ends_the_reviews(company: Company, enter: Enter) -> None:
    company.day(date(2027, 1, 5))
    manager = enter(LEAD)
    table(manager, "评价任务")
    row(manager, f"{STAFF} · 上级")
    manager.get_by_role("link", name="上级评价", exact=True).click()
    rate(manager, "4 良好")
    fill(manager, {"总评": "稳, 可以带人"})
    manager.get_by_role("button", name="保存并提交评价").click()
    status(manager, "已提交")
    company.finish_reviews()
    company.day(date(2027, 1, 8))
    company.run("score")
    hr = enter(HR)
    table(hr, "考核周期")
    row(hr, CYCLE)
    act(hr, "结束评价")
    status(hr, "待公布")


def test_result_is_released_read_and_appealed_against(company: Company, enter: Enter) -> None:
    company.on(date(2027, 1, 12))
    boss = enter(BOSS)
    table(boss, "考核周期")
    row(boss, CYCLE)
    act(boss, "公布")
    status(boss, "反馈申诉")
    company.run("access-sync")
    page = enter(STAFF)
    expect(page.get_by_role("region", name="结果待确认")).to_contain_text("1")
    table(page, "绩效考核单", "我的结果")
    row(page, f"{STAFF} {CYCLE}")
    expect(page.get_by_text("结果 88.00 · 等级 A")).to_be_visible()
    page.get_by_role("button", name="申诉").click()
    expect(page.get_by_label("申诉人")).to_have_value(company.people[STAFF])
    fill(page, {"申诉事项": "评价", "理由": "客户评价没有计入"})
    send(page)
    status(page, "已提交")
    here = page.url
    manager, hr = enter(LEAD), enter(HR)
    response = manager.goto(here)
    assert response is not None
    assert response.status == 404
    hr.goto(here)
    status(hr, "已提交")
    act(hr, "受理")
    assert "已完成" in notices(hr)


def test_nobody_opens_what_the_role_may_not_see(company: Company, enter: Enter) -> None:
    (result,) = company.find("score_result", lambda row: row["name"] == f"{STAFF} {CYCLE}")
    (task,) = company.find("review_task", lambda row: row["name"] == f"{STAFF} · 上级")
    employee, hr = enter(STAFF), enter(HR)
    for page, item in ((employee, result), (employee, task), (employee, company.sheet(PEER))):
        response = page.goto(f"{company.url}/r/{item}")
        assert response is not None
        assert response.status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("没有这一页")
    employee.goto(f"{company.url}/home")
    assert not employee.get_by_role("link", name="人事保密").count()
    assert not hr.get_by_role("link", name="人事保密").count()
    hr.goto(f"{company.url}/r/{result}")
    expect(hr.get_by_role("heading", level=1)).to_contain_text(STAFF)
