"""``seed`` at the command line, in a workspace in which the demo ran."""

from __future__ import annotations

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, flat, too_wide


def items(dump: list[dict[str, object]]) -> dict[str, list[object]]:
    """Items by table, but for the run log."""
    found = {str(t["name"]): t["items"] for space in dump for t in space["tables"]}  # type: ignore[attr-defined]
    return {name: rows for name, rows in found.items() if name != "运行记录"}  # type: ignore[misc]


def test_seed_previews_writes_once_is_scored_and_goes_without_a_trace(company: Desk) -> None:
    before = items(company.dump())
    preview = company.run("seed", "--people", "12")
    assert preview.exit is Exit.DONE
    assert "将邀请12人,写入" in flat(preview.out)
    assert too_wide(preview.out) == []
    assert items(company.dump()) == before
    done = company.run("seed", "--people", "12", "--yes", "-o", "json").json
    assert (done["people"], done["invited"], done["rows_pending"]) == (12, 12, 0)
    assert done["rows_written"] > 400
    again = company.run("seed", "--people", "12", "--yes")
    assert "没有差异, 不需要写入" in again.out
    assert company.run("job", "run", "score", "--cycle", "SEED-2026Q3", "--yes").exit is Exit.DONE
    other = company.run("seed", "--people", "13", "--yes")
    assert other.exit is Exit.REFUSED
    assert "示例公司(12人)" in flat(other.err)
    asked = company.run("seed", "--remove")
    assert "现在没有删除任何内容" in flat(asked.out)
    assert too_wide(asked.out) == []
    removed = company.run("seed", "--remove", "--yes", "-o", "json").json
    assert removed["rows_removed"] > done["rows_written"]
    assert items(company.dump()) == before
    assert "不需要删除" in company.run("--lang", "zh", "seed", "--remove", "--yes").out


def test_seed_asks_for_a_deployed_app_first(desk: Desk) -> None:
    said = desk.run("seed")
    assert said.exit is not Exit.DONE
    assert "请先运行 huoban-perf plan 和 apply" in said.err
    assert desk.run("seed", "--people", "3").exit is Exit.INVALID
