"""``serve`` beside a live NocoDB, with everything against it, ends in the world of the embedded workspace.

The base it leaves is then spoilt by hand, and every command says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run as command
from huoban_perf.core.addresses import Address
from huoban_perf.core.schema.automations import OnButton, OnFill
from huoban_perf.deploy import heard_tables
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.flow.lite_nocodb import STRIKES, OnNocodb, on_nocodb
from tests.flow.lite_served import InProcess
from tests.flow.lite_story import ACTS, CYCLE, HR, cycle, hire
from tests.flow.served import SECRET
from tests.nocodb_server import nocodb

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]
HEARD_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "serve") as running:
        yield running


@pytest.fixture(scope="module")
def wished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What becomes of the story on the embedded workspace, where nothing goes wrong."""
    run = InProcess(tmp_path_factory.mktemp("wished"))
    try:
        for act in (hire, *ACTS):
            act(run)
        return {"world": run.stands(), "fired": run.fired(), "jobs": set(run.jobs())}
    finally:
        run.close()


@pytest.fixture(scope="module")
def run(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnNocodb]:
    """The story lived through on the live server; the service has ended."""
    with on_nocodb(server, tmp_path_factory.mktemp("served"), bad=True) as run, pytest.MonkeyPatch.context() as patch:
        run.settle_in(patch)
        assert run.hooks("--address", run.address) is Exit.DONE
        hire(run)
        run.change(HR, "cycle", cycle(run), hr_action="announce")
        run.heard = any(  # the clock stands still: no poll is due, only the server's hint can tell
            run.rows("cycle")[cycle(run)]["status"] == "goal_setting" or run.luck.dead.wait(0.1)
            for _ in range(HEARD_S * 10)
        )
        for act in ACTS:
            act(run)
        run.told = run.hints()
        run.code = run.close()
        run.luck.bad = False
        yield run


@pytest.fixture
def office(run: OnNocodb, monkeypatch: pytest.MonkeyPatch) -> OnNocodb:
    """Commands work on the base that the story left."""
    run.settle_in(monkeypatch)
    return run


def test_the_world_ends_as_on_the_embedded_workspace(wished: dict[str, Any], run: OnNocodb) -> None:
    assert run.stands() == wished["world"]
    assert run.rows("cycle")[cycle(run)]["status"] == "archived"


def test_everything_went_wrong_that_can(run: OnNocodb) -> None:
    assert {kind for kind, where in run.luck.struck if where == "write"} == set(STRIKES.values())
    assert {kind for kind, where in run.luck.struck if where == "read"} == {
        "502 before",
        "cut after",
        "cut before",
        "late",
    }
    assert run.kills == sum(kind.startswith("kill") for kind in STRIKES.values()) == 3


def test_automations_fired_when_they_should_and_only_then(wished: dict[str, Any], run: OnNocodb) -> None:
    def settled(fired: Counter[tuple[str, str, str]]) -> set[tuple[str, str]]:
        # One that a kill cut off after its effect is found done when it is tried again, and counts as skipped.
        return {(name, row) for name, row, state in fired if state in {"done", "skipped"}}

    def ended(fired: Counter[tuple[str, str, str]], *states: str) -> Counter[tuple[str, str]]:
        return Counter({(name, row): count for (name, row, state), count in fired.items() if state in states})

    assert settled(run.fired()) == settled(wished["fired"])
    assert ended(wished["fired"], "refused") >= ended(run.fired(), "refused")
    assert ended(run.fired(), "refused") + ended(run.fired(), "skipped") >= ended(wished["fired"], "refused")
    assert {state for _, _, state in run.fired()} <= {"done", "skipped", "refused"}
    assert not [one for one in run.app.schema.automations if not isinstance(one.trigger, OnButton | OnFill)]


def test_jobs_ran_on_schedule_and_none_was_given_up(wished: dict[str, Any], run: OnNocodb) -> None:
    assert set(run.jobs()) == wished["jobs"]
    assert run.unfinished() == []
    assert run.code == 0


def test_the_servers_hint_alone_sets_the_service_to_work(run: OnNocodb) -> None:
    assert run.heard
    assert run.told["accepted"] > 0
    assert not {"unknown", "unreadable"} & set(run.told)


def test_nothing_secret_stands_in_what_the_service_wrote(run: OnNocodb) -> None:
    files = [file for file in (run.folder / "home").rglob("*") if file.suffix in {".jsonl", ".json", ".log"}]
    written = run.log + "".join(file.read_text(encoding="utf-8") for file in files)
    assert files
    assert [secret for secret in (SECRET, run.server.token) if secret in written] == []


def test_one_command_takes_the_hints_away_and_says_when_none_are_left(
    office: OnNocodb, capsys: pytest.CaptureFixture[str]
) -> None:
    hints, url = office.connection.hints, f"{office.address}/hook/{SECRET}"
    assert hints is not None
    tables = [str(office.app.bindings[address]) for address in heard_tables(office.app.schema)]
    assert [hints.is_told(table_id=table, url=url) for table in tables] == [True] * 5
    assert command(["doctor"]) is Exit.DONE
    assert "已设提示的: 5/5" in capsys.readouterr().out
    assert office.hooks("--remove") is Exit.DONE
    assert "5 张表" in capsys.readouterr().out
    assert command(["doctor"]) is Exit.DONE
    assert "已设提示的: 0/5" in capsys.readouterr().out
    assert command(["nocodb", "hooks", "--remove"]) is Exit.DONE
    assert "没有要改的" in capsys.readouterr().out
    assert not any(hints.is_told(table_id=table, url=url) for table in tables)
    assert office.hooks("--remove") is Exit.DONE
    assert SECRET not in capsys.readouterr().out


def test_status_shows_the_stages_that_the_app_has(office: OnNocodb, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["cycle", "status", CYCLE]) is Exit.DONE
    road = capsys.readouterr().out
    assert "●已归档" in road
    assert not {"announced", "calibrating"} & set(road.replace("●", " ").split())


def test_a_text_in_a_number_is_named_before_anything_is_scored(
    office: OnNocodb, capsys: pytest.CaptureFixture[str]
) -> None:
    goal = next(iter(office.rows("goal")))
    was = office.rows("goal")[goal]["weight"]
    office.by_hand("goal", goal, weight="六十")
    for words in (["job", "run", "score", "--cycle", CYCLE], ["job", "run", "progress", "--cycle", CYCLE, "--yes"]):
        assert command(words) is Exit.INVALID
        said = capsys.readouterr().err
        assert ("表 目标" in said, f"第 {goal} 行 (Id), 字段 权重" in said, "六十" in said) == (True, True, False)
        assert "改正下列单元格" in said
    office.by_hand("goal", goal, weight=str(was))
    assert command(["job", "run", "progress", "--cycle", CYCLE]) is Exit.DONE


def test_a_field_changed_by_hand_to_another_type_stops_every_command_with_one_sentence(
    office: OnNocodb, capsys: pytest.CaptureFixture[str]
) -> None:
    column = office.app.bindings[Address.parse("field:goal.weight")]
    office.meta("PATCH", f"columns/{column}", {"title": "权重", "column_name": "weight", "uidt": "SingleLineText"})
    for words in (["plan"], ["apply", "--yes"], ["job", "run", "score", "--cycle", CYCLE]):
        assert command(words) in {Exit.INVALID, Exit.ERROR}, words
        told = capsys.readouterr()
        assert ("目标" in told.err, "权重" in told.err) == (True, True), words
        assert "请" in told.err
        assert "Traceback" not in told.err
    office.meta("PATCH", f"columns/{column}", {"title": "权重", "column_name": "weight", "uidt": "Decimal"})


def test_a_base_with_a_table_of_that_name_is_shown_before_it_is_used(
    office: OnNocodb, capsys: pytest.CaptureFixture[str]
) -> None:
    other = office.connection.bases.create("已有员工表").workspace_id
    columns = [{"title": "Id", "uidt": "ID"}, {"title": "别的", "uidt": "SingleLineText"}]
    office.meta("POST", f"bases/{other}/tables", {"title": "员工", "table_name": "staff", "columns": columns})
    office.add_profile("other", workspace=str(other))
    assert command(["--profile", "other", "plan"]) is Exit.DONE
    shown = capsys.readouterr().out
    assert "员工" in shown
    assert "别的" in shown
    assert [table.name for table in office.connection.schema_source.observe(workspace=other).tables] == ["员工"]
