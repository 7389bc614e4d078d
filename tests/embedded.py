"""One workspace of an embedded platform, reached like any other, and an app deployed in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import requests

from huoban_perf.core.addresses import Bindings, WorkspaceId
from huoban_perf.core.clock import Clock
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy import DeployTarget, StateOwner, StateStore, apply_plan, bindings_of, make_plan
from huoban_perf.platforms.huoban import ControlPlane, HuobanConnection, HuobanOptions, connect

BASE = "http://workspace.test"


@dataclass(frozen=True)
class Embedded:
    """A workspace, and the session that reaches it."""

    session: requests.Session
    clock: Clock
    control: ControlPlane
    space: WorkspaceId
    url: str = BASE

    def connection(
        self, key: str | None = None, *, planes: tuple[str, ...] = ("v1", "builder"), clock: Clock | None = None
    ) -> HuobanConnection:
        """Connect with a key; None: a new one of the program's own."""
        return connect(
            options=HuobanOptions(base_url=f"{self.url}/openapi/v1", planes=planes, rate_per_s=None),  # type: ignore[arg-type]
            api_key=key or self.control.mint_key(self.space),
            session=self.session,
            clock=clock or self.clock,
            control_url=f"{self.url}/_sandbox",
        )


def embedded(
    session: requests.Session,
    clock: Clock,
    *,
    url: str = BASE,
    name: str = "绩效管理",
    mode: str = "documented",
    **switches: object,
) -> Embedded:
    """Make a workspace on the platform that a session reaches at an address."""
    control = ControlPlane(control_url=f"{url}/_sandbox", session=session, clock=clock)
    control.limit_rate(None)
    control.set_mode(mode, switches=switches)
    return Embedded(session=session, clock=clock, control=control, space=control.build_workspace(name), url=url)


def deploy(place: Embedded, schema: DesiredSchema, *, connection: HuobanConnection, state: Path) -> Bindings:
    """Plan and apply; return what stands."""
    owner = StateOwner(app=schema.app, platform="sandbox", workspace=place.space)
    store = StateStore(state)
    target = DeployTarget(connection=connection, owner=owner, clock=place.clock)
    plan = make_plan(
        desired=schema,
        observed=target.observe(),
        state=store.load(owner),
        capabilities=connection.capabilities,
        clock=place.clock,
    )
    apply_plan(plan=plan, desired=schema, target=target, store=store)
    return bindings_of(store.load(owner))
