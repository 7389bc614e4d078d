"""``migrate`` at the command line: between two embedded workspaces, with what lies beside them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.automation import Firing
from huoban_perf.cli.deployed import deployed_app, wish_of
from huoban_perf.cli.exits import Exit
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.notices import Notice
from huoban_perf.core.progress import silent
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.demo.rows import batch
from huoban_perf.demo.seed import seed
from huoban_perf.notices import TextBook
from huoban_perf.profile import connect, load_profile
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.wanted import Refs
from tests.cli.desk import Desk, Remote, flat, little_template, too_wide, write_profiles
from tests.contract.platform.probe import FastClock

LEASE = timedelta(minutes=3)
PEOPLE = {"E001": "张三", "E002": "李四", "E003": "王五"}
MOVE = ("migrate", "--from", "one", "--to", "two")


def _profiles(desk: Desk, **entries: str) -> None:
    lines = [f"  {name}: {{platform: sandbox, planes: [v1, builder], {more}}}" for name, more in entries.items()]
    desk.home.mkdir(parents=True, exist_ok=True)
    (desk.home / "profiles.yaml").write_text("\n".join(["profiles:", *lines, ""]), encoding="utf-8")


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The small app with three people in profile ``one``, and a ``two`` where nothing stands yet; each its own home."""
    homes = {name: f"template: performance-lite, rate_per_s: null, home: {desk.home / name}" for name in ("one", "two")}
    _profiles(desk, **homes)
    assert desk.run("--profile", "one", "apply", "--yes").exit is Exit.DONE
    profile, clock = load_profile("one", environ={"HUOBAN_PERF_HOME": str(desk.home)}), FastClock()
    with connect(profile, clock=clock, environ={}) as site:
        assert site.control is not None
        app = deployed_app(site, wish_of(profile), clock=clock, progress=silent)
        accounts = {number: site.control.build_member(site.workspace, name=name) for number, name in PEOPLE.items()}
        common = {"employment_status": "active", "department_name": "sales", "position_name": "sales"}
        common |= {"hire_date": date(2024, 1, 1), "participation": "included"}
        people = [
            {"emp_no": number, "name": name, "account": (accounts[number],), **common}
            for number, name in PEOPLE.items()
        ]
        cycle = {"name": "2026Q4", "start_date": date(2026, 10, 1), "end_date": date(2026, 12, 31)}
        sheets = [
            {
                "natural_key": f"[2026Q4|{number}]",
                "name": f"{name} 2026Q4",
                "employee": Refs("employee", (number,)),
                "cycle": Refs("cycle", ("2026Q4",)),
                "released_score": Decimal("89.14"),
                "employee_action": "submit_goals" if number == "E003" else None,
            }
            for number, name in PEOPLE.items()
        ]
        rows = (("employee", "emp_no", people), ("cycle", "name", [cycle]), ("appraisal", "natural_key", sheets))
        seed([batch(*one) for one in rows], app=app)
    return desk


def _remember(home: Path, *, receiver: str = "m1") -> None:
    """A service ran here: it looked at a table, something is under way, a notice waits."""
    store = SqliteStore(home / "service.sqlite")
    moment = datetime(2026, 10, 8, 1, tzinfo=UTC)
    ledger = SqliteLedger(store, profile="one")
    ledger.note("appraisal", cursor=moment, seen={}, firings=[])
    ledger.enqueue(
        [
            Firing(
                key="action:appraisal|gone|1", automation="action:appraisal", table="appraisal", item="gone", cause="-"
            )
        ]
    )
    outbox = Outbox(
        profile="one", store=store, clock=SystemClock(), calendar=WorkCalendar(), texts=TextBook(locale="zh")
    )
    facts = {"job": "score"}
    outbox.put([Notice(receiver=receiver, event="job_failed", object="score", day=moment.date(), facts=facts)])
    store.close()
    AuditLog(home / "audit.jsonl").append("job run score", at=moment, facts={"cycle": "2026Q4", "rows": 3})
    run = home / "runs" / "20261008T010000-score-00000000"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}", encoding="utf-8")


def test_a_company_moves_house_once_and_both_sides_compare_equal(office: Desk) -> None:
    old, new = office.home / "one", office.home / "two"
    _remember(old)
    preview = office.run(*MOVE)
    assert preview.exit is Exit.DONE
    said = flat(preview.out)
    assert "3人在新处没有账号" in said
    assert "没办完的自动化1件、没发出的通知1条" in said
    assert "考核单:1条数据上有人选了操作,还没处理" in said
    assert "存档的评分1次会复制到" in said
    assert f"审计日志留在{old / 'audit.jsonl'}" in said
    assert "以上只是预览, 没有写入" in preview.out
    assert [line for line in too_wide(preview.out) if str(office.home) not in line] == []
    assert not (new / "service.sqlite").exists()
    refused = office.run(*MOVE, "--yes")
    assert refused.exit is Exit.REFUSED
    assert "什么也没有写" in flat(refused.err)
    done = office.run(*MOVE, "--yes", "--invite")
    assert done.exit is Exit.DONE
    assert "没有不同" in done.out
    assert "旧处的不要再启动" in flat(done.out)
    assert too_wide(done.out) == []
    again = office.run(*MOVE, "--yes", "-o", "json").json
    assert (again["created"], again["updated"], again["same"], again["differences"]) == (0, 0, True, [])
    assert again["traffic"]["writes"] == 0
    assert again["tables"]["appraisal"]["equal"] == again["tables"]["appraisal"]["old"] == 3
    assert set(again["handed_over"].values()) == {0}
    assert [path.name for path in (new / "runs").iterdir()] == ["20261008T010000-score-00000000"]
    lines = [json.loads(line) for line in (new / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["action"] for line in lines] == ["migrate begins", "migrate"]
    head = AuditLog(old / "audit.jsonl").check()
    assert {(line["former_lines"], line["former_hash"]) for line in lines} == {(1, head.hash)}
    assert AuditLog(new / "audit.jsonl").check().lines == 2


def test_while_a_service_runs_nothing_moves(office: Desk) -> None:
    store = SqliteStore(office.home / "one" / "service.sqlite")
    clock = SystemClock()
    store.add(profile="one", job="events", due=clock.now())
    claim = store.claim(worker="a", now=clock.now(), lease=LEASE)
    assert claim is not None
    refused = office.run(*MOVE, "--yes", "--invite")
    store.close()
    assert refused.exit is Exit.REFUSED
    assert "one的huoban-perfserve还在运行" in flat(refused.err)
    assert not (office.home / "two" / "audit.jsonl").exists()


def test_onto_the_documented_interface_a_person_builds_first_and_then_everything_arrives(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    template = little_template(tmp_path / "little")
    here = {"platform": "sandbox", "planes": ["v1", "builder"], "template": str(template), "home": str(desk.home / "a")}
    there = {"base_url": remote.base_url, "workspace": remote.workspace, "template": str(template)}
    write_profiles(desk.home, here=here, there=there)
    assert desk.run("--profile", "here", "apply", "--yes").exit is Exit.DONE
    profile, clock = load_profile("here", environ={"HUOBAN_PERF_HOME": str(desk.home)}), FastClock()
    with connect(profile, clock=clock, environ={}) as site:
        app = deployed_app(site, wish_of(profile), clock=clock, progress=silent)
        teams = [{"code": "T1", "name": "一队"}, {"code": "T2", "name": "二队"}]
        people = [
            {
                "code": f"P{number}",
                "name": f"人{number}",
                "team": Refs("team", (f"T{number % 2 + 1}",)),
                "level": "high",
            }
            for number in range(3)
        ]
        seed([batch("team", "code", teams), batch("person", "code", people)], app=app)
    move = ("migrate", "--from", "here", "--to", "there", "--yes")
    before = remote.dump()
    waits = desk.run(*move)
    assert waits.exit is Exit.PARTLY_DONE, waits.err
    assert "数据一条也没搬" in flat(waits.err)
    assert remote.dump() == before
    text = {"kind": "text"}
    team = remote.build_table("团队", {"name": "团队名称", **text, "is_title": True}, {"name": "团队编码", **text})
    options = [{"name": "初级"}, {"name": "高级"}]
    relation = {"name": "所属团队", "kind": "relation", "target_table_id": team}
    choice = {"name": "级别", "kind": "choice", "options": options}
    names = ({"name": "姓名", **text, "is_title": True}, {"name": "编号", **text})
    remote.build_table("人员", *names, relation, choice)
    done = desk.run(*move, "-o", "json")
    assert done.exit is Exit.DONE, done.err
    found = done.json
    assert (found["created"], found["same"], found["differences"], found["losses"]) == (5, True, [], [])
    again = desk.run(*move, "-o", "json").json
    assert (again["created"], again["updated"], again["traffic"]["writes"]) == (0, 0, 0)


def test_bad_input_is_said_with_nothing_changed(desk: Desk, tmp_path: Path) -> None:
    _profiles(desk, one="template: performance-lite", same="template: performance-lite", other="template: performance")
    people = tmp_path / "people.csv"
    people.write_text("from,to\n张三,\n李四,a@example.com\n李四,b@example.com\n", encoding="utf-8")
    bad = desk.run("migrate", "--from", "one", "--to", "other", "--people", str(people))
    assert bad.exit is Exit.INVALID
    assert f"{people}:2  这一行缺 from 或 to" in bad.err
    assert f"{people}:4  李四 出现了两次" in bad.err
    missing = desk.run("migrate", "--from", "nowhere", "--to", "other")
    assert missing.exit is Exit.INVALID
    assert "nowhere" in missing.err
    bare = desk.run("migrate", "--from", "one", "--to", "other")
    assert "还没有在此工作区部署完" in flat(bare.err) or "部署" in bare.err
    assert not list(desk.home.rglob("*.move"))
