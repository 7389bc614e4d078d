"""Measures the pages of the embedded workspace on a large company: ``python -m tests.bench.pages``.

5,000 employees and 50,000 review tasks, laid straight into the store of the deployed full app. Each page is asked for
as its person once and again, the median of seven, after what ``sandbox serve`` prepares (the index, built once in a
workspace's life); beside it the floor, a bare query for as many rows of the same table.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from huoban_perf.core.addresses import Address, ObjectKind, option_address
from huoban_perf.sandbox import create_app, wire
from huoban_perf.sandbox.web.site import Site
from tests.flow.deployed import Deployed

HR, RATER = "人事刘洋", "评价人一"
_AGAIN = 7
_SPAN = 10
"""Tasks about one person."""


class Large(Deployed):
    """The full app with its permissions, and many rows."""

    stores_permissions = True

    def __init__(self, folder: Path, *, employees: int) -> None:
        super().__init__("performance", folder, people=(HR, RATER), groups={HR: "hr"})
        with self.world.control():
            self._employees = self._lay("employee", (self._employee(number) for number in range(employees)))
            self._lay("review_task", (self._task(number) for number in range(employees * _SPAN)))
            self.world.forget()

    def _employee(self, number: int) -> dict[str, Any]:
        return {"emp_no": f"E{number:05}", "name": f"员工{number:05}", "employment_status": "active"}

    def _task(self, number: int) -> dict[str, Any]:
        """Every fiftieth task is the rater's; states go round, days spread over a month."""
        states = ("awaiting_acceptance", "to_review", "submitted", "declined")
        subject, rater = self.people[HR], self.people[RATER]
        return {
            "natural_key": f"[T|{number}]",
            "name": f"任务{number:06}",
            "status": states[number % len(states)],
            "relation": ("peer", "superior", "self")[number % 3],
            "rater": [rater] if number % 50 == 0 else [],
            "p_subject": [subject] if number % 5000 == 0 else [],
            "due_on": f"2026-09-{1 + number % 28:02}",
            "extreme_evidence": "有依据" if number % 9 == 0 else None,
        }

    def _lay(self, table: str, rows: Iterator[Mapping[str, Any]]) -> list[int]:
        table_id, now, ids = int(self.table_id(table)), self.world.moments.now_text(), []
        spec = self.schema.table(table)
        keys = {field.address.key: self.bindings[field.address] for field in spec.fields}
        options = {
            (field.address.key, option.address.key): self.bindings[option_address(*option.address.keys)]
            for field in spec.fields
            for option in field.options
        }
        laid = []
        for row in rows:
            cells = {
                keys[key]: [options[key, value]] if isinstance(value, str) and (key, value) in options else value
                for key, value in row.items()
                if value
            }
            ids.append(self.world.ids.next("item"))
            laid.append((ids[-1], table_id, now, 1024, now, 1024, row["name"], wire.write(cells)))
        self.world.store.run_many("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", laid)
        return ids

    def visitor(self, name: str) -> FlaskClient:
        """A browser in which a person has been chosen."""
        client = create_app(self.world).test_client()
        found = re.search(r'name="token" value="([^"]+)"', client.get("/").get_data(as_text=True))
        assert found is not None
        client.post("/enter", data={"token": found.group(1), "user": self.people[name], "space": self.space})
        return client

    def view(self, table: str, key: str) -> str:
        """The address of a view."""
        return f"/v/{self.bindings[Address(ObjectKind.VIEW, (table, key))]}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One page: milliseconds at first, milliseconds again, milliseconds of the bare query."""

    what: str
    first_ms: float
    again_ms: float
    floor_ms: float


def measure(large: Large) -> list[Figure]:
    """Ask for every kind of page."""
    pages = [
        (RATER, "评价人: 待我评价", large.view("review_task", "to_review")),
        (RATER, "评价人: 首页", "/home"),
        (HR, "HR: 逾期评价 (分组, 排序)", large.view("review_task", "overdue")),
        (HR, "HR: 逾期评价 第 500 页", f"{large.view('review_task', 'overdue')}?page=500"),
        (HR, "HR: 评价进度 (看板)", large.view("review_task", "board")),
        (HR, "HR: 评价人异常", large.view("review_task", "odd")),
        (HR, "HR: 员工", f"/t/{large.table_id('employee')}"),
        (HR, "HR: 按名称查找", f"{large.view('review_task', 'board')}?q=任务0499"),
        (HR, "HR: 绩效总览", "/home"),
    ]
    visitors = {name: large.visitor(name) for name in (HR, RATER)}
    return [_figure(large, visitors[name], what, path) for name, what, path in pages]


def _figure(large: Large, visitor: FlaskClient, what: str, path: str) -> Figure:
    def ask() -> float:
        started = time.perf_counter()
        answer = visitor.get(path, follow_redirects=True)
        took = (time.perf_counter() - started) * 1000
        assert answer.status_code == 200, path
        return took

    first = ask()
    again = statistics.median(ask() for _ in range(_AGAIN))
    return Figure(
        what=what, first_ms=first, again_ms=again, floor_ms=statistics.median(_floor(large) for _ in range(_AGAIN))
    )


def _floor(large: Large) -> float:
    """The least that a first page can cost: count the table and read fifty of its rows."""
    table_id, store = int(large.table_id("review_task")), large.world.store
    started = time.perf_counter()
    store.value("SELECT count(*) FROM items WHERE table_id = ?", table_id)
    for row in store.rows("SELECT fields FROM items WHERE table_id = ? ORDER BY item_id DESC LIMIT 50", table_id):
        wire.parse(row[0])
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        large = Large(Path(folder), employees=5000)
        started = time.perf_counter()
        Site(large.world).prepare()
        print(f"prepared once in {time.perf_counter() - started:.1f} s")
        print("page | first ms | again ms | floor ms | ratio")
        for figure in measure(large):
            ratio = figure.again_ms / figure.floor_ms
            print(
                f"{figure.what} | {figure.first_ms:.0f} | {figure.again_ms:.0f} | {figure.floor_ms:.1f} | {ratio:.0f}"
            )
        large.close()


if __name__ == "__main__":
    main()
