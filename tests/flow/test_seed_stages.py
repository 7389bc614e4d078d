"""Every stage of a seeded cycle: reached by the real jobs, reached again without a write, killed anywhere, removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.story import Stage
from huoban_perf.cli.workshop import Workshop, process_of
from huoban_perf.core.addresses import MemberId, WorkspaceId
from huoban_perf.core.errors import CycleError, UnsafePlanError
from huoban_perf.core.ports import Member
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.demo.outline import SEED_CYCLE
from huoban_perf.demo.sample import sample_of
from huoban_perf.demo.seeding import preview_stage, remove_company, seed_stage
from huoban_perf.demo.stages import STAGES
from huoban_perf.profile import Profile, Site
from huoban_perf.sync.app import DeployedApp
from tests.unit.sync.company import schema, template
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

pytestmark = pytest.mark.flow

SAMPLE = sample_of(template(), people=24)
# What says when, or was hashed over it, may differ between a clean run and one that was killed.
_WHEN = frozenset({"input_hash", "batch", "calculated_on", "released_on", "announced_on", "stage_times"})


class Died(BaseException):
    """The process is gone."""


@dataclass
class Town:
    """A workspace whose people a program may invite, and a workshop over it."""

    folder: Path
    memory: Memory = field(default_factory=Memory)
    names: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    written_again: int = 0

    def account(self, *, name: str, number: str) -> str:
        return f"{name}({number})"

    def invite(self, *, workspace: WorkspaceId, accounts: list[str]) -> None:
        self.names += accounts

    def join_group(self, member: MemberId, group: str) -> None:
        self.groups[member] = group

    def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
        for name in self.names:
            yield Member(member_id=MemberId(f"u{name[-12:-1]}"), name=name)

    @property
    def shop(self) -> Workshop:
        connection = replace(self.memory.connection(), member_source=self)
        site = Site(
            profile=Profile(home=self.folder / "home"),
            connection=connection,
            workspace=WorkspaceId("1"),
            control=self,  # type: ignore[arg-type]
        )
        wish = Wish(template=template(), schema=schema())
        app = DeployedApp(connection=connection, schema=schema(), bindings=NO_BINDINGS, clock=Clock())
        process = process_of(wish, {})
        return Workshop(site=site, wish=wish, app=app, process=process, calendar=WorkCalendar(), members={}, secret=str)

    def seed(self, stage: str) -> None:
        shop = self.shop
        seed_stage(shop.site, shop.app, SAMPLE, stage=stage, machinery=Stage(shop))

    def rows(self, table: str) -> dict[str, dict[str, Value]]:
        key_field = schema().table(table).key_field or ""
        return {str(values.get(key_field)): values for _, values in self.memory.items.get(table, {}).values()}

    def states(self, table: str, *, cycle: str = SEED_CYCLE) -> Counter[Value]:
        return Counter(row.get("status") for key, row in self.rows(table).items() if cycle in key)

    def world(self) -> dict[str, Any]:
        """What stands by key, relations as keys, without moments."""
        names = {
            item: str(values.get(schema().table(table).key_field or ""))
            for table, rows in self.memory.items.items()
            for item, (_, values) in ((f"{table}:{item}", row) for item, row in rows.items())
        }

        def plain(table: str, name: str, value: Value) -> Value:
            target = schema().table(table).field(name).target
            if target is None or not isinstance(value, tuple):
                return value
            return tuple(names[f"{target.key}:{part}"] for part in value)

        return {
            table: {
                key: {
                    name: plain(table, name, value)
                    for name, value in sorted(row.items())
                    if value is not None and name not in _WHEN
                }
                for key, row in sorted(self.rows(table).items())
            }
            for table in self.memory.items
            if table != "run_log"
        }


def twin(town: Town) -> Town:
    """The same town on its own."""
    copy = Town(town.folder, names=list(town.names))
    copy.memory.items = {
        table: {item: (at, dict(values)) for item, (at, values) in rows.items()}
        for table, rows in town.memory.items.items()
    }
    return copy


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Town]:
    """The same town, looked at in every stage: how many writes it took to come there, and to come there again."""
    town = Town(tmp_path_factory.mktemp("town"))
    seen: dict[str, Town] = {}
    for stage in STAGES:
        town.seed(stage)
        copy = twin(town)
        writes = town.memory.writes
        town.seed(stage)
        copy.written_again = town.memory.writes - writes
        seen[stage] = copy
    return seen


def test_each_stage_is_reached_and_reached_again_without_a_write(walked: dict[str, Town]) -> None:
    assert {stage: town.rows("cycle")[SEED_CYCLE]["status"] for stage, town in walked.items()} == {
        stage: stage for stage in STAGES
    }
    assert {stage: town.written_again for stage, town in walked.items()} == dict.fromkeys(STAGES, 0)


def test_each_stage_looks_lived_in(walked: dict[str, Town]) -> None:
    assert walked["draft"].states("appraisal") == Counter()
    setting = walked["goal_setting"].states("appraisal")
    assert setting["goal_setting"]
    assert setting["goals_awaiting_confirmation"]
    assert setting["running"]
    figures = Counter(row["status"] for row in walked["running"].rows("metric_actual").values())
    assert figures["verified"]
    assert figures["to_fill"] > figures["verified"]
    health = {row.get("health") for row in walked["running"].rows("goal").values()}
    assert len(health - {None}) >= 2
    reviews = walked["reviewing"].states("review_task")
    assert reviews["submitted"]
    assert reviews["to_review"]
    assert reviews["awaiting_acceptance"]
    assert walked["calibrating"].states("calibration") == {"pending": 1}
    assert set(walked["awaiting_release"].states("score_result")) == {"calibrated", "void"}
    feedback = walked["feedback"].states("appraisal")
    assert {"awaiting_interview", "awaiting_confirmation", "completed", "appealing"} <= set(feedback)
    assert set(walked["archived"].states("appraisal")) == {"completed", "not_appraised"}
    assert set(walked["archived"].states("outcome")) == {"executed"}


@pytest.mark.parametrize("stage", ["reviewing", "calibrating", "feedback", "archived"])
def test_counts_of_reviews_are_right_in_every_stage(walked: dict[str, Town], stage: str) -> None:
    town = walked[stage]
    counts: dict[str, Counter[Value]] = {}
    for key, task in town.rows("review_task").items():
        counts.setdefault("|".join(key.split("|")[:2]) + "]", Counter())[task.get("status")] += 1
    sheets = {key: row for key, row in town.rows("appraisal").items() if SEED_CYCLE in key}
    for key, row in sheets.items():
        told = counts.get(key, Counter())
        assert row["done_reviews"] == told["submitted"], key
        counted = sum(told.values()) - told["declined"] - told["recalled"] - told["expired"]
        left_open = told["expired"] if row["status"] != "not_appraised" else 0
        assert row["due_reviews"] == counted + left_open, key
    assert sum(int(str(row["done_reviews"])) for row in sheets.values()) > 70
    share = town.rows("cycle")[SEED_CYCLE]["completion"]
    assert isinstance(share, Decimal)
    assert share > (20 if stage == "reviewing" else 95)


def test_plans_after_weak_results_are_agreed_before_the_archive(walked: dict[str, Town]) -> None:
    town = twin(walked["feedback"])
    sheet = min(
        key for key, row in town.rows("appraisal").items() if SEED_CYCLE in key and row["status"] == "completed"
    )
    town.rows("appraisal")[sheet]["released_grade"] = "d"
    town.seed("feedback")
    assert town.states("improvement") == {"draft": 1}
    town.seed("archived")
    assert town.states("improvement") == {"running": 1}
    (plan,) = [key for key in town.rows("improvement") if SEED_CYCLE in key]
    (task,) = [row for key, row in town.rows("plan_task").items() if key.startswith(f"{plan[:-1]}|")]
    assert task["owner"]
    assert town.rows("cycle")[SEED_CYCLE]["status"] == "archived"


def test_everybody_finds_their_own_rows(walked: dict[str, Town]) -> None:
    for table in ("appraisal", "goal", "review_task", "interview"):
        own = "p_subject" if table == "review_task" else "p_self"
        assert all(row[own] for row in walked["feedback"].rows(table).values()), table


def test_what_was_decided_is_what_was_released(walked: dict[str, Town]) -> None:
    (record,) = walked["archived"].rows("calibration").values()
    sheets = walked["archived"].rows("appraisal")
    changed = next(key for key in sheets if key.strip("[]") in str(record["natural_key"]))
    assert sheets[changed]["released_grade"] == record["new_grade"] != record["old_grade"]
    scored = [row for key, row in sheets.items() if SEED_CYCLE in key and row["status"] == "completed"]
    assert all(row["released_score"] is not None and row["released_receipt"] for row in scored)
    assert len(scored) > 20


def test_killed_every_few_writes_the_story_ends_the_same(walked: dict[str, Town], tmp_path: Path) -> None:
    town = Town(tmp_path)
    submit = town.memory.submit
    count = kills = 0

    def deadly(**asked: Any) -> Any:
        nonlocal count, kills
        answer = submit(**asked)
        count += 1
        if count % 7 == 0:
            kills += 1
            raise Died
        return answer

    town.memory.submit = deadly  # type: ignore[method-assign]
    for _ in range(60):
        try:
            town.seed("archived")
        except Died:
            continue
        break
    assert kills >= 8
    clean = walked["archived"].world()
    assert town.world() == clean


def test_removal_takes_out_what_the_jobs_made_too(walked: dict[str, Town]) -> None:
    town = walked["feedback"]
    removed = remove_company(town.shop.app, apply=True)
    assert min(removed[table] for table in ("score_result", "interview", "appeal", "calibration", "goal")) > 0
    assert {table: len(rows) for table, rows in town.memory.items.items() if rows} == {
        "run_log": len(town.memory.items["run_log"])
    }


def test_a_cycle_never_goes_back_and_real_people_are_never_appraised(walked: dict[str, Town], tmp_path: Path) -> None:
    town = walked["archived"]
    writes = town.memory.writes
    with pytest.raises(UnsafePlanError) as caught:
        town.seed("running")
    assert caught.value.facts["state"] == "已归档"
    assert town.memory.writes == writes
    real = Town(tmp_path)
    real.memory.put(schema().table("employee"), {"emp_no": "E001", "name": "真人"})
    with pytest.raises(UnsafePlanError) as refused:
        real.seed("draft")
    assert refused.value.code == "demo.real_people"
    assert (real.memory.writes, real.names) == (0, [])


def test_preview_writes_nothing_and_no_accounts_are_told(tmp_path: Path) -> None:
    town = Town(tmp_path)
    shop = town.shop
    assert preview_stage(shop.site, shop.app, SAMPLE).seeded.written > 150
    assert (town.memory.writes, town.names) == (0, [])
    alone = replace(shop.site, control=None)
    with pytest.raises(CycleError) as caught:
        seed_stage(alone, shop.app, SAMPLE, stage="draft", machinery=Stage(shop))
    assert caught.value.code == "demo.no_accounts"
    assert town.memory.writes == 0
