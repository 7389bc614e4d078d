"""The main job on the second platform: deployed, seeded, scored, written back, released, read back; done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.progress import silent
from huoban_perf.demo import run_demo
from huoban_perf.platforms.nocodb import NocodbConnection
from huoban_perf.profile import Profile, connect
from tests.flow.nocodb_company import Company

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]


def test_the_demo_ends_as_on_the_embedded_workspace_and_a_second_run_writes_nothing(
    nocodb_company: Company, tmp_path: Path
) -> None:
    clock = SystemClock()
    here = Profile(home=tmp_path / "here", planes=("v1", "builder"), rate_per_s=None)
    with connect(here, clock=clock, environ={}) as site:
        wished = run_demo(site, data="company", people=nocodb_company.people, clock=clock, progress=silent)
    first = nocodb_company.report
    assert (first.grades, first.ranking, first.receipt) == (wished.grades, wished.ranking, wished.receipt)
    assert first.appraisals_scored == wished.appraisals_scored > 0
    connection = nocodb_company.site.connection
    assert isinstance(connection, NocodbConnection)
    assert {base.name for base in connection.bases.all()} >= {"绩效管理演示"}
    second = nocodb_company.demo()
    assert (second.rows_written, second.write_requests, second.objects_created) == (0, 0, 0)
    assert second.ranking == first.ranking


def test_nothing_is_left_to_build_by_hand_and_no_file_holds_the_token(
    nocodb_company: Company, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nocodb_company.settle_in(monkeypatch)
    assert run(["plan", "-o", "json"]) is Exit.DONE
    assert '"manual": 0' in capsys.readouterr().out.replace('"manual":0', '"manual": 0')
    assert nocodb_company.server.token not in kept_in(nocodb_company.home)


def kept_in(home: Path) -> str:
    """Everything that was written to files."""
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in home.rglob("*") if file.is_file())
