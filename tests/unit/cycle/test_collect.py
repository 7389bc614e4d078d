from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from huoban_perf.core.addresses import Bindings, RemoteId, field_address, table_address
from huoban_perf.core.errors import SourceError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec
from huoban_perf.core.values import Value
from huoban_perf.cycle.collect import collect, periods
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.cycle.progress import pace_of, progress, share_of
from huoban_perf.cycle.table_source import rows_of_table
from huoban_perf.cycle.work import JobReport, carry_out
from huoban_perf.exchange.sources import HttpSource, read_source
from huoban_perf.sync.book import Book
from huoban_perf.sync.foreign import ForeignTable
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes, firm
from tests.unit.sync.company import copied

DAY = date(2026, 11, 4)
KEY = "[M01|E010|2026-10-01]"


def with_standard(company: Firm) -> Firm:
    """A running cycle in which customer managers are measured by 销售收入, and E010 has a goal of it."""
    company.put(
        "position_standard",
        "[SALE|M01|2026-01-01]",
        {
            "position": Refs("position", ("SALE",)),
            "metric": Refs("metric", ("M01",)),
            "weight": Decimal(100),
            "passing_value": Decimal(720_000),
            "target_value": Decimal(900_000),
            "excellent_value": Decimal(1_080_000),
            "relations": ("superior",),
            "valid_from": date(2026, 1, 1),
        },
    )
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    company.on(date(2026, 9, 28)).run("open", open_cycle)
    company.on(date(2026, 10, 13)).run("open", open_cycle)
    company.put(
        "goal",
        f"[{CYCLE}|E010|M01]",
        {
            "name": "销售收入",
            "status": "confirmed",
            "level": "person",
            "kind": "quantitative",
            "cycle": Refs("cycle", (CYCLE,)),
            "employee": Refs("employee", ("E010",)),
            "metric": Refs("metric", ("M01",)),
            "passing_value": Decimal(720_000),
            "target_value": Decimal(900_000),
            "start_date": date(2026, 10, 1),
            "end_date": date(2026, 12, 31),
        },
    )
    return company


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return with_standard(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def running(measured: Firm, tmp_path: Path) -> Firm:
    return Firm(copied(measured.memory), tmp_path).on(DAY)


def mapping(folder: Path, rows: str, *, kind: str = "system", header: str = "工号,月初,月末,金额") -> str:
    (folder / "sales.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    file = folder / "mapping.yaml"
    file.write_text(
        "sources:\n  - name: CRM\n    file: sales.csv\n    metric: M01\n"
        f"    kind: {kind}\n    columns: {{subject: 工号, from: 月初, to: 月末, value: 金额}}\n",
        encoding="utf-8",
    )
    return str(file)


def gather(company: Firm, source: str = "", *, apply: bool = True) -> JobReport:
    return company.run("collect", collect, apply=apply, **({"from": source} if source else {}))


def test_rows_to_fill_are_made_in_advance_once(running: Firm) -> None:
    gather(running)
    rows = running.rows("metric_actual")
    mine = sorted(key for key in rows if key.startswith("[M01|E010|"))
    assert mine == ["[M01|E010|2026-10-01]", "[M01|E010|2026-11-01]", "[M01|E010|2026-12-01]"]
    assert (rows[KEY]["status"], rows[KEY]["fill_due_on"]) == ("to_fill", date(2026, 11, 3))
    assert gather(running).changes == 0


def test_trusted_figures_are_verified_and_imported_ones_wait(running: Firm) -> None:
    gather(running, mapping(running.folder, 'E010,2026-10-01,2026-10-31,"310,000"'))
    row = running.rows("metric_actual")[KEY]
    assert (row["status"], row["actual_value"], row["source_system"]) == ("verified", Decimal(310_000), "CRM")
    assert row["batch"] == "sales.csv:2"
    gather(running, mapping(running.folder, "E011,2026-10-01,2026-10-31,1", kind="import"))
    assert running.rows("metric_actual")["[M01|E011|2026-10-01]"]["status"] == "to_verify"


def test_second_run_of_a_source_writes_nothing_and_a_correction_is_told(running: Firm) -> None:
    source = mapping(running.folder, "E010,2026-10-01,2026-10-31,310000")
    gather(running, source)
    assert gather(running, source).changes == 0
    report = gather(running, mapping(running.folder, "E010,2026-10-01,2026-10-31,305000"))
    assert codes(report.notes) == ["cycle.figure_corrected"]
    assert running.rows("metric_actual")[KEY]["status"] == "to_verify"


def test_figures_after_the_deadline_are_listed_and_not_written(running: Firm) -> None:
    running.on(date(2027, 1, 7))
    report = gather(running, mapping(running.folder, "E010,2026-10-01,2026-10-31,310000"))
    assert codes(report.notes) == ["cycle.figure_late"]
    assert running.rows("metric_actual")[KEY].get("actual_value") is None


def test_every_mistake_of_a_source_is_listed_and_nothing_written(running: Firm) -> None:
    writes = running.memory.writes
    rows = "\n".join(
        (
            "E010,2026-10-01,2026-10-31,abc",
            "E011,2026-10-31,2026-10-01,5",
            "E999,2026-10-01,2026-10-31,5",
            "E012,someday,2026-10-31,5",
            "E013,2026-10-01,2026-10-31,5",
            "E013,2026-10-01,2026-10-31,6",
        )
    )
    with pytest.raises(SourceError) as caught:
        gather(running, mapping(running.folder, rows))
    assert [(p.code, p.line) for p in caught.value.problems] == [
        ("cycle.not_a_number", 2),
        ("cycle.dates_out_of_order", 3),
        ("cycle.unknown_code", 4),
        ("cycle.not_a_date", 5),
        ("cycle.twice", 7),
    ]
    assert running.memory.writes == writes


def test_missing_column_is_named(running: Firm) -> None:
    with pytest.raises(SourceError) as caught:
        gather(running, mapping(running.folder, "E010,1,2,3", header="工号,月初,月末,数额"))
    assert [(p.code, p.address) for p in caught.value.problems] == [("exchange.missing_column", "金额")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sources: [", "exchange.mapping_yaml"),
        ("sources: []", "exchange.mapping_key"),
        ("sources:\n  - {name: a, columns: {subject: s, from: f, value: v}}", "exchange.mapping_one_way"),
    ],
)
def test_mapping_with_mistakes_is_refused(running: Firm, text: str, code: str) -> None:
    file = running.folder / "mapping.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        gather(running, str(file))
    assert code in codes(caught.value.problems)


def test_progress_and_health_follow_the_figures(running: Firm) -> None:
    gather(running, mapping(running.folder, "E010,2026-10-01,2026-10-31,260000"))
    running.run("progress", progress)
    goal = running.rows("goal")[f"[{CYCLE}|E010|M01]"]
    assert goal["current_value"] == Decimal(260_000)
    assert goal["forecast_value"] == (Decimal(260_000) * 92 / 31).quantize(Decimal("0.0001"))
    assert (goal["progress"], goal["health"]) == (Decimal(29), "at_risk")
    assert running.run("progress", progress).changes == 0


@pytest.mark.parametrize(
    ("how", "current", "forecast"),
    [("sum", "50", "153.3333"), ("average", "25", "25"), ("last", "30", "30"), ("max", "30", "30")],
)
def test_pace_by_aggregation(how: str, current: str, forecast: str) -> None:
    figures = [
        (date(2026, 10, 1), date(2026, 10, 15), Decimal(20)),
        (date(2026, 10, 16), date(2026, 10, 30), Decimal(30)),
    ]
    pace = pace_of(figures, how=how, start=date(2026, 10, 1), end=date(2026, 12, 31))
    assert (pace.current, pace.forecast) == (Decimal(current), Decimal(forecast))
    assert pace_of([], how=how, start=DAY, end=DAY).current is None


def test_share_turns_round_when_less_is_better() -> None:
    assert share_of(Decimal(50), Decimal(200), direction="higher") == 25
    assert share_of(Decimal(4), Decimal(2), direction="lower") == 50
    assert share_of(Decimal(1), Decimal(2), direction="lower") == 100
    assert share_of(Decimal(1), None, direction="higher") is None


def test_periods_are_cut_to_the_cycle() -> None:
    months = list(periods(date(2026, 10, 15), date(2026, 12, 10), "month"))
    assert months == [
        (date(2026, 10, 15), date(2026, 10, 31)),
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 10)),
    ]
    assert len(list(periods(date(2026, 10, 1), date(2026, 12, 31), "week"))) == 14
    assert list(periods(date(2026, 10, 1), date(2026, 12, 31), "quarter")) == [(date(2026, 10, 1), date(2026, 12, 31))]


def table_mapping(folder: Path, table: str, *, columns: str, more: str = "") -> str:
    file = folder / "tables.yaml"
    file.write_text(
        f"sources:\n  - name: 台账\n    table: {table}\n    metric: M01\n    kind: system\n{more}"
        f"    columns: {{{columns}}}\n",
        encoding="utf-8",
    )
    return str(file)


def test_figures_come_from_another_table_added_up_by_month(running: Firm) -> None:
    for place, (day, person, budget, status) in enumerate(
        (
            (date(2026, 10, 3), "E010", 100, "done"),
            (date(2026, 10, 28), "E010", 250, "done"),
            (date(2026, 11, 2), "E010", 7, "done"),
            (date(2026, 10, 5), "E010", 999, "doing"),
            (date(2026, 9, 5), "E010", 999, "done"),
            (date(2026, 10, 9), "E011", 40, "done"),
        )
    ):
        values: dict[str, Value] = {
            "name": f"合同{place}",
            "status": status,
            "owner": (f"u{person}",),
            "planned_start": day,
            "budget": Decimal(budget),
        }
        running.put("plan_task", f"[C|{place}]", values)
    labels = {field.address.key: field.labels.zh for field in running.app.schema.table("plan_task").fields}
    columns = f"subject: {labels['owner']}, from: {labels['planned_start']}, value: {labels['budget']}"
    source = table_mapping(
        running.folder, "计划任务", columns=columns, more="    where: {状态: 完成}\n    sum_by: month\n"
    )
    gather(running, source)
    rows = running.rows("metric_actual")
    found = {key: str(row["actual_value"]) for key, row in rows.items() if row.get("actual_value") is not None}
    assert found == {
        "[M01|E010|2026-10-01]": "350",
        "[M01|E010|2026-11-01]": "7",
        "[M01|E011|2026-10-01]": "40",
    }
    assert rows[KEY]["period_end"] == date(2026, 10, 31)
    assert str(rows[KEY]["batch"]).startswith("计划任务:")
    assert gather(running, source).changes == 0


def test_company_table_is_read_by_its_name_and_people_by_their_codes(running: Firm) -> None:
    item = next(i for i, (_, row) in running.memory.items["employee"].items() if row["emp_no"] == "E010")
    spec = [
        FieldSpec(address=field_address("foreign", key), labels=Labels(name, name), kind=kind)
        for key, name, kind in (
            ("f0", "签约人", FieldKind.RELATION),
            ("f1", "月初", FieldKind.DATE),
            ("f2", "金额", FieldKind.MONEY),
        )
    ]
    rows = ({"签约人": (item,), "月初": date(2026, 10, 1), "金额": Decimal("12.50")},)
    table = ForeignTable(name="合同", fields={one.labels.zh: one for one in spec}, targets={"签约人": "T1"}, rows=rows)
    bound = replace(running.app, bindings=Bindings({table_address("employee"): RemoteId("T1")}))
    context = JobContext(book=Book(bound), cycle_name=CYCLE, foreign=lambda _: table)
    (row,) = rows_of_table(context, "合同", where={})
    assert row.cells == {"签约人": "E010", "月初": "2026-10-01", "金额": "12.5"}


@pytest.mark.parametrize(
    ("table", "more", "code"),
    [("没有的表", "", "exchange.no_table"), ("计划任务", "    where: {没有的列: x}\n", "exchange.no_column")],
)
def test_table_or_column_that_is_not_there_is_named(running: Firm, table: str, more: str, code: str) -> None:
    running.put("plan_task", "[C|1]", {"name": "一"})
    writes = running.memory.writes
    with pytest.raises(SourceError) as caught:
        gather(running, table_mapping(running.folder, table, columns="subject: a, from: b, value: c", more=more))
    assert caught.value.code == code
    assert running.memory.writes == writes


def test_database_that_breaks_off_while_figures_are_read_writes_nothing(running: Firm) -> None:
    """The first source is sound and the second fails at its second row: nothing of either is taken over."""
    mapping(running.folder, "E010,2026-10-01,2026-10-31,1")
    query = (
        "SELECT 'E011' AS s, '2026-10-01' AS d, 5 AS v"
        " UNION ALL SELECT 'E012', '2026-10-01', abs(-9223372036854775807 - 1)"
    )
    with (running.folder / "mapping.yaml").open("a", encoding="utf-8") as stream:
        stream.write(
            f'  - name: DB\n    sql: {{url: {{env: DB_URL}}, query: "{query}"}}\n    metric: M01\n'
            "    columns: {subject: s, from: d, value: v}\n"
        )
    context = JobContext(
        book=Book(running.app),
        cycle_name=CYCLE,
        options={"from": str(running.folder / "mapping.yaml")},
        secret=lambda _: f"sqlite:///{running.folder / 'figures.db'}",
    )
    before = repr(running.memory.items)
    with pytest.raises(SourceError) as caught:
        carry_out("collect", collect, context, apply=True)
    assert caught.value.code == "exchange.source_down"
    assert "figures.db" not in repr(caught.value)
    assert repr(running.memory.items) == before


class Service:
    """A JSON service of two pages on loopback."""

    def __init__(self) -> None:
        service = self
        self.asked: list[str | None] = []
        self.broken = False

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.headers.get("Authorization"))
                second = self.path == "/2"
                url = f"http://127.0.0.1:{service.server.server_port}/2"
                body = {"data": {"list": [{"no": "E010", "v": 1.1 if second else "2"}]}, "next": "" if second else url}
                self.send_response(500 if second and service.broken else 200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def source(self) -> HttpSource:
        url = f"http://127.0.0.1:{self.server.server_port}/1"
        return HttpSource(name="BI", url=url, records="data.list", next_page="next", token="t0ken")


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


def test_pages_of_a_json_service_are_read_exactly(service: Service) -> None:
    rows = read_source(service.source())
    assert [dict(row.cells) for row in rows] == [{"no": "E010", "v": "2"}, {"no": "E010", "v": "1.1"}]
    assert service.asked == ["Bearer t0ken"] * 2


def test_service_that_breaks_off_in_the_middle_gives_no_row(service: Service) -> None:
    service.broken = True
    with pytest.raises(SourceError) as caught:
        read_source(service.source())
    assert caught.value.facts["reason"] == "HTTP 500"
    assert "t0ken" not in repr(service.source()) + repr(caught.value)
