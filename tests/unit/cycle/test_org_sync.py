from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.core.errors import SourceError
from huoban_perf.cycle.org_sync import org_sync, org_sync_from_options
from huoban_perf.cycle.work import JobReport
from huoban_perf.exchange.sources import SqlSource
from tests.unit.cycle.company import Firm, codes
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied

HEADER = ["工号", "姓名", "部门编码", "岗位编码", "上级工号", "入职日期", "离职日期"]


def people(company: Firm) -> list[dict[str, str]]:
    """The company as its own HR system would export it."""
    items = {table: dict(company.memory.items[table]) for table in ("employee", "department", "position")}
    rows = []
    for _, values in items["employee"].values():
        related = {
            name: (items[table][values[name][0]][1][code] if values.get(name) else "")  # type: ignore[index]
            for name, table, code in (
                ("department", "department", "code"),
                ("position", "position", "code"),
                ("manager", "employee", "emp_no"),
            )
        }
        rows.append(
            dict(
                zip(
                    HEADER,
                    [
                        str(values["emp_no"]),
                        str(values["name"]),
                        str(related["department"]),
                        str(related["position"]),
                        str(related["manager"]),
                        str(values["hire_date"]),
                        "",
                    ],
                    strict=True,
                )
            )
        )
    return rows


def write(folder: Path, rows: Sequence[Mapping[str, str]], name: str = "people.csv") -> Path:
    header = list(rows[0]) if rows else HEADER
    lines = [",".join(header), *(",".join(row[column] for column in header) for row in rows)]
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def sync(company: Firm, rows: Sequence[Mapping[str, str]], *, apply: bool = True) -> JobReport:
    return company.run("org-sync", org_sync(write(company.folder, rows)), apply=apply)


@pytest.fixture
def settled(company: Firm) -> Firm:
    """The company after its first run: everybody has a 任职记录."""
    company.on(date(2026, 11, 2))
    sync(company, people(company))
    return company


def test_first_run_opens_an_assignment_for_everybody_and_the_second_writes_nothing(company: Firm) -> None:
    company.on(date(2026, 11, 2))
    preview = sync(company, people(company), apply=False)
    assert company.memory.writes == 0 or company.rows("assignment") == {}
    first = sync(company, people(company))
    assert first.tables["assignment"].created == len(company.rows("employee")) == preview.tables["assignment"].created
    writes = company.memory.writes
    second = sync(company, people(company))
    assert second.changes == 0
    assert company.memory.writes == writes
    assert len(company.rows("run_log")) == 1


def test_transfer_closes_one_segment_and_opens_the_next(settled: Firm) -> None:
    rows = people(settled)
    moved = next(row for row in rows if row["工号"] == "E010")
    moved |= {"部门编码": "D12", "上级工号": "E005"}
    rows = [{**row, "生效日期": "2026-11-16" if row["工号"] == "E010" else ""} for row in rows]
    preview = sync(settled, rows, apply=False)
    assert codes(preview.notes) == ["cycle.person_moved"]
    assert preview.notes[0].facts["what"] == "部门 D11 → D12; 上级 E004 → E005"
    before = settled.rows("assignment")
    assert sync(settled, rows).tables["assignment"] == preview.tables["assignment"]
    after = settled.rows("assignment")
    (fresh,) = set(after) - set(before)
    assert fresh == "[E010|2026-11-16]"
    ended = next(row for key, row in after.items() if key.startswith("[E010|") and key != fresh)
    assert (ended["end_date"], after[fresh].get("end_date")) == (date(2026, 11, 15), None)
    assert sync(settled, rows).changes == 0


def test_leaver_is_marked_and_absent_people_are_only_listed(settled: Firm) -> None:
    rows = [row for row in people(settled) if row["工号"] != "E020"]
    next(row for row in rows if row["工号"] == "E010")["离职日期"] = "2026-10-30"
    report = sync(settled, rows)
    assert codes(report.notes) == ["cycle.person_left", "cycle.person_absent"]
    assert settled.rows("employee")["E010"]["employment_status"] == "left"
    assert settled.rows("employee")["E020"]["employment_status"] == "active"
    assert sync(settled, rows).changes == 0


def test_newcomers_superior_may_be_new_as_well(settled: Firm) -> None:
    rows = people(settled)
    new = dict(rows[-1])
    rows.append({**new, "工号": "N2", "姓名": "新人", "上级工号": "N1", "入职日期": "2026/11/1"})
    rows.append({**new, "工号": "N1", "姓名": "新上级", "上级工号": "E001", "入职日期": "2026.11.1"})
    report = sync(settled, rows)
    assert report.tables["employee"].created == 2
    item_of = {values["emp_no"]: item for item, (_, values) in settled.memory.items["employee"].items()}
    assert settled.rows("employee")["N2"]["manager"] == (item_of["N1"],)


def test_every_fault_is_listed_with_its_row_and_nothing_is_written(settled: Firm) -> None:
    rows = people(settled)[:8]
    rows[1]["入职日期"] = "昨天"
    rows[2]["离职日期"] = "2001-01-01"
    rows[3]["岗位编码"] = "NOPE"
    rows[4]["上级工号"] = rows[5]["工号"]
    rows[5]["上级工号"] = rows[4]["工号"]
    rows.append(dict(rows[0]))
    before, writes = settled.rows("employee"), settled.memory.writes
    with pytest.raises(SourceError) as caught:
        sync(settled, rows)
    found = {(problem.code, problem.line) for problem in caught.value.problems}
    assert found == {
        ("cycle.not_a_date", 3),
        ("cycle.dates_out_of_order", 4),
        ("cycle.twice", 10),
        ("cycle.circle", None),
    }
    ring = next(problem for problem in caught.value.problems if problem.code == "cycle.circle")
    assert ring.facts["members"] == (rows[4]["工号"], rows[5]["工号"], rows[4]["工号"])
    assert (settled.rows("employee"), settled.memory.writes) == (before, writes)


def test_unknown_codes_are_told_once_the_rows_are_sound(settled: Firm) -> None:
    rows = people(settled)[:3]
    rows[1]["岗位编码"], rows[2]["部门编码"] = "NOPE", "D99"
    with pytest.raises(SourceError) as caught:
        sync(settled, rows)
    assert [(p.code, p.line, p.facts["value"]) for p in caught.value.problems] == [
        ("cycle.unknown_code", 3, "NOPE"),
        ("cycle.unknown_code", 4, "D99"),
    ]


def test_circle_through_people_the_source_leaves_out_is_found(settled: Firm) -> None:
    rows = [row for row in people(settled) if row["工号"] == "E002"]
    rows[0]["上级工号"] = "E010"  # E010 → E004 → E002
    with pytest.raises(SourceError) as caught:
        sync(settled, rows)
    assert codes(caught.value.problems) == ["cycle.circle"]


def test_missing_columns_are_named_together(settled: Firm) -> None:
    rows = [{"工号": "E001", "姓名": "甲"}]
    with pytest.raises(SourceError) as caught:
        sync(settled, rows)
    missing = [problem.address for problem in caught.value.problems if problem.code == "exchange.missing_column"]
    assert missing == ["部门编码", "岗位编码", "上级工号", "入职日期"]


def test_departments_come_top_down(settled: Firm) -> None:
    file = write(
        settled.folder,
        [
            {"部门编码": "D51", "部门名称": "试点组", "上级部门编码": "D50", "负责人工号": "E010"},
            {"部门编码": "D50", "部门名称": "创新中心", "上级部门编码": "D00", "负责人工号": ""},
        ],
        name="departments.csv",
    )
    source = write(settled.folder, people(settled))
    company = settled
    report = company.run("org-sync", org_sync_from_options, **{"from": str(source), "departments": str(file)})
    assert report.tables["department"].created == 2
    item_of = {values["code"]: item for item, (_, values) in company.memory.items["department"].items()}
    assert company.rows("department")["D51"]["parent"] == (item_of["D50"],)
    assert company.rows("department")["D51"]["head"] == ("uE010",)


def test_people_come_from_a_database_by_its_url(settled: Firm) -> None:
    file = settled.folder / "hr.sqlite"
    database = sqlite3.connect(file)
    columns = "emp_no, name, department, position, manager, hire_date"
    database.execute(f"CREATE TABLE staff ({columns})")
    for row in people(settled):
        database.execute("INSERT INTO staff VALUES (?, ?, ?, ?, ?, ?)", [row[column] for column in HEADER[:6]])
    database.execute("INSERT INTO staff VALUES ('N9', '库里来的', 'D11', 'SALE', 'E004', '2026-11-01')")
    database.commit()
    database.close()
    source = SqlSource(name="人事库", url=f"sqlite:///{file}", query=f"SELECT {columns} FROM staff")
    report = settled.run("org-sync", org_sync(source))
    assert report.tables["employee"].created == 1
    assert settled.rows("employee")["N9"]["name"] == "库里来的"


@pytest.mark.parametrize(
    ("url", "query", "code"),
    [
        ("sqlite:///{folder}/hr.sqlite", "SELECT * FROM no_such_table", "exchange.source_down"),
        ("sqlite:///{folder}/no/such/folder/hr.sqlite", "SELECT 1", "exchange.source_down"),
        ("nonsense", "SELECT 1", "exchange.source_url"),
    ],
)
def test_database_that_is_down_writes_nothing_and_shows_no_address(
    settled: Firm, url: str, query: str, code: str
) -> None:
    writes = settled.memory.writes
    source = SqlSource(name="人事库", url=url.format(folder=settled.folder), query=query)
    with pytest.raises(SourceError) as caught:
        settled.run("org-sync", org_sync(source))
    assert caught.value.code == code
    assert "sqlite" not in repr(caught.value.facts) + repr(source)
    assert settled.memory.writes == writes


def test_database_that_breaks_off_in_the_middle_gives_no_row(settled: Firm) -> None:
    """The 30th row makes the query fail while rows are being fetched."""
    file = settled.folder / "hr.sqlite"
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE staff (emp_no, n)")
    database.executemany("INSERT INTO staff VALUES (?, ?)", [(f"X{n}", n) for n in range(60)])
    database.commit()
    database.close()
    query = "SELECT emp_no, json_extract(CASE WHEN n = 30 THEN '{' ELSE '{}' END, '$.a') AS name FROM staff"
    writes = settled.memory.writes
    with pytest.raises(SourceError) as caught:
        settled.run("org-sync", org_sync(SqlSource(name="人事库", url=f"sqlite:///{file}", query=query)))
    assert caught.value.code == "exchange.source_down"
    assert settled.memory.writes == writes


def test_killed_run_is_finished_by_the_next(settled: Firm, tmp_path: Path) -> None:
    """The connection dies after each number of writes in turn; the run after it ends in the same world."""
    rows = people(settled)
    rows[12]["上级工号"], rows[12]["部门编码"] = "E005", "D12"
    rows.append({**rows[-1], "工号": "N1", "姓名": "新人"})
    rows = [{**row, "生效日期": "2026-11-16"} for row in rows]
    ends = []
    for allowed in range(1, 12):
        company = Firm(copied(settled.memory), tmp_path / f"k{allowed}").on(date(2026, 11, 3))
        company.folder.mkdir()
        with dying(company, allowed) as died, contextlib.suppress(Died):
            sync(company, rows)
        sync(company, rows)
        world = {table: company.rows(table) for table in ("employee", "assignment", "department")}
        ends.append(repr(world))
        if not died():
            break
    assert len(ends) > 3
    assert len(set(ends)) == 1


# --- 任职记录 stay complete ------------------------------------------------------------------------------------------


def told(company: Firm, number: str, day: date, **cells: str) -> tuple[JobReport, list[tuple[date, date | None]]]:
    """Sync on a day with one person's cells changed; run again, which writes nothing; return the stretches."""
    rows = [{"生效日期": "", **row} for row in people(company)]
    next(row for row in rows if row["工号"] == number).update(cells)
    report = sync(company.on(day), rows)
    assert sync(company, rows).changes == 0
    records = [row for key, row in company.rows("assignment").items() if key.startswith(f"[{number}|")]
    spans = [(row["start_date"], row.get("end_date")) for row in records]
    assert all(isinstance(start, date) for start, _ in spans)
    return report, sorted(spans, key=lambda span: str(span[0]))  # type: ignore[arg-type]


def hired(company: Firm, number: str) -> date:
    day = company.rows("employee")[number]["hire_date"]
    assert isinstance(day, date)
    return day


def test_change_of_superior_alone_makes_a_stretch_and_reaches_the_employee(settled: Firm) -> None:
    report, spans = told(settled, "E010", date(2026, 11, 16), 上级工号="E005")
    assert codes(report.notes) == ["cycle.person_moved"]
    assert spans == [(hired(settled, "E010"), date(2026, 11, 15)), (date(2026, 11, 16), None)]
    item_of = {values["emp_no"]: item for item, (_, values) in settled.memory.items["employee"].items()}
    assert settled.rows("employee")["E010"]["manager"] == (item_of["E005"],)


def test_transfer_of_a_later_day_leaves_the_employee_where_he_is_until_then(settled: Firm) -> None:
    before = settled.rows("employee")["E010"]["department"]
    _, spans = told(settled, "E010", date(2026, 11, 3), 部门编码="D12", 上级工号="E005", 生效日期="2026-11-16")
    assert spans == [(hired(settled, "E010"), date(2026, 11, 15)), (date(2026, 11, 16), None)]
    assert settled.rows("employee")["E010"]["department"] == before
    told(settled, "E010", date(2026, 11, 16), 部门编码="D12", 上级工号="E005", 生效日期="2026-11-16")
    assert settled.rows("employee")["E010"]["department"] != before


def test_earlier_day_of_effect_moves_the_border_between_two_stretches(settled: Firm) -> None:
    told(settled, "E010", date(2026, 11, 16), 部门编码="D12", 上级工号="E005")
    report, spans = told(settled, "E010", date(2026, 11, 20), 生效日期="2026-11-09")
    assert codes(report.notes) == ["cycle.person_redated"]
    assert spans == [(hired(settled, "E010"), date(2026, 11, 8)), (date(2026, 11, 9), None)]
    report, spans = told(settled, "E010", date(2026, 11, 20), 上级工号="E004", 生效日期="2026-11-09")
    assert codes(report.notes) == ["cycle.person_corrected"]
    assert len(spans) == 2
    report, _ = told(settled, "E010", date(2026, 11, 20), 生效日期="2001-01-01")
    assert codes(report.notes) == ["cycle.person_too_early"]


def test_leaving_is_dated_anew_taken_back_and_followed_by_a_new_employment(settled: Firm) -> None:
    first = hired(settled, "E010")
    assert told(settled, "E010", date(2026, 11, 16), 离职日期="2026-11-10")[1] == [(first, date(2026, 11, 10))]
    assert told(settled, "E010", date(2026, 11, 16), 离职日期="2026-11-13")[1] == [(first, date(2026, 11, 13))]
    report, spans = told(settled, "E010", date(2026, 11, 17))
    assert (codes(report.notes), spans) == (["cycle.person_back"], [(first, None)])
    assert settled.rows("employee")["E010"]["employment_status"] == "active"
    told(settled, "E010", date(2026, 11, 18), 离职日期="2026-11-13")
    report, spans = told(settled, "E010", date(2026, 12, 1), 入职日期="2026-12-01")
    assert codes(report.notes) == ["cycle.person_new"]
    assert spans == [(first, date(2026, 11, 13)), (date(2026, 12, 1), None)]
    assert settled.rows("employee")["E010"].get("leave_date") is None


def test_rehired_person_works_again_though_the_source_has_no_column_of_leaving(settled: Firm) -> None:
    told(settled, "E010", date(2026, 11, 16), 离职日期="2026-11-13")
    rows = [{name: cell for name, cell in row.items() if name != "离职日期"} for row in people(settled)]
    next(row for row in rows if row["工号"] == "E010")["入职日期"] = "2026-12-01"
    sync(settled.on(date(2026, 12, 1)), rows)
    person = settled.rows("employee")["E010"]
    assert (person["employment_status"], person.get("leave_date")) == ("active", None)
    assert sync(settled, rows).changes == 0


def test_earlier_hire_date_leaves_no_day_without_a_record(settled: Firm) -> None:
    report, spans = told(settled, "E010", date(2026, 11, 16), 入职日期="2016-05-01", 上级工号="E005")
    assert codes(report.notes) == ["cycle.person_corrected", "cycle.person_moved"]
    assert spans == [(date(2016, 5, 1), date(2026, 11, 15)), (date(2026, 11, 16), None)]


def test_record_that_a_person_made_a_moment_ago_is_left_to_the_automation(settled: Firm) -> None:
    (key,) = (key for key in settled.rows("assignment") if key.startswith("[E010|"))
    settled.rows("assignment")[key]["natural_key"] = None
    rows = people(settled)
    next(row for row in rows if row["工号"] == "E010")["上级工号"] = "E005"
    assert codes(sync(settled, rows, apply=False).notes) == ["cycle.posting_unkeyed"]
