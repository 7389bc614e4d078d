"""The control plane of the embedded workspace: build, mint keys, reset, disturb. The real platform has none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from huoban_perf.core.addresses import Bindings, MemberId, WorkspaceId
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProtocolError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.roles import PermissionSpec
from huoban_perf.platforms.calls.retry import RetryPolicy
from huoban_perf.platforms.calls.wire import TrafficCounter, Wiring
from huoban_perf.platforms.huoban.config import HuobanOptions
from huoban_perf.platforms.huoban.endpoints import control_endpoint
from huoban_perf.platforms.huoban.limiter import Limiter
from huoban_perf.platforms.huoban.permissions import permission_body
from huoban_perf.platforms.huoban.transport import Transport

Json = dict[str, Any]


class ControlPlane:
    """Commands to the embedded workspace's server; each raises PlatformError when it fails."""

    def __init__(self, *, control_url: str, session: requests.Session, clock: Clock) -> None:
        """Prepare; sends nothing.

        Args:
            control_url: Address of the control plane.
            session: Sends.
            clock: For waits between attempts.
        """
        wiring = Wiring(
            session=session,
            options=(options := HuobanOptions(rate_per_s=None)),
            clock=clock,
            retry=RetryPolicy(options=options, clock=clock, jitter=lambda: 0.0),
            counter=TrafficCounter(),
        )
        self._transport = Transport(
            root=control_url, identity=None, limiter=Limiter(rate_per_s=None, clock=clock), wiring=wiring
        )

    def workspaces(self) -> tuple[Json, ...]:
        """Return every workspace as ``{space_id, name}``, whatever key reaches it."""
        data = self._get("workspaces")
        spaces = data.get("spaces") if isinstance(data, dict) else None
        if not isinstance(spaces, list):
            raise ProtocolError("platform.shape", endpoint="control.workspaces", facts={"part": "data.spaces"})
        return tuple(spaces)

    def build_workspace(self, name: str) -> WorkspaceId:
        """Create a workspace and return its id."""
        return WorkspaceId(self._text("build/workspace", {"name": name}, "space_id"))

    def build_member(self, workspace: WorkspaceId, *, name: str) -> MemberId:
        """Add a person to a workspace and return the member id."""
        return MemberId(self._text("build/member", {"space_id": workspace, "name": name}, "user_id"))

    def account(self, *, name: str, number: str) -> str:
        """Return the name a person is listed under."""
        return f"{name}({number})"

    def invite(self, *, workspace: WorkspaceId, accounts: Sequence[str]) -> None:
        """Do what an administrator does in the platform's own page: bring people in by name."""
        for account in accounts:
            self.build_member(workspace, name=account)

    def permit(self, permission: PermissionSpec, *, bindings: Bindings, is_default: bool = False) -> None:
        """Set what a permission group may do in a table; people without a group are in the default one."""
        self._post("build/permission", permission_body(permission, bindings=bindings, is_default=is_default))

    def permit_all(self, schema: DesiredSchema, *, bindings: Bindings) -> int:
        """Set every permission of an app whose table stands; return how many.

        People without a group are in the app's first one. What is set here takes the place of the permissions that a
        deployment stored, which count by themselves.
        """
        standing = [entry for entry in schema.permissions if entry.address.table in bindings]
        for permission in standing:
            is_default = permission.address.key == schema.groups[0].key
            self.permit(permission, bindings=bindings, is_default=is_default)
        return len(standing)

    def join_group(self, member: MemberId, group: str) -> None:
        """Put a person into a permission group."""
        self._post("build/membership", {"member_id": member, "group": group})

    def mint_key(self, workspace: WorkspaceId, *, member: MemberId | None = None, label: str | None = None) -> str:
        """Issue an API key of a workspace, acting as the API or as one member, and return it."""
        body: Json = {"space_id": workspace}
        body |= {} if member is None else {"member_id": member}
        body |= {} if label is None else {"label": label}
        return self._text("key", body, "api_key")

    def mint_ticket(self, *workspaces: WorkspaceId, may_build: bool = True, lives_s: int | None = None) -> str:
        """Give out a ticket of an application that is installed in workspaces, and return it."""
        body: Json = {"space_ids": list(workspaces), "may_build": may_build}
        return self._text("ticket", body if lives_s is None else {**body, "lives_s": lives_s}, "ticket")

    def sign_in(
        self, workspace: WorkspaceId, *, member: MemberId | None = None, is_admin: bool = True
    ) -> Mapping[str, str]:
        """Sign a person in; return ``access_token``, ``tenant_id`` and ``token_company``."""
        body: Json = {"space_id": workspace, "is_admin": is_admin}
        data = self._post("login", body if member is None else {**body, "member_id": member})
        return {name: str(data[name]) for name in ("access_token", "tenant_id", "token_company")}

    def reset(self) -> None:
        """Forget every workspace."""
        self._post("reset", {})

    def advance(self, seconds: float) -> None:
        """Move the workspace's clock forward."""
        self._post("clock", {"advance_s": seconds})

    def set_mode(self, mode: str, *, switches: Mapping[str, object] | None = None) -> None:
        """Choose how open questions of the wire are answered."""
        self._post("mode", {"mode": mode, "switches": dict(switches or {})})

    def limit_rate(self, per_second: int | None) -> None:
        """Set how many requests a second a key may send; None lifts the limit."""
        self._post("limits", {"per_second": per_second})

    def set_faults(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Arrange for failures; an empty list ends them."""
        self._post("faults", {"faults": [dict(fault) for fault in faults]})

    def dump(self) -> Any:
        """Return everything the server holds."""
        return self._get("dump")

    def load(self, dump: Any) -> None:
        """Put back what ``dump`` returned."""
        self._post("load", dump)

    def callbacks(self) -> Any:
        """Return what was pushed to callback addresses."""
        return self._get("callbacks")

    def stats(self) -> Any:
        """Return the server's own counts."""
        return self._get("stats")

    def post(self, path: str, body: object) -> Any:
        """Send any command of the control plane.

        Args:
            path: Under the control URL.
            body: Its JSON body.

        Returns:
            The payload.
        """
        return self._post(path, body)

    def _post(self, path: str, body: object) -> Any:
        return self._transport.call(control_endpoint(path), body).data

    def _get(self, path: str) -> Any:
        return self._transport.call(control_endpoint(path, method="GET")).data

    def _text(self, path: str, body: object, key: str) -> str:
        data = self._post(path, body)
        value = data.get(key) if isinstance(data, dict) else None
        if not isinstance(value, str) or not value:
            raise ProtocolError("platform.shape", endpoint=f"control.{path}", facts={"part": f"data.{key}"})
        return value
