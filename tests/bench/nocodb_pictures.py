"""``python -m tests.bench.nocodb_pictures DIR``: NocoDB's own pages with our app in them, as pictures to look at.

Starts a server of its own, runs the demo with ``--people``, gives a superior and an employee their views, and keeps the
pages that they, HR and a customer see. Nothing of it stays but the pictures.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.flow.nocodb_company import Company, chromium, demo_company, page_of, unlock
from tests.nocodb_server import nocodb

_DRAWN_MS = 8_000
"""Grids and kanbans are drawn on a canvas or piece by piece: nothing in the page says when it is done."""

_SHARED = (
    ("grades-kanban", "view:appraisal.grades", "kanban"),
    ("reviews-kanban", "view:review_task.board", "kanban"),
    ("results-to-confirm", "view:appraisal.to_acknowledge", "view"),
)


def take(company: Company, browser: Browser, folder: Path) -> None:
    """Take every picture."""
    for name, address, kind in _SHARED:
        with _kept(browser, folder, name) as page:
            page.goto(company.link(address, kind=kind))
    boards = company.share().made
    teams = {one.person: len(company.team(one.person)) for one in boards}
    largest = max(boards, key=lambda one: teams[one.person])
    with _kept(browser, folder, "superior-asked-for-password") as page:
        page.goto(largest.link)
    with _kept(browser, folder, "superior-team-kanban") as page:
        unlock(page, largest)
        page.get_by_text(min(company.team(largest.person)), exact=True).first.scroll_into_view_if_needed()
    (own,) = company.share(company.report.ranking[0].number, view="appraisal.my_results").made
    with _kept(browser, folder, "employee-own-results") as page:
        unlock(page, own)
    form = next(one for one in company.wish.schema.forms if one.public and one.address.table.key == "external_review")
    with _kept(browser, folder, "customer-form") as page:
        page.goto(company.link(str(form.address), kind="form"))


@contextmanager
def _kept(browser: Browser, folder: Path, name: str) -> Iterator[Page]:
    """A page that is given time to be drawn before it is kept."""
    with page_of(browser, folder / f"{name}.png") as page:
        yield page
        page.wait_for_timeout(_DRAWN_MS)


def main() -> int:
    """Take the pictures and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=200)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, nocodb(Path(home) / "server") as server:
        (Path(home) / "home").mkdir()
        with demo_company(server, Path(home) / "home", people=asked.people) as company, chromium() as browser:
            take(company, browser, asked.folder)
    for file in sorted(asked.folder.glob("*.png")):
        sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
