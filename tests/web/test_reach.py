"""Every kind of page is free of serious faults that axe finds, in light and dark, on a screen and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.company import BOSS, HR, LEAD, STAFF, Company
from tests.web.conftest import Enter

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("web")]
_SERIOUS = {"serious", "critical"}


def faults(page: Page) -> list[str]:
    """Return what axe calls serious or critical, with the element it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {fault['id']}: {node['html'][:160]}"
        for fault in found
        if fault["impact"] in _SERIOUS
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_serious_fault_on_any_kind_of_page(company: Company, enter: Enter, width: int, scheme: str) -> None:
    company.begin()
    strange = enter(None, width=width, scheme=scheme)
    found = faults(strange)
    form = next(form for form in company.schema.forms if form.public and form.token is not None)
    strange.goto(f"{company.url}/p/{company.bindings[form.address]}")
    found += faults(strange)
    strange.get_by_role("button", name="提交").click()
    found += faults(strange)
    for name, paths in (
        (STAFF, ["/home"]),
        (LEAD, ["/home", *kinds_for(company, ("manager",), ("kanban", "calendar", "gantt"))]),
        (HR, ["/home", *kinds_for(company, ("hr",), ("grid", "kanban"))]),
        (BOSS, ["/home"]),
    ):
        page = enter(name, width=width, scheme=scheme)
        for path in paths:
            response = page.goto(f"{company.url}{path}")
            assert response is not None
            assert response.ok, path
            found += faults(page)
            if width < 500:
                assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert found == []


def kinds_for(company: Company, roles: tuple[str, ...], kinds: tuple[str, ...]) -> list[str]:
    """Return the addresses of a role's first view of each kind that it has."""
    found: dict[str, str] = {}
    for view in company.schema.views:
        if set(view.roles) & set(roles):
            found.setdefault(view.kind.value, f"/v/{company.bindings[view.address]}")
    return [found[kind] for kind in kinds if kind in found]


def test_item_and_forms_have_no_serious_fault(company: Company, enter: Enter) -> None:
    page = enter(HR, width=390, scheme="dark")
    (employee,) = company.find("employee", lambda row: row["name"] == STAFF)
    found = []
    for path in (f"/r/{employee}", f"/r/{employee}/edit", f"/new/{company.table_id('cycle')}"):
        page.goto(f"{company.url}{path}")
        found += faults(page)
    page.locator("form.sheet button").click()
    found += faults(page)
    assert found == []


def test_a_form_is_filled_in_by_keyboard_alone(company: Company, enter: Enter) -> None:
    page = enter(HR)
    page.goto(f"{company.url}/new/{company.table_id('metric')}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    first = page.locator("form.sheet input[type=text]").first
    for _ in range(12):
        page.keyboard.press("Tab")
        if first.evaluate("found => found === document.activeElement"):
            break
    page.keyboard.type("M-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("请改好下面")
    assert first.input_value() == "M-1"
