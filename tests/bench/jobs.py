"""``python -m tests.bench.jobs``: every job of jobs.yaml on the embedded workspace and on a live NocoDB, side by side.

On each: deploy ``performance``, put twelve people in, live a cycle to its archive by the real jobs (``seed --stage``),
call the jobs that the seed does not call for (figures from another table of the workspace, people from a file, answers
of customers), then every job of jobs.yaml once more. Prints what each job reported on both, and fails unless all
reports and, at the end, every row of every table are the same. It takes minutes, so the suite does not run it; the
service with the same jobs on NocoDB is in ``tests/flow/test_nocodb_serve.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.cli.session import Settings
from huoban_perf.cli.workshop import Request, Workshop, open_workshop
from huoban_perf.core.addresses import Bindings, field_address, table_address
from huoban_perf.core.changes import Action, SchemaOperation
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.progress import silent
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import Values
from huoban_perf.demo.stages import StoryClock
from huoban_perf.profile import connect, load_profile
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.template import find_template
from huoban_perf.template.locate import find_automation
from tests.flow.lite_served import World, world_of
from tests.nocodb_server import nocodb

CYCLE = "SEED-2026Q3"
Report = Sequence[Mapping[str, Any]]

TICKETS = TableSpec(
    address=table_address("tickets"),
    labels=Labels(zh="工单", en="Tickets"),
    title="code",
    key_field="code",
    fields=tuple(
        FieldSpec(address=field_address("tickets", key), labels=Labels(zh=name, en=key), kind=kind)
        for key, name, kind in (
            ("code", "单号", FieldKind.TEXT),
            ("who", "工号", FieldKind.TEXT),
            ("day", "日期", FieldKind.DATE),
            ("hours", "工时", FieldKind.NUMBER),
        )
    ),
)
"""A table of the company's own, which the app does not know."""


def job_names() -> list[str]:
    """Every job that jobs.yaml declares."""
    file = find_automation("jobs", folder=find_template("performance"))
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [str(job["key"]) for job in declared["jobs"]]


@dataclass
class Company:
    """The seeded company on one platform; ``environ`` holds the profile's home and secrets."""

    environ: Mapping[str, str]
    folder: Path
    reports: dict[str, list[Report]] = field(default_factory=dict)

    def live(self) -> None:
        """From nothing to an archived cycle."""
        self.command("apply", "--yes")
        self.command("seed", "--people", "12", "--stage", "running", "--yes")
        with self.workshop(date(2026, 9, 10)) as shop:
            self._tickets(shop)
            self.job(shop, "collect", **{"from": str(self._mapping())})
            self.job(shop, "org-sync", **{"from": str(self._people())})
        self.command("seed", "--people", "12", "--stage", "reviewing", "--yes")
        with self.workshop(date(2026, 10, 9)) as shop:
            self._customer(shop.app)
            self.job(shop, "match-external")
        self.command("seed", "--people", "12", "--stage", "archived", "--yes")
        with self.workshop() as shop:
            for name in job_names():
                self.job(shop, name)

    def job(self, shop: Workshop, name: str, **options: str) -> None:
        """Run a job as the service would and keep what it reports, or the code of its refusal."""
        try:
            told = [asdict(report) for report in shop.run(Request(job=name, apply=True, options=options))]
        except HuobanPerfError as error:
            told = [{"refused": error.code}]
        self.reports.setdefault(name, []).append(told)

    def command(self, *words: str) -> None:
        """Run a command."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = run([*words, "-o", "json"])
        assert code in {Exit.DONE, Exit.MANUAL_STEPS}, (words, said.getvalue())

    def workshop(self, day: date = date(2026, 11, 26)) -> contextlib.AbstractContextManager[Workshop]:
        """The deployed app, connected, on a day of the story."""
        clock = StoryClock(SystemClock())
        clock.on(day)
        return open_workshop(replace(Settings.of(self.environ, lang="zh", profile=None), clock=clock), silent)

    # --- what the seed does not call for -----------------------------------------------------------------------------

    def _tickets(self, shop: Workshop) -> None:
        app, workspace = shop.app, shop.site.workspace
        operation = SchemaOperation(
            address=TICKETS.address, action=Action.CREATE, spec=TICKETS, remote_ids={}, locale="zh"
        )
        made = dict(app.connection.schema_sink.perform(workspace=workspace, operation=operation).created)
        for one in TICKETS.fields:
            if one.address not in made:
                ids = {TICKETS.address: made[TICKETS.address]}
                step = replace(operation, address=one.address, spec=one, remote_ids=ids)
                made |= app.connection.schema_sink.perform(workspace=workspace, operation=step).created
        rows: dict[str, Values] = {
            f"T{place}": {"who": who, "day": day, "hours": Decimal(hours)}
            for place, (who, day, hours) in enumerate(
                (
                    ("SEEDE000005", date(2026, 8, 3), "1.5"),
                    ("SEEDE000005", date(2026, 8, 30), "2.25"),
                    ("SEEDE000006", date(2026, 9, 1), "88"),
                )
            )
        }
        self._write(app, TICKETS, rows, Bindings(made))

    def _write(self, app: DeployedApp, table: TableSpec, rows: Mapping[str, Values], bindings: Bindings) -> None:
        writes = tuple(ItemWrite(key=key, values={str(table.key_field): key, **row}) for key, row in rows.items())
        batch = WriteBatch(table=table, mode=WriteMode.UPSERT, rows=writes)
        app.connection.item_sink.submit(batch=batch, bindings=bindings)

    def _mapping(self) -> Path:
        file = self.folder / "tickets.yaml"
        file.write_text(
            "sources:\n  - name: 工单\n    table: 工单\n    metric: SEEDM02\n    kind: system\n    sum_by: month\n"
            "    columns: {subject: 工号, from: 日期, value: 工时}\n",
            encoding="utf-8",
        )
        return file

    def _people(self) -> Path:
        file = self.folder / "people.csv"
        file.write_text(
            "工号,姓名,部门编码,岗位编码,上级工号,入职日期\n"
            "SEEDE000099,新来的,SEEDD0000,SEEDPROD,SEEDE000001,2026-09-01\n",
            encoding="utf-8",
        )
        return file

    def _customer(self, app: DeployedApp) -> None:
        """Two answers: one under an invite code that a task waits for, one under none."""
        tasks = [row for row in Book(app).all("review_task") if row.values["relation"] == "customer"]
        task = min(tasks, key=lambda row: str(row.key))
        table = replace(app.schema.table("external_review"), key_field="invite_code")
        asked = [one.address.key for one in table.fields if one.options and one.address.key != "match_status"]
        answers: Values = dict.fromkeys(asked, "g4")
        codes = (str(task.values["invite_code"]), "nobody")
        self._write(app, table, dict.fromkeys(codes, answers), app.bindings)

    # --- what came of it ---------------------------------------------------------------------------------------------

    def stands(self) -> World:
        """What stands, by natural key; people by 工号."""
        with self.workshop() as shop:
            members = shop.app.connection.member_source.members(workspace=shop.site.workspace)
            who = {str(one.member_id): _number(one.name) for one in members}
            return {table: rows for table, rows in world_of(shop.app, who, by_item=()).items() if table != "run_log"}

    def worked(self) -> set[str]:
        """Jobs that wrote at least once, as the run log tells."""
        with self.workshop() as shop:
            commands = {str(row.values["command"]) for row in Book(shop.app).all("run_log")}
        return {command.removeprefix("job run ") for command in commands}


def lived(folder: Path, entry: str, **environ: str) -> Company:
    """Live the story on the platform of a profile's entry."""
    folder.mkdir(parents=True)
    (folder / "profiles.yaml").write_text(f"profiles:\n  jobs: {{{entry}}}\n", encoding="utf-8")
    os.environ.update({"HUOBAN_PERF_HOME": str(folder), "HUOBAN_PERF_PROFILE": "jobs", **environ})
    with connect(load_profile(None, environ=os.environ), clock=SystemClock(), environ=os.environ, create=True):
        pass  # makes the base
    company = Company(dict(os.environ), folder)
    company.live()
    return company


def _number(name: str) -> str:
    """Return the 工号 in a member's name, which platforms write differently."""
    found = re.search(r"seede\d+", name.lower())
    return found.group().upper() if found else name


def told(reports: Sequence[Report]) -> list[Any]:
    """Leave out run ids, times and hashes, which no two runs share."""
    text = json.dumps(reports, ensure_ascii=False, sort_keys=True, default=str)
    return list(json.loads(re.sub(r"\d{8}T\d{6}[\w.-]*|sha256:[0-9a-f]+", "…", text)))


def said(reports: Sequence[Report]) -> str:
    """What a job came to, in one cell of the table."""
    parts = []
    for report in reports:
        for one in report:
            counts = [f"{table} {sum(count.values()) - count['unchanged']}" for table, count in _changed(one)]
            parts.append(str(one.get("refused") or ", ".join(counts) or f"nothing ({one['notices']} notices)"))
        parts += [] if report else ["no cycle for it"]
    return "; ".join(parts)


def _changed(report: Mapping[str, Any]) -> list[tuple[str, dict[str, int]]]:
    tables = report.get("tables", {})
    return [(table, count) for table, count in tables.items() if sum(count.values()) > count["unchanged"]]


def main() -> int:
    """Live the story twice and compare."""
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder, nocodb(Path(folder) / "server") as server:
        here = lived(Path(folder) / "here", "platform: sandbox, planes: [v1, builder], rate_per_s: null")
        world, worked = here.stands(), here.worked()
        entry = f"platform: nocodb, base_url: '{server.url}'"
        there = lived(Path(folder) / "there", entry, NOCODB_TOKEN=server.token)
        differing = [table for table, rows in there.stands().items() if rows != world[table]]
        also = there.worked()
    sys.stdout.write("| job | in the cycle | then, sandbox | then, NocoDB | same |\n| --- | --- | --- | --- | --- |\n")
    failed = bool(differing) or worked != also
    for job in job_names():
        mine, other = here.reports[job], there.reports[job]
        same = told(mine) == told(other) and (job in worked) == (job in also)
        failed = failed or not same
        cells = (job, "wrote" if job in worked else "-", said(mine), said(other), "✓" if same else "✗")
        sys.stdout.write("| " + " | ".join(cells) + " |\n")
    rows = sum(len(part) for part in world.values())
    sys.stdout.write(f"\n{rows} rows in {len(world)} tables; differing tables: {', '.join(differing) or 'none'}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
