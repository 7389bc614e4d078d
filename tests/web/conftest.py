"""One company, one server and one browser for every test of the pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.company import Company, company_served

PROGRAM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
Enter = Callable[..., Page]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company_served(tmp_path_factory.mktemp("web")) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: .ci/run provision installs it")
        pytest.skip("no Chromium on this machine: apt-get install chromium fonts-noto-cjk (.ci/run provision)")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def enter(browser: Browser, company: Company) -> Iterator[Enter]:
    """Return a way in: a page on which a person has been chosen; every page has a browser session of its own."""
    opened: list[BrowserContext] = []

    def come_in(name: str | None, *, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="zh-CN")  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        page.goto(company.url)
        if name is not None:
            page.get_by_role("button", name=name).click()
        return page

    yield come_in
    for context in opened:
        context.close()
