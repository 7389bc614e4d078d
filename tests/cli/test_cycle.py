from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.job_commands import JOB_NAMES
from huoban_perf.cli.serving import ServeOptions, open_house, share_of
from huoban_perf.cli.session import Settings
from huoban_perf.cli.workshop import ALL_JOBS
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import Problem
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.notices import Notice
from huoban_perf.cycle.work import Draft
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.rounds import Rounds, Tenant
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.book import Book
from huoban_perf.template import load_template
from tests.cli.desk import Desk, too_wide

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_of_the_registry_stands_in_the_command() -> None:
    assert set(JOB_NAMES) == set(ALL_JOBS)
    declared = {job.key for job in load_template("performance").schema.jobs}
    assert declared == set(ALL_JOBS), "automations/jobs.yaml names what the program has, and all of it"


def test_status_shows_the_road_and_what_blocks_it_within_80_columns(company: Desk) -> None:
    said = company.run("cycle", "status")
    assert said.exit is Exit.DONE
    assert said.out.startswith("2026Q3 · 反馈申诉")
    assert "●反馈申诉 ○已归档" in said.out
    assert "考核单「待确认」58 份" in said.out
    assert too_wide(said.out) == []
    found = company.run("cycle", "status", "2026Q3", "-o", "json").json["cycles"][0]
    assert (found["status"], found["appraisals"]["awaiting_confirmation"]) == ("feedback", 58)


def test_status_is_saved_as_a_picture_and_odd_wishes_are_refused(company: Desk, tmp_path: Path) -> None:
    file = tmp_path / "status.svg"
    assert company.run("cycle", "status", "--save", str(file)).exit is Exit.DONE
    assert "反馈申诉" in file.read_text(encoding="utf-8")
    for words in (("--save", "status.png"), ("--watch", "-o", "json"), ("--watch", "--save", str(file))):
        said = company.run("cycle", "status", *words)
        assert said.exit is Exit.INVALID
        assert said.err


def test_status_of_an_unknown_cycle_names_those_there_are(company: Desk) -> None:
    said = company.run("cycle", "status", "2031Q1")
    assert said.exit is Exit.INVALID
    assert "2026Q3" in said.err


def test_permission_columns_are_previewed_then_written_then_left_alone(company: Desk) -> None:
    before = company.dump()
    preview = company.run("job", "run", "access-sync", "-o", "json").json
    assert preview["rows_pending"] > 1000
    assert company.dump() == before
    written = company.run("job", "run", "access-sync", "--yes", "-o", "json").json
    assert written["rows_written"] == preview["rows_pending"]
    again = company.run("job", "run", "access-sync", "--yes", "-o", "json").json
    assert again["rows_written"] == 0


def test_job_without_its_source_says_so_in_the_run_log_too(company: Desk) -> None:
    said = company.run("job", "run", "org-sync", "--yes", "--unattended")
    assert said.exit is Exit.INVALID
    assert "作业 org-sync 需要 --from" in said.err
    assert "作业 org-sync 需要 --from" in repr(company.dump())


def test_source_of_the_profile_serves_the_schedule_and_its_faults_stand_in_the_run_log(company: Desk) -> None:
    people = company.home / "people.csv"
    people.write_text("工号,姓名,部门编码,岗位编码,入职日期\nE900,甲,D00,P01,2026-01-01\n", encoding="utf-8")
    profile = {
        "planes": ["v1", "builder"],
        "rate_per_s": None,
        "sources": {"org-sync": {"from": str(people)}},
        "schedules": [{"job": "org-sync", "cron": "0 4 * * *"}],
    }
    (company.home / "profiles.yaml").write_text(json.dumps({"profiles": {"sandbox": profile}}), encoding="utf-8")
    cron = company.run("serve", "--print-cron").out
    assert cron.count("job run") == 15
    assert "job run org-sync" in cron
    said = company.run("job", "run", "org-sync", "--yes", "--unattended")
    assert said.exit is Exit.INVALID
    assert "people.csv:1 上级工号  缺少列 上级工号" in said.err
    assert "缺少列 上级工号" in repr(company.dump())
    named = company.run("job", "run", "org-sync", "--from", str(company.home / "none.csv"))
    assert "找不到文件 none.csv" in named.err


def test_what_a_job_tells_people_is_kept_and_goes_out_with_the_next_run_of_cron(
    company: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Notice(
        receiver="1000001", event="hr_list", object="2026Q3", day=date(2026, 11, 2), facts={"cycle": "2026Q3"}
    )
    monkeypatch.setattr("huoban_perf.cli.workshop.plan_of", lambda *_: lambda _: Draft(notices=(told,)))
    preview = company.run("job", "run", "strategy-check")
    assert "写入时会通知 1 条" in preview.out
    assert not (company.home / "service.sqlite").exists()
    assert "新增通知 1 条, 已进待发箱" in company.run("job", "run", "strategy-check", "--yes").out
    assert "新增通知" not in company.run("job", "run", "strategy-check", "--yes").out
    assert told.key not in repr(company.dump())
    company.run("job", "run", "strategy-check", "--yes", "--unattended")
    assert told.key in repr(company.dump())


def test_review_of_the_process_stands_in_the_run_log_once(company: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Problem(code="cycle.advice_slow", address="评价中", facts={"days": 9})
    monkeypatch.setattr("huoban_perf.cli.workshop.plan_of", lambda *_: lambda _: Draft(notes=(found,)))
    words = ("job", "run", "review-process", "--cycle", "2026Q3")
    before = company.dump()
    assert company.run(*words).exit is Exit.DONE
    assert company.dump() == before
    for _ in range(2):
        assert "评价中" in company.run(*words, "--yes").out
    assert repr(company.dump()).count("建议先缩短这一环节") == 1


def test_units_hold_no_secret_and_name_every_schedule(company: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUOBAN_PERF_CALLBACK_SECRET", "s" * 40)
    cron = company.run("serve", "--print-cron").out
    assert cron.count("job run") == 14
    unit = company.run("serve", "--print-systemd").out
    assert "s" * 40 not in cron + unit
    assert "ReadWritePaths=" in unit


def test_unknown_zone_of_a_profile_keeps_the_service_from_starting(company: Desk) -> None:
    file = company.home / "profiles.yaml"
    entry = "{job: remind, cron: '0 9 * * *', zone: Mars/Olympus}"
    file.write_text(f"profiles:\n  sandbox:\n    planes: [v1, builder]\n    schedules: [{entry}]\n", encoding="utf-8")
    said = company.run("serve", "--port", "0")
    assert said.exit is Exit.INVALID
    assert "Mars/Olympus" in said.err
    assert "Asia/Shanghai" in said.err


def test_audit_log_is_verified_by_a_command(company: Desk) -> None:
    log = AuditLog(company.home / "audit.jsonl")
    for number in range(3):
        log.append("job run score", at=SystemClock().now(), facts={"rows": number})
    found = company.run("job", "audit", "-o", "json").json
    assert (found["lines"], found["hash"]) == (3, log.check().hash)
    kept = f"3:{found['hash']}"
    assert "包含您记下的那一行" in company.run("job", "audit", "--kept", kept).out
    file = company.home / "audit.jsonl"
    whole = file.read_text(encoding="utf-8")
    file.write_text("".join(whole.splitlines(keepends=True)[:2]), encoding="utf-8")
    assert company.run("job", "audit").exit is Exit.DONE
    cut = company.run("job", "audit", "--kept", kept)
    assert (cut.exit, "截断" in cut.err) == (Exit.INVALID, True)
    file.write_text(whole + '{"acti', encoding="utf-8")
    assert "6 字节的半行" in company.run("job", "audit").out
    file.write_text(whole.replace('"rows": 1', '"rows": 9'), encoding="utf-8")
    broken = company.run("job", "audit")
    assert (broken.exit, "第 2 行" in broken.err) == (Exit.INVALID, True)
    assert company.run("job", "audit", "--kept", "3").exit is Exit.INVALID


def test_share_of_an_instance_follows_from_its_options() -> None:
    alone = share_of(ServeOptions(events_only=True), profiles=("p",), shared=False)
    assert (alone.only, alone.without) == ("", "")  # nobody else runs what automations start
    beside = share_of(ServeOptions(events_only=True), profiles=("p",), shared=True)
    assert (beside.profiles, beside.only) == (("p",), "events")
    assert share_of(ServeOptions(worker=True), profiles=("p", "q"), shared=True).without == "events"


def test_worker_and_events_only_exclude_each_other(desk: Desk) -> None:
    said = desk.run("serve", "--worker", "--events-only")
    assert said.exit is Exit.INVALID
    assert "只能选一个" in said.err


class Served:
    """The service as a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "huoban_perf", "serve", "--port", "0", "--poll", "5"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "HUOBAN_PERF_HOME": str(home),
                "PYTHONPATH": str(ROOT),
                "HUOBAN_PERF_CALLBACK_SECRET": "a-secret-path-of-more-than-24-characters",
            },
        )
        assert self.process.stderr is not None
        self.url = ""
        for line in self.process.stderr:
            found = re.search(r"http://[\d.:]+", line)
            if found:
                self.url = found[0]
                break

    def get(self, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url + path, timeout=30)

    def post(self, path: str) -> int:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.url + path, data=b"{}", timeout=30).status_code

    def wait_for_round(self) -> None:
        for _ in range(2000):
            if "huoban_perf_last_tick_seconds 1" in self.get("/metrics").text:
                return
        raise AssertionError("no round ended")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


def test_service_survives_kill_9_and_ends_well_on_sigterm(company: Desk) -> None:
    first = Served(company.home)
    first.wait_for_round()
    assert first.get("/health").status_code == 200
    assert first.post("/hook/a-secret-path-of-more-than-24-characters") == 200
    assert first.post("/hook/another") == 404
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = Served(company.home)
    second.wait_for_round()
    assert second.end(signal.SIGTERM) == 0
    database = sqlite3.connect(company.home / "service.sqlite")
    states = dict(database.execute("SELECT state, count(*) FROM occurrences GROUP BY state").fetchall())
    database.close()
    assert states.get("done", 0) >= 1
    assert "parked" not in states


class NoWait(SystemClock):
    """Real time, but waiting costs nothing."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def test_picked_action_is_carried_out_over_the_wire(company: Desk) -> None:
    """A person confirms a result in the workspace; the service sees it, decides it and writes it back."""
    environ = {"HUOBAN_PERF_HOME": str(company.home)}
    settings = replace(Settings.of(environ, lang="zh", profile=None), clock=NoWait())
    store, metrics = SqliteStore(None), Metrics()
    with open_house(settings, settings.profile(), store=store, jobs=store, metrics=metrics) as house:
        tenant = Tenant(profile="sandbox", schedules=(), outbox=house.outbox, poll=timedelta(minutes=1))
        rounds = Rounds(tenants=(tenant,), store=store, run_job=house.run, clock=settings.clock, name="a")
        rounds.tick()
        app = house.shop.app
        row = Book(app).find("appraisal", "[2026Q3|E010]")
        assert row is not None
        write = ItemWrite(key=row.key, item_id=row.item_id, values={"employee_action": "confirm"})
        batch = WriteBatch(table=app.schema.table("appraisal"), mode=WriteMode.UPDATE, rows=(write,))
        app.connection.item_sink.submit(batch=batch, bindings=app.bindings)
        for _ in range(3):
            rounds.look_now()
            rounds.tick()
        found = Book(app).find("appraisal", "[2026Q3|E010]")
        assert found is not None
        assert (found["status"], found["employee_action"], found["confirmation_kind"]) == ("completed", None, "self")
        assert found["action_result"] == "已完成: 确认结果"
        # The row in 运行记录 that says who picked it is unknown is seen too; only the action itself counts here.
        taken = [(name, state.value) for name, _, _, state, _, _ in house.ledger.listed() if "run_log" not in name]
        assert taken == [("action:appraisal", "done")]
    store.close()
