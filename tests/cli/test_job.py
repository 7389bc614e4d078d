from __future__ import annotations

from decimal import Decimal

import pytest

from huoban_perf.cli.deployed import deployed_app, wish_of
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import folded
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value
from huoban_perf.profile import connect, load_profile
from tests.cli.desk import Desk, too_wide

CYCLE = ("--cycle", "2026Q3")


def test_jobs_are_listed_in_both_languages(desk: Desk) -> None:
    assert "评分并写回" in desk.run("job", "list").out
    assert "releases nothing" in desk.run("--lang", "en", "job", "list").out


def test_job_before_deployment_says_what_to_run_first(desk: Desk) -> None:
    said = desk.run("job", "run", "score", *CYCLE)
    assert said.exit is Exit.INVALID
    assert "huoban-perf plan" in said.err


@pytest.mark.parametrize("name", ["score", "publish"])
def test_released_cycle_without_difference_needs_nothing(company: Desk, name: str) -> None:
    before = company.dump()
    for words in ((), ("--yes", "--decider", _decider(company))):
        said = company.run("job", "run", name, *CYCLE, *words)
        assert said.exit is Exit.DONE
        assert "没有差异, 不需要写入" in said.out
        assert too_wide(said.out) == []
    assert company.dump() == before


def _decider(desk: Desk) -> str:
    members = desk.dump()[0]["members"]
    return str(next(member["user_id"] for member in members if "(E001)" in member["name"]))


def test_preview_as_json(company: Desk) -> None:
    report = company.run("job", "run", "score", *CYCLE, "-o", "json").json
    assert report["format_version"] == 1
    assert report["tables"]["score_result"] == {"created": 0, "updated": 0, "unchanged": 58, "removed": 0}
    assert (report["rows_pending"], report["rows_written"]) == (0, 0)


def test_unknown_cycle_names_those_there_are(company: Desk) -> None:
    before = company.dump()
    said = company.run("job", "run", "score", "--cycle", "2026Q9", "--yes")
    assert said.exit is Exit.INVALID
    assert "没有考核周期 2026Q9. 工作区里有: 2026Q3" in said.err
    assert company.dump() == before


def test_only_the_decider_releases(company: Desk) -> None:
    before = company.dump()
    said = company.run("job", "run", "publish", *CYCLE, "--yes", "--decider", "1")
    assert said.exit is Exit.REFUSED
    assert "结果审定人不是 1" in said.err
    assert company.dump() == before


def test_released_results_that_would_change_are_sealed(company: Desk) -> None:
    change_answer(company)
    before = company.dump()
    for words in ((), ("--yes",)):
        said = company.run("job", "run", "score", *CYCLE, *words)
        assert said.exit is Exit.REFUSED
        assert "结果已公布" in said.err
    assert company.dump() == before


def test_open_cycle_is_previewed_then_written_then_needs_nothing(company: Desk) -> None:
    change_answer(company)
    set_cycle_status(company, "评价中")
    before = company.dump()
    preview = company.run("job", "run", "score", *CYCLE)
    assert (preview.exit, "预览: 将写入 2 条" in preview.out) == (Exit.DONE, True)
    assert company.dump() == before
    unasked = company.run("job", "run", "publish", *CYCLE, "--yes")
    assert (unasked.exit, "由登记的结果审定人公布" in unasked.err) == (Exit.REFUSED, True)
    assert company.dump() == before
    written = company.run("job", "run", "score", *CYCLE, "--yes")
    assert (written.exit, "写入 2 条" in written.out) == (Exit.DONE, True)
    assert "没有差异" in company.run("job", "run", "score", *CYCLE, "--yes").out
    publish = company.run("job", "run", "publish", *CYCLE, "-o", "json").json
    assert publish["rows_pending"] == 2
    assert company.run("job", "run", "publish", *CYCLE, "--yes", "--decider", _decider(company)).exit is Exit.DONE


def test_announced_rules_are_pinned_until_an_approved_change_is_recorded(company: Desk) -> None:
    set_cycle_status(company, "评价中")
    preview = company.run("job", "run", "announce", *CYCLE)
    assert (preview.exit, "预览: 将写入 1 条" in preview.out) == (Exit.DONE, True)
    assert "规则校验码: sha256:" in company.run("job", "run", "announce", *CYCLE, "--yes").out
    assert company.run("job", "run", "announce", *CYCLE, "--yes", "-o", "json").json["rows_written"] == 0
    put(company, "scheme", "[标准方案|1]", score_cap=Decimal(110))
    before = company.dump()
    for words in (("score",), ("score", "--yes"), ("announce", "--yes")):
        said = company.run("job", "run", words[0], *CYCLE, *words[1:])
        assert said.exit is Exit.REFUSED
        assert "[标准方案|1].total.cap" in said.err
        assert "公示为 120, 现在是 110" in said.err
        assert too_wide(folded(said.err)) == []
    assert company.dump() == before
    put(company, "cycle", "2026Q3", scheme_change_note="上限下调", change_approver=(_decider(company),))
    recorded = company.run("job", "run", "announce", *CYCLE, "--yes")
    assert (recorded.exit, "现在是 110" in recorded.out) == (Exit.DONE, True)
    told = repr(company.dump())
    assert [told.count(said) for said in ("固定规则: 2026Q3", "记录批准过的变更: 2026Q3")] == [1, 1]
    assert company.run("job", "run", "score", *CYCLE, "--yes").exit is Exit.DONE


def change_answer(desk: Desk) -> None:
    """Another answer on one superior's form, as if corrected in the web page."""
    _set(desk, table="评价任务", key="[2026Q3|E025|superior|E005]", field="协作配合", option="1 不合格: 推诿, 影响他人")


def set_cycle_status(desk: Desk, status: str) -> None:
    _set(desk, table="考核周期", key="2026Q3", field="状态", option=status)


def _set(desk: Desk, *, table: str, key: str, field: str, option: str) -> None:
    wish = wish_of(load_profile(None, environ={"HUOBAN_PERF_HOME": str(desk.home)}))
    spec = next(spec for spec in wish.schema.tables if spec.labels.zh == table)
    target = next(entry for entry in spec.fields if entry.labels.zh == field)
    chosen = next(entry.address.key for entry in target.options if entry.labels.zh == option)
    put(desk, spec.address.key, key, **{target.address.key: chosen})


def put(desk: Desk, table: str, key: str, **cells: Value) -> None:
    """Change cells of one row, as in the web page."""
    profile = load_profile(None, environ={"HUOBAN_PERF_HOME": str(desk.home)})
    wish = wish_of(profile)
    with connect(profile, clock=SystemClock(), environ={}) as site:
        app = deployed_app(site, wish, clock=SystemClock(), progress=silent)
        spec = wish.schema.table(table)
        values = {spec.key_field or "": key, **cells}
        batch = WriteBatch(table=spec, mode=WriteMode.UPSERT, rows=(ItemWrite(key=key, values=values),))
        app.connection.item_sink.submit(batch=batch, bindings=app.bindings)
        assert site.control is not None
        site.control.advance(1)
