"""The main job on the second platform: deployed, seeded, scored, written back, released, read back; done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from huoban_perf.cli.deployed import deployed_app, wish_of
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.progress import silent
from huoban_perf.demo import run_demo
from huoban_perf.demo.sample import sample_of
from huoban_perf.demo.script import demo_profile
from huoban_perf.demo.seeding import remove_company, seed_company
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Profile, Site, connect
from huoban_perf.sync.book import Book
from tests.nocodb_server import nocodb

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "flow") as running:
        yield running


def test_the_demo_ends_as_on_the_embedded_workspace_and_a_second_run_writes_nothing(
    server: LocalServer, tmp_path: Path
) -> None:
    clock = SystemClock()
    here = Profile(home=tmp_path / "here", planes=("v1", "builder"), rate_per_s=None)
    with connect(here, clock=clock, environ={}) as site:
        wished = run_demo(site, data="company", clock=clock, progress=silent)
    environ = {"NOCODB_TOKEN": server.token}
    there = demo_profile(
        Profile(home=tmp_path / "there", platform="nocodb", base_url=server.url), data="company", platform=None
    )
    with connect(there, clock=clock, environ=environ, create=True) as site:
        first = run_demo(site, data="company", clock=clock, progress=silent)
        assert (first.grades, first.ranking, first.receipt) == (wished.grades, wished.ranking, wished.receipt)
        assert first.appraisals_scored == wished.appraisals_scored > 0
        assert _names(site) == {"绩效管理演示"}
    with connect(there, clock=clock, environ=environ) as site:
        second = run_demo(site, data="company", clock=clock, progress=silent)
    assert (second.rows_written, second.write_requests, second.objects_created) == (0, 0, 0)
    assert second.ranking == first.ranking
    with connect(there, clock=clock, environ=environ) as site:
        seeded_and_removed(site)
    assert server.token not in "".join(
        file.read_text(encoding="utf-8", errors="replace") for file in (tmp_path / "there").rglob("*") if file.is_file()
    )


def seeded_and_removed(site: Site) -> None:
    """The seed goes in beside the demo's rows, once, and out again without touching them."""
    wish = wish_of(site.profile)
    app = deployed_app(site, wish, clock=SystemClock(), progress=silent)
    before = {table.key: len(Book(app).rows(table.key)) for table in app.schema.tables}
    sample = sample_of(wish.template, people=12)
    assert seed_company(site, app, sample, apply=True).seeded.written > 400
    assert seed_company(site, app, sample, apply=True).seeded.written == 0
    remove_company(app, apply=True)
    assert {table.key: len(Book(app).rows(table.key)) for table in app.schema.tables} == before


def _names(site: Site) -> set[str]:
    return {base.name for base in site.connection.bases.all()} - {"Getting Started"}  # type: ignore[attr-defined]
