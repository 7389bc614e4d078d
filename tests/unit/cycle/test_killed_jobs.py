"""Every job killed at every write, before or after its effect, is finished by the next run: same rows, told once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.values import Value
from huoban_perf.cycle.jobs import JOBS
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.cycle.dying import Died, dying
from tests.unit.cycle.test_after_release import released, reviewed
from tests.unit.cycle.test_collect import mapping, with_standard
from tests.unit.cycle.test_looking_back import goal, strategy
from tests.unit.sync.company import copied, schema

_MOMENTS = frozenset({"collected_on", "submitted_on", "announced_on", "decided_on", "batch"})
ELSEWHERE = {
    "open": "test_opening, test_goal_changes",
    "org-sync": "test_org_sync",
    "appeal": "test_appeal_reviews",
    "grow": "tests/flow/test_growth",
}
"""Jobs whose kills have a test of their own."""

Options = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A job with a world in which it has much to do."""

    job: str
    world: str
    prepare: Callable[[Firm], Options | None]
    day: date = date(2027, 1, 19)
    tables: frozenset[str] = field(default_factory=frozenset)


def nothing(company: Firm) -> None:
    """The world as it is."""


def end(company: Firm) -> Options:
    return {"end_reviews": "yes"}


def proposals(company: Firm) -> None:
    company.set("cycle", CYCLE, status="calibrating")
    for number, grade in (("E010", "a"), ("E011", "c")):
        company.set("score_result", f"[{CYCLE}|{number}]", proposed_grade=grade, calibration_reason="有记录")


def figures(company: Firm) -> Options:
    return {"from": mapping(company.folder, "E010,2026-10-01,2026-10-31,310000\nE011,2026-10-01,2026-10-31,9")}


def measured(company: Firm) -> None:
    company.run("collect", JOBS["collect"].plan, **figures(company))


def answers(company: Firm) -> None:
    for code in ("K1", "K2"):
        task: dict[str, Value | Refs] = {
            "status": "to_review",
            "appraisal": Refs("appraisal", (f"[{CYCLE}|E010]",)),
            "relation": "customer",
            "external_rater": code,
            "invite_code": code,
        }
        company.put("review_task", f"[{CYCLE}|E010|customer|{code}]", task)
    for code in ("K1", "K1", "K2", "NOPE"):
        values: dict[str, Value] = {"invite_code": code, "service_attitude": "g4", "match_status": "pending"}
        company.memory.put(schema().table("external_review"), values)


def weak(company: Firm) -> None:
    for number in ("E010", "E011"):
        company.set("appraisal", f"[{CYCLE}|{number}]", released_grade="d")
    plan: dict[str, Value | Refs] = {
        "status": "running",
        "employee": Refs("employee", ("E012",)),
        "start_date": date(2026, 10, 1),
        "end_date": date(2026, 12, 31),
    }
    company.put("improvement", "[E012|2026-10-01]", plan)
    log: dict[str, Value | Refs] = {
        "kind": "improvement_review",
        "improvement": Refs("improvement", ("[E012|2026-10-01]",)),
        "date": date(2026, 12, 1),
    }
    company.put("log", "[E012|uE004|2026-12-01|1]", log)


def talked(company: Firm) -> None:
    company.run("interview", JOBS["interview"].plan)
    for key in list(company.rows("interview"))[:20]:
        company.set("interview", key, status="signed")


def silent(company: Firm) -> None:
    for key, row in company.rows("appraisal").items():
        if row["status"] == "awaiting_interview":
            company.set("appraisal", key, status="awaiting_confirmation")


def settled(company: Firm) -> Options:
    for key, row in company.rows("appraisal").items():
        if row["status"] == "awaiting_interview":
            company.set("appraisal", key, status="completed")
    return {"archive": "yes"}


def paid(company: Firm) -> None:
    settled(company)
    (scheme,) = company.rows("scheme")
    company.set("scheme", scheme, department_coefficient_use="none")
    for number in ("E010", "E011", "E012"):
        base: dict[str, Value | Refs] = {
            "employee": Refs("employee", (number,)),
            "bonus_base": Decimal(8000),
            "effective_on": date(2026, 1, 1),
        }
        company.put("hr_private", f"[{number}|2026-01-01]", base)
    company.put("bonus_pool", f"[{CYCLE}|all]", {"cycle": Refs("cycle", (CYCLE,)), "amount": Decimal(1000)})
    company.set("appraisal", f"[{CYCLE}|E013]", released_grade="d")


def old(company: Firm) -> None:
    answers(company)
    company.set("cycle", CYCLE, status="reviewing")
    company.run("match-external", JOBS["match-external"].plan)
    company.set("cycle", CYCLE, status="archived")
    for key in company.rows("review_task"):
        company.set("review_task", key, overall_comment="稳", extreme_evidence="来信")


def strategies(company: Firm) -> None:
    strategy(company, "增长")
    strategy(company, "旧目标", status="adjusted")
    goal(company, "a", "D10", "增长")
    goal(company, "c", "D30", "旧目标")


CASES = (
    Case("access-sync", "reviewing", nothing),
    Case("calibrate", "reviewing", end, date(2027, 1, 13)),
    Case("calibrate", "reviewing", proposals, date(2027, 1, 14)),
    Case("collect", "measured", figures, date(2026, 11, 4)),
    Case("progress", "measured", measured, date(2026, 11, 4)),
    Case("match-external", "reviewing", answers, date(2027, 1, 11)),
    Case("interview", "feedback", nothing),
    Case("interview", "feedback", talked),
    Case("improve", "feedback", weak),
    Case("remind", "feedback", silent, date(2027, 1, 26)),
    Case("outcomes", "feedback", paid, date(2027, 1, 30)),
    Case("archive", "feedback", settled),
    Case("retention", "feedback", old, date(2029, 6, 1)),
    Case("review-process", "feedback", nothing),
    Case("strategy-check", "reviewing", strategies),
)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Firm]:
    """The worlds that cases start from."""
    reviewing = reviewed(firm(tmp_path_factory.mktemp("reviewing")))
    feedback = released(Firm(copied(reviewing.memory), tmp_path_factory.mktemp("feedback")))
    running = with_standard(firm(tmp_path_factory.mktemp("measured")))
    return {"reviewing": reviewing, "feedback": feedback, "measured": running}


def start(case: Case, worlds: Mapping[str, Firm], folder: Path) -> tuple[Firm, Options]:
    folder.mkdir(parents=True, exist_ok=True)
    company = Firm(copied(worlds[case.world].memory), folder).on(case.day)
    options = case.prepare(company.on(case.day)) or {}
    company.told.notices.clear()
    return company.on(case.day), options


def again(ready: Firm, case: Case, folder: Path) -> Firm:
    """The prepared world once more, for one run that is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    return Firm(copied(ready.memory), folder).on(case.day)


def world(company: Firm) -> tuple[str, list[str]]:
    """What stands, by item, without moments; and what was told."""
    rows = {
        table: [
            {name: value for name, value in sorted(row.items()) if name not in _MOMENTS and value is not None}
            for _, row in items.values()
        ]
        for table, items in sorted(company.memory.items.items())
        if table != "run_log"
    }
    return repr(rows), sorted(company.told.notices)


def run(company: Firm, case: Case, options: Options) -> int:
    return company.run(case.job, JOBS[case.job].plan, **options).changes


def finish(company: Firm, case: Case, options: Options) -> None:
    """Run until nothing is left to do; a job that ends one stage goes on with the next."""
    for _ in range(4):
        if not run(company, case, options):
            return
    raise AssertionError("the job does not come to rest")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.job}-{case.prepare.__name__}")
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
def test_job_killed_at_any_write_is_finished_by_the_next_run(
    case: Case, worlds: Mapping[str, Firm], tmp_path: Path, *, before: bool
) -> None:
    ready, options = start(case, worlds, tmp_path / "ready")
    company = again(ready, case, tmp_path / "clean")
    finish(company, case, options)
    clean = world(company)
    for allowed in range(0 if before else 1, 40):
        company = again(ready, case, tmp_path / str(allowed))
        with dying(company, allowed, before=before) as died, contextlib.suppress(Died):
            run(company, case, options)
        begun = company.rows("run_log").keys() - ready.rows("run_log").keys()
        assert begun or world(company)[0] == world(ready)[0], "no row changes before 运行记录 says that a run began"
        finish(company, case, options)
        assert world(company) == clean, allowed
        told = company.rows("run_log")
        assert begun <= told.keys()
        assert all(row.get("ended_on") and row.get("exit_code") == 0 for row in told.values()), told
        if not died():
            break
    assert not died()


def test_every_job_is_killed_somewhere() -> None:
    assert {case.job for case in CASES} | set(ELSEWHERE) == set(JOBS)
