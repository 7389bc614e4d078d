"""Apply over the v2 tables plane on the embedded workspace: both error modes, kills, an ended ticket, lost rights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import ObjectKind, WorkspaceId
from huoban_perf.core.changes import Action
from huoban_perf.core.errors import AccessError, HuobanPerfError, UnfinishedApplyError
from huoban_perf.core.ports import Connection, Verdict
from huoban_perf.core.schema import DesiredSchema, FieldKind
from huoban_perf.deploy import (
    ApplyReport,
    DeployTarget,
    Outcome,
    Performer,
    Plan,
    StateOwner,
    StateStore,
    apply_plan,
    make_plan,
)
from huoban_perf.platforms.huoban import ControlPlane, HuobanOptions, PlaneAccess, connect, identity
from huoban_perf.sandbox import create_app, mount, open_world
from huoban_perf.template import compile_schema, load_template
from tests.embedded import BASE
from tests.flow.conftest import FastClock

pytestmark = pytest.mark.flow


def few(count: int) -> DesiredSchema:
    """The first tables of the app, without relations to later ones: every kind of step, a fifth of the work."""
    whole = compile_schema(load_template("performance"))
    tables = whole.tables[:count]
    standing = {table.address for table in tables}
    kept = tuple(
        replace(table, fields=tuple(field for field in table.fields if field.target in standing | {None}))
        for table in tables
    )
    none: dict[str, tuple[()]] = dict.fromkeys(
        ("views", "forms", "permissions", "pages", "machines", "automations"), ()
    )
    return replace(whole, tables=kept, **none)  # type: ignore[arg-type]


SCHEMA = few(7)
MODES = [("documented", {}), ("awkward", {}), ("documented", {"plane_error_status": "200", "error_status": 500})]
BY_HAND = set(FieldKind) - {
    FieldKind.TEXT,
    FieldKind.TEXT_LONG,
    FieldKind.TEXT_RICH,
    FieldKind.NUMBER,
    FieldKind.PERCENT,
    FieldKind.DATE,
    FieldKind.DATETIME,
    FieldKind.CHOICE,
    FieldKind.CHOICES,
    FieldKind.RELATION,
}


class Workspace:
    """An embedded workspace reached by key and ticket, with one state file."""

    def __init__(self, folder: Path) -> None:
        self.world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
        self.session = requests.Session()
        mount(self.session, create_app(self.world), BASE)
        self.clock = FastClock()
        self.control = ControlPlane(control_url=f"{BASE}/_sandbox", session=self.session, clock=self.clock)
        self.control.limit_rate(None)
        self.space = self.control.build_workspace("绩效管理")
        self.key = self.control.mint_key(self.space)
        self.ticket = self.control.mint_ticket(self.space)
        self.relations = True
        self.owner = StateOwner(app=SCHEMA.app, platform="huoban", workspace=self.space)
        self.store = StateStore(folder / "state.json")

    def connection(self) -> Connection:
        return connect(
            options=HuobanOptions(base_url=f"{BASE}/openapi/v1", planes=("v1", "v2"), rate_per_s=None),
            api_key=self.key,
            session=self.session,
            clock=self.clock,
            access=PlaneAccess(v2=identity.ticket(self.ticket), relations=self.relations),
        )

    def target(self) -> DeployTarget:
        return DeployTarget(connection=self.connection(), owner=self.owner, clock=self.clock)

    def plan(self) -> Plan:
        target = self.target()
        return make_plan(
            desired=SCHEMA,
            observed=target.observe(),
            state=self.store.load(self.owner),
            capabilities=target.connection.capabilities,
            clock=self.clock,
        )

    def apply(self) -> ApplyReport:
        """Plan and apply, as the command does."""
        return apply_plan(plan=self.plan(), desired=SCHEMA, target=self.target(), store=self.store)

    def calls(self) -> Counter[str]:
        counts = self.control.stats()["writes_by_endpoint"]
        return Counter({name: count for name, count in counts.items() if "/_sandbox/" not in name})

    def shape(self) -> list[tuple[str, list[tuple[str, str, tuple[str, ...], bool]]]]:
        """Tables with their fields, in the order in which they stand."""
        spaces = self.control.dump()["spaces"]
        return sorted(
            (
                table["name"],
                sorted(
                    (field["name"], field["kind"], tuple(o["name"] for o in field["options"]), field["is_title"])
                    for field in table["fields"]
                ),
            )
            for table in spaces[0]["tables"]
        )


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    found = Workspace(tmp_path)
    yield found
    found.session.close()
    found.world.close()


def by_hand(step: Any) -> bool:
    return step.performer is Performer.MANUAL


@pytest.mark.parametrize(("mode", "switches"), MODES)
def test_apply_creates_what_was_recovered_and_leaves_the_rest_to_a_person(
    workspace: Workspace, mode: str, switches: dict[str, object]
) -> None:
    workspace.control.set_mode(mode, switches={**switches, "v2_relation": "accept", "v2_omitted_fields": "deleted"})
    plan = workspace.plan()
    manual = {step.address for step in plan.steps if by_hand(step)}
    assert manual == {field.address for field in SCHEMA.fields() if field.kind in BY_HAND}
    report = workspace.apply()
    done = [result for result in report.results if result.outcome is Outcome.DONE]
    assert len(done) == len(plan.steps) - len(manual)
    assert {step.address for step in report.pending} == manual
    assert not report.unsettled
    assert not report.problems
    relations = sum(1 for field in SCHEMA.fields() if field.kind is FieldKind.RELATION)
    assert workspace.calls() == {"POST /v2/table/space/{id}": len(SCHEMA.tables), "PUT /v2/table/{id}": relations}
    assert all(by_hand(step) for step in workspace.plan().steps)
    assert sum(workspace.apply().is_verified for _ in range(2)) == 0


def test_what_stands_is_titled_and_bound_as_declared(workspace: Workspace) -> None:
    workspace.apply()
    state = workspace.store.load(workspace.owner)
    fields = [field for field in SCHEMA.fields() if field.kind not in BY_HAND]
    bound = [address for address in state.objects if address.kind is not ObjectKind.TABLE]
    assert set(bound) == {f.address for f in fields} | {o.address for f in fields for o in f.options}
    titles = {name: next((f[0] for f in inside if f[3]), None) for name, inside in workspace.shape()}
    able = [table for table in SCHEMA.tables if table.field(table.title).kind not in BY_HAND | {FieldKind.RELATION}]
    assert able
    for table in able:
        assert titles[table.labels.zh] == table.field(table.title).labels.zh


def test_relations_stay_manual_unless_asked_for(workspace: Workspace) -> None:
    workspace.relations = False
    manual = {step.address for step in workspace.plan().steps if by_hand(step)}
    assert manual == {field.address for field in SCHEMA.fields() if field.kind in BY_HAND | {FieldKind.RELATION}}
    assert not workspace.connection().capabilities.can(Action.DELETE, ObjectKind.TABLE)


class StopError(Exception):
    """Stands for a kill: nothing of ours catches it."""


def stop_at(workspace: Workspace, number: int, *, after: bool) -> Callable[[], None]:
    """Arrange that the Nth writing request ends the process, before or after its effect; returns how to lift it."""
    send = workspace.session.send
    seen = 0

    def counted(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal seen
        writes = request.method in {"POST", "PUT"} and "/v2/" in str(request.url)
        seen += writes
        if writes and seen == number and not after:
            raise StopError
        answer = send(request, **options)
        if writes and seen == number:
            raise StopError
        return answer

    workspace.session.send = counted  # type: ignore[method-assign]
    return lambda: setattr(workspace.session, "send", send)


@pytest.mark.parametrize("number", [1, 4, 7, 8, 10])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_write_the_same_command_ends_in_the_same_world(
    workspace: Workspace, number: int, after: bool, tmp_path: Path
) -> None:
    whole = Workspace(tmp_path / "whole")
    whole.apply()
    lift = stop_at(workspace, number, after=after)
    with pytest.raises(StopError):
        workspace.apply()
    lift()
    workspace.apply()
    assert workspace.shape() == whole.shape()
    assert all(by_hand(step) for step in workspace.plan().steps)


@pytest.mark.parametrize(("mode", "switches"), MODES)
def test_ticket_that_ends_half_way_is_said_and_a_new_one_resumes(
    workspace: Workspace, mode: str, switches: dict[str, object]
) -> None:
    workspace.control.set_mode(mode, switches={**switches, "v2_relation": "accept"})
    workspace.ticket = workspace.control.mint_ticket(workspace.space, lives_s=3)
    with pytest.raises(UnfinishedApplyError) as caught:
        workspace.apply()
    assert caught.value.problems[0].code == "platform.signed_out"
    assert workspace.ticket not in str(caught.value)
    built = workspace.calls()["POST /v2/table/space/{id}"]
    assert 0 < built < len(SCHEMA.tables)
    with pytest.raises(AccessError) as again:
        workspace.apply()
    assert again.value.code == "platform.signed_out"
    assert workspace.calls()["POST /v2/table/space/{id}"] == built
    workspace.ticket = workspace.control.mint_ticket(workspace.space)
    workspace.apply()
    assert all(by_hand(step) for step in workspace.plan().steps)
    assert len(workspace.shape()) == len(SCHEMA.tables)


def test_right_lost_half_way_is_said_and_the_rest_is_done_later(workspace: Workspace) -> None:
    lift = stop_at(workspace, 3, after=True)
    with pytest.raises(StopError):
        workspace.apply()
    lift()
    right = {"credential": workspace.ticket, "space_id": workspace.space}
    workspace.control.post("credential", {**right, "may_build": False})
    with pytest.raises(AccessError) as caught:
        workspace.apply()
    assert caught.value.code == "platform.not_admin"
    workspace.control.post("credential", {**right, "may_build": True})
    workspace.apply()
    assert all(by_hand(step) for step in workspace.plan().steps)


@pytest.mark.parametrize("outside", ["gone", "forbidden"])
def test_ticket_sees_only_workspaces_in_which_it_is_installed(workspace: Workspace, outside: str) -> None:
    workspace.control.set_mode("documented", switches={"v2_outside": outside})
    elsewhere = workspace.control.build_workspace("别处")
    workspace.ticket = workspace.control.mint_ticket(elsewhere)
    with pytest.raises(AccessError) as caught:
        workspace.apply()
    assert caught.value.code == {"gone": "platform.workspace_unseen", "forbidden": "platform.not_admin"}[outside]
    assert not workspace.calls()


def test_prober_tells_what_a_harmless_read_shows(workspace: Workspace) -> None:
    def verdicts(space: WorkspaceId) -> list[tuple[str, str]]:
        prober = workspace.connection().prober
        assert prober is not None
        findings = prober.probe(workspace=space)
        return [(finding.verdict.value, finding.code) for finding in findings if finding.plane == "v2"]

    assert verdicts(workspace.space) == [
        (Verdict.PROVEN, "plane.v2_accepted"),
        (Verdict.NOT_PROVEN, "plane.v2_create_not_proven"),
    ]
    workspace.control.post("credential", {"credential": workspace.ticket, "end": True})
    assert verdicts(workspace.space) == [(Verdict.REFUSED, "plane.v2_refused")]
    assert not workspace.calls()


@pytest.mark.parametrize("kind", ["timeout_after_effect", "cut_connection", "http_5xx_envelope", "throttle", "html"])
@pytest.mark.parametrize("endpoint", ["POST /v2/table/space/*", "PUT /v2/table/*", "GET /v2/table/*"])
def test_fault_of_the_line_makes_nothing_twice(workspace: Workspace, kind: str, endpoint: str) -> None:
    fault = {"endpoint": endpoint, "kind": kind, "after_requests": 2, "times": 1, "after_effect": True}
    workspace.control.set_faults([fault])
    for _ in range(3):
        try:
            workspace.apply()
        except HuobanPerfError as error:
            assert error.code in {"apply.unfinished", "platform.no_answer", "platform.server_failure"}  # noqa: PT017
    assert all(by_hand(step) for step in workspace.plan().steps)
    names = [name for name, _ in workspace.shape()]
    assert len(names) == len(set(names)) == len(SCHEMA.tables)


def test_no_secret_in_state_plan_or_errors(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    plan = workspace.plan()
    workspace.apply()
    workspace.control.set_faults([{"endpoint": "/v2/*", "kind": "http_5xx_envelope", "times": 99}])
    found = Workspace.connection(workspace)
    with pytest.raises(HuobanPerfError) as caught:
        found.schema_sink.check(workspace=workspace.space)  # type: ignore[attr-defined]
    seen = [plan.to_json(), workspace.store.path.read_text(encoding="utf-8"), str(caught.value), caplog.text]
    seen += [repr(found), repr(caught.value.facts)]
    for secret in (workspace.ticket, workspace.key):
        assert not [text for text in seen if secret in text]
