"""The identities of the planes beside v1: from the environment, or for the embedded workspace given out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import ProfileError
from huoban_perf.platforms.calls.identity import Speaker
from huoban_perf.platforms.huoban import ControlPlane, PlaneAccess, identity
from huoban_perf.profile.model import ApiKeyRef, Profile

_TICKET = ApiKeyRef(env="HUOBAN_TICKET")


def access_from(profile: Profile, environ: Mapping[str, str]) -> PlaneAccess:
    """Return the identities a profile names; nothing is sent.

    Args:
        profile: The profile.
        environ: The environment that holds them.

    Returns:
        An identity for each plane that is on.

    Raises:
        ProfileError: A variable is empty, or more than one of ticket, application and token is named.
        AccessError: A value cannot stand in a header.
    """
    v2: Speaker | None = None
    if "v2" in profile.planes:
        v2 = _v2_from(profile, environ)
    gateway = None
    if "gateway" in profile.planes:
        refs = profile.gateway
        gateway = identity.gateway(
            token=_secret(refs.token, "gateway", environ),
            tenant_id=_secret(refs.tenant_id, "gateway", environ),
            token_company=_secret(refs.token_company, "gateway", environ),
            request_id=_request_id,
        )
    return PlaneAccess(v2=v2, gateway=gateway, relations=profile.v2.relations)


def _v2_from(profile: Profile, environ: Mapping[str, str]) -> Speaker:
    named = profile.v2
    if sum(ref is not None for ref in (named.ticket, named.application, named.token)) > 1:
        raise ProfileError("profile.ticket_or_token", facts={"profile": profile.name})
    if named.token:
        return identity.login(_secret(named.token, "v2", environ))
    if named.application:
        return identity.Application(
            application_id=_secret(named.application.id, "v2", environ),
            secret=_secret(named.application.secret, "v2", environ),
        )
    return identity.ticket(_secret(named.ticket or _TICKET, "v2", environ))


def embedded_access(profile: Profile, *, control: ControlPlane, workspace: WorkspaceId) -> PlaneAccess:
    """Return identities of the embedded workspace, fresh for this connection.

    Args:
        profile: The profile.
        control: Gives them out.
        workspace: Where they are to reach.

    Returns:
        An identity for each plane that is on.
    """
    v2 = identity.ticket(control.mint_ticket(workspace)) if "v2" in profile.planes else None
    gateway = None
    if "gateway" in profile.planes:
        held = control.sign_in(workspace)
        gateway = identity.gateway(
            token=held["access_token"],
            tenant_id=held["tenant_id"],
            token_company=held["token_company"],
            request_id=_request_id,
        )
    return PlaneAccess(v2=v2, gateway=gateway, relations=profile.v2.relations)


def _request_id() -> str:
    """32 hexadecimal digits. Source: automation-plane.md §3.1 [code A3]."""
    return uuid4().hex


def _secret(ref: ApiKeyRef, plane: str, environ: Mapping[str, str]) -> str:
    value = environ.get(ref.env, "").strip()
    if not value:
        raise ProfileError("profile.identity_missing", facts={"variable": ref.env, "plane": plane})
    return value
