"""``migrate`` at the command line: between two embedded workspaces, with the data of the demo."""

from __future__ import annotations

from pathlib import Path

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, flat, too_wide


def _profiles(desk: Desk, **entries: str) -> None:
    lines = [f"  {name}: {{platform: sandbox, planes: [v1, builder], {more}}}" for name, more in entries.items()]
    desk.home.mkdir(parents=True, exist_ok=True)
    (desk.home / "profiles.yaml").write_text("\n".join(["profiles:", *lines, ""]), encoding="utf-8")


def test_a_company_moves_house_once_and_both_sides_compare_equal(company: Desk, tmp_path: Path) -> None:
    _profiles(company, second=f"rate_per_s: null, home: {tmp_path / 'second'}")
    words = ("migrate", "--from", "sandbox", "--to", "second")
    preview = company.run(*words)
    assert preview.exit is Exit.DONE
    assert "60 人在新处没有账号" in preview.out.replace("\n  ", "")
    assert "以上只是预览, 没有写入" in preview.out
    assert too_wide(preview.out) == []
    refused = company.run(*words, "--yes")
    assert refused.exit is Exit.REFUSED
    assert "什么也没有写" in flat(refused.err)
    done = company.run(*words, "--yes", "--invite")
    assert done.exit is Exit.DONE
    assert "没有不同" in done.out
    assert too_wide(done.out) == []
    again = company.run(*words, "--yes", "-o", "json").json
    assert (again["created"], again["updated"], again["same"], again["differences"]) == (0, 0, True, [])
    assert again["traffic"]["writes"] == 0
    assert again["tables"]["goal"]["equal"] == again["tables"]["goal"]["old"] > 100


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
