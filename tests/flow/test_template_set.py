"""The other templates that ship stand up in an empty workspace, and standing needs no further request that writes.

The full app is deployed by the tests of the demo.
"""

from __future__ import annotations

from collections import Counter

import pytest

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy import DeployTarget, Plan, StateOwner, StateStore, apply_plan, make_plan, state_path
from huoban_perf.documents import guide_of, steps_from_scratch
from huoban_perf.profile import Site
from huoban_perf.template import load_template, template_names
from tests.flow.conftest import FastClock, SiteMaker

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("name", [name for name in template_names() if name != "performance"])
def test_template_is_deployed_whole_and_a_second_run_plans_nothing(name: str, make_site: SiteMaker) -> None:
    schema = load_template(name).schema
    site = make_site()
    owner = StateOwner(app=schema.app, platform="sandbox", workspace=site.workspace)
    store = StateStore(state_path(site.profile.state_dir, owner))
    target = DeployTarget(connection=site.connection, owner=owner, clock=FastClock())
    first = planned(site, schema, target=target, store=store)
    assert not first.manual_steps
    apply_plan(plan=first, desired=schema, target=target, store=store)
    written = site.connection.traffic.traffic().writes
    assert written <= len(first.steps)
    assert planned(site, schema, target=target, store=store).is_empty
    assert site.connection.traffic.traffic().writes == written
    assert {table.name for table in target.observe().tables} == {table.labels.zh for table in schema.tables}


def planned(site: Site, schema: DesiredSchema, *, target: DeployTarget, store: StateStore) -> Plan:
    return make_plan(
        desired=schema,
        observed=target.observe(),
        state=store.load(target.owner),
        capabilities=site.connection.capabilities,
        clock=FastClock(),
    )


def test_lite_is_built_by_hand_in_under_two_hours() -> None:
    """Everything, views, forms, permissions and pages too, by the guide's own estimate, tables from its workbooks.

    Typed without the workbooks, tables and fields alone fit into two hours.
    """
    schema = load_template("performance-lite").schema
    guide = guide_of(steps_from_scratch(schema, names="zh"), desired=schema, names="zh")
    kinds = Counter(task.key.split(":")[0] for task in guide.tasks())
    assert (kinds["table"], kinds["field"], kinds["view"], kinds["permission"]) == (8, 120, 12, 15)
    assert guide.seconds_with_workbooks < 2 * 60 * 60
    typed = [task.seconds for task in guide.tasks() if task.key.split(":")[0] in {"table", "field"}]
    assert sum(typed) < 2 * 60 * 60
