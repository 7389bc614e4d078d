"""Time and requests of deploying each shipped template into an empty embedded workspace, in this process.

    python -m tests.bench.templates

The minimum is counted, not measured: the interface makes one object a request, and options come with their field; so
one for each table, field, view, form, permission group, page and automation. Reads at least: the list of tables and
each table once, after the deployment. A second deployment must write nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from huoban_perf.core.clock import SystemClock
from huoban_perf.core.schema import DesiredSchema, definitions_of
from huoban_perf.deploy import DeployTarget, Plan, StateOwner, StateStore, apply_plan, make_plan
from huoban_perf.sandbox import create_app, mount, open_world
from huoban_perf.template import load_template, sizes, template_names
from tests.embedded import BASE, embedded


class _NoWaiting(SystemClock):
    def sleep(self, seconds: float) -> None:
        return


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What one deployment took."""

    seconds: float
    writes: int
    reads: int
    again: int
    least_writes: int
    least_reads: int


def least_writes(schema: DesiredSchema) -> int:
    """Return the fewest requests that write: one an object, options with their field."""
    fields = sum(len(table.fields) for table in schema.tables)
    return len(schema.tables) + fields + len(tuple(definitions_of(schema)))


def deploy(name: str) -> Deployment:
    """Deploy a template into an empty workspace, and once more."""
    schema = load_template(name).schema
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    session, clock = requests.Session(), _NoWaiting()
    mount(session, create_app(world), BASE)
    place = embedded(session, clock)
    space, connection = place.space, place.connection()
    owner = StateOwner(app=schema.app, platform="sandbox", workspace=space)
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = StateStore(Path(folder) / "state.json")
            target = DeployTarget(connection=connection, owner=owner, clock=clock)

            def planned() -> Plan:
                return make_plan(
                    desired=schema,
                    observed=target.observe(),
                    state=store.load(owner),
                    capabilities=connection.capabilities,
                    clock=clock,
                )

            began = time.perf_counter()
            plan = planned()
            apply_plan(plan=plan, desired=schema, target=target, store=store)
            seconds = time.perf_counter() - began
            traffic = connection.traffic.traffic()
            planned()
            again = connection.traffic.traffic().writes - traffic.writes
            return Deployment(
                seconds=seconds,
                writes=traffic.writes,
                reads=traffic.requests - traffic.writes,
                again=again,
                least_writes=least_writes(schema),
                least_reads=1 + len(schema.tables),
            )
    finally:
        session.close()
        world.close()


_COLUMNS = (
    "模板 template",
    "表 · 字段 · 视图 · 表单 · 权限 · 页面 · 流转 · 自动化",
    "部署 deploy",
    "写 writes (最少 least)",
    "读 reads (最少 least)",
)
_SIZES = ("tables", "fields", "views", "forms", "permissions", "pages", "transitions", "automations")


def main() -> int:
    """Print one line a template."""
    print(f"| {' | '.join(_COLUMNS)} |")
    print(f"|{' --- |' * len(_COLUMNS)}")
    for name in template_names():
        counted, done = sizes(load_template(name).schema), deploy(name)
        if done.again:
            print(f"{name}: a second deployment wrote {done.again} times", file=sys.stderr)
            return 1
        cells = (
            f"`{name}`",
            " · ".join(str(counted[kind]) for kind in _SIZES),
            f"{done.seconds:.1f} s",
            f"{done.writes:,} ({done.least_writes:,})",
            f"{done.reads} ({done.least_reads})",
        )
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
