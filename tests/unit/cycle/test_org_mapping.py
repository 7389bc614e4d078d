"""People by a mapping file: from a database by its URL, from files beside it; what cannot be read changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from huoban_perf.core.errors import SourceError
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.org_sync import org_sync_from_options
from huoban_perf.cycle.work import JobReport, carry_out
from huoban_perf.sync.book import Book
from tests.unit.cycle.company import Firm, codes
from tests.unit.cycle.test_org_sync import HEADER, people, write

COLUMNS = ", ".join(f'"{name}"' for name in HEADER)


def database(company: Firm) -> str:
    """The company's people in a database, one of them new; returns its URL."""
    file = company.folder / "hr.sqlite"
    rows = people(company)
    rows.append({**rows[-1], "工号": "E900", "姓名": "新人", "入职日期": "2026-11-02"})
    with sqlite3.connect(file) as found:
        found.execute(f"CREATE TABLE staff ({COLUMNS})")
        found.executemany(
            f"INSERT INTO staff VALUES ({', '.join('?' * len(HEADER))})",
            [[row[name] for name in HEADER] for row in rows],
        )
    found.close()
    return f"sqlite:///{file}"


def mapping(folder: Path, text: str) -> Path:
    file = folder / "org.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def run(company: Firm, file: Path, *, url: str = "", apply: bool = True) -> JobReport:
    context = JobContext(book=Book(company.app), options={"from": str(file)}, secret=lambda _: url)
    return carry_out("org-sync", org_sync_from_options, context, apply=apply)


def test_people_come_from_a_database_and_departments_from_a_file(company: Firm) -> None:
    run(company, write(company.folder, people(company)))  # 任职记录 of those who are there
    rows = [{"部门编码": "D50", "部门名称": "创新中心", "上级部门编码": "D00", "负责人工号": ""}]
    write(company.folder, rows, name="departments.csv")
    file = mapping(
        company.folder,
        f"people: {{sql: {{url: {{env: HR_URL}}, query: 'SELECT {COLUMNS} FROM staff'}}}}\n"
        "departments: {file: departments.csv}\n",
    )
    url = database(company)
    preview = run(company, file, url=url, apply=False)
    assert codes(preview.notes) == ["cycle.person_new"]
    assert "E900" not in company.rows("employee")
    report = run(company, file, url=url)
    assert (report.tables["employee"].created, report.tables["department"].created) == (1, 1)
    assert run(company, file, url=url).changes == 0


def test_database_that_fails_at_a_later_row_changes_nothing(company: Firm) -> None:
    query = f"SELECT {COLUMNS} FROM staff UNION ALL SELECT {', '.join(['abs(-9223372036854775807 - 1)'] * len(HEADER))}"
    file = mapping(company.folder, f"people: {{sql: {{url: {{env: HR_URL}}, query: '{query}'}}}}\n")
    before = repr(company.memory.items)
    with pytest.raises(SourceError) as caught:
        run(company, file, url=database(company))
    assert caught.value.code == "exchange.source_down"
    assert "hr.sqlite" not in repr(caught.value)
    assert repr(company.memory.items) == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("people: {file: a.csv, sql: {url: {env: HR_URL}, query: x}}\n", "exchange.mapping_org_way"),
        ("people: {}\n", "exchange.mapping_org_way"),
        ("departments: {file: a.csv}\n", "exchange.mapping_key"),
        ("people: {sql: {url: 'mysql://user:pw@host', query: x}}\n", "exchange.mapping_key"),
        ("people: [\n", "exchange.mapping_yaml"),
    ],
)
def test_mapping_with_mistakes_is_refused_and_shows_no_secret(company: Firm, text: str, code: str) -> None:
    with pytest.raises(SourceError) as caught:
        run(company, mapping(company.folder, text))
    assert codes(caught.value.problems) == [code]
    assert "pw@" not in repr(caught.value.problems)
