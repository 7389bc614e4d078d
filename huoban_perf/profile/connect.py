"""Connect: turn a profile into a site. The one place where concrete classes meet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.core.ports import Connection, MemberSink
from huoban_perf.platforms.huoban import ControlPlane, HuobanOptions
from huoban_perf.platforms.huoban import connect as connect_huoban
from huoban_perf.platforms.nocodb import NocodbConnection
from huoban_perf.profile.model import Profile
from huoban_perf.profile.nocodb import connect_nocodb
from huoban_perf.profile.planes import access_from, embedded_access
from huoban_perf.sandbox import Behaviour, create_app, mount, open_world, serve

WORLD_START = datetime(2026, 10, 8, 1, tzinfo=UTC)
"""The embedded workspace's clock starts here and moves only with what is written: same script, same bytes."""

_SEED = 1
_INSIDE = "http://embedded.local"
"""Where the served workspace reaches itself; nothing listens there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A connected workspace.

    Attributes:
        profile: Where the settings came from.
        connection: The platform.
        workspace: The workspace's id; empty for one that is still to be made.
        control: The control plane; only the embedded workspace has one.
    """

    profile: Profile
    connection: Connection
    workspace: WorkspaceId
    control: ControlPlane | None = None

    @property
    def member_sink(self) -> MemberSink | None:
        """Who brings people into the workspace, or None where only a person can."""
        return self.connection.people if isinstance(self.connection, NocodbConnection) else self.control


@contextmanager
def connect(
    profile: Profile, *, clock: Clock, environ: Mapping[str, str], create: bool = False, may_lack: bool = False
) -> Iterator[Site]:
    """Connect to a profile's workspace for the length of a ``with`` block.

    Args:
        profile: The profile.
        clock: For time and waiting.
        environ: The environment that holds the key.
        create: Whether to make the workspace when it is not there and the platform lets a program do that.
        may_lack: Whether a workspace that ``create`` could make may be missing; the site then has an empty id.

    Yields:
        The site.

    Raises:
        ProfileError: The key's variable is empty, or the workspace is not there.
        AccessError: The key is refused.
    """
    if profile.platform == "sandbox":
        with serve_world(profile) as url, requests.Session() as session:
            yield _embedded(profile, url=url, session=session, clock=clock)
    elif profile.platform == "nocodb":
        with requests.Session() as session:
            connection, workspace = connect_nocodb(
                profile, session=session, clock=clock, environ=environ, create=create
            )
            if workspace is None and not may_lack:
                connection.bases.find(profile.workspace)  # says what the token reaches
            yield Site(profile=profile, connection=connection, workspace=workspace or WorkspaceId(""))
    else:
        with requests.Session() as session:
            yield _remote(profile, session=session, clock=clock, environ=environ)


@contextmanager
def serve_world(profile: Profile, *, port: int = 0) -> Iterator[str]:
    """Serve the embedded workspace on loopback for the length of a ``with`` block.

    Args:
        profile: Names the file.
        port: Port, 0 for any free one.

    Yields:
        The server's address.
    """
    profile.world_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    world = open_world(profile.world_file, start=WORLD_START, seed=_SEED)
    try:
        with serve(world, port=port) as server:
            yield server.url
    finally:
        world.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The embedded workspace as it is served to people.

    Attributes:
        url: The server's address.
        site: The workspace, connected without a socket, or None when the profile's workspace does not stand yet.
    """

    url: str
    site: Site | None


@contextmanager
def stage_world(
    profile: Profile, *, clock: Clock, behaviour: Behaviour, port: int = 0, host: str = "127.0.0.1"
) -> Iterator[Stage]:
    """Serve the embedded workspace to programs and people for the length of a ``with`` block.

    Args:
        profile: Names the file.
        clock: For waiting.
        behaviour: What happens beyond the data when people use the pages.
        port: Port, 0 for any free one.
        host: Address to listen on; from elsewhere only the pages can be used.

    Yields:
        The stage.
    """
    profile.world_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    world = open_world(profile.world_file, start=WORLD_START, seed=_SEED)
    try:
        with serve(world, port=port, host=host, behaviour=behaviour) as server, requests.Session() as session:
            mount(session, create_app(world), _INSIDE)
            with world.control():
                stands = profile.workspace in {name for _, name in world.definitions.spaces()}
            site = _embedded(profile, url=_INSIDE, session=session, clock=clock) if stands else None
            server.prepare()
            yield Stage(url=server.url, site=site)
    finally:
        world.close()


def forget_world(profile: Profile) -> None:
    """Delete the embedded workspace and its bindings (``<app>.sandbox.<workspace>.json`` and what stands beside it)."""
    shutil.rmtree(profile.world_file.parent, ignore_errors=True)
    for file in profile.state_dir.glob("*.sandbox.*"):
        file.unlink()


def _embedded(profile: Profile, *, url: str, session: requests.Session, clock: Clock) -> Site:
    control = ControlPlane(control_url=f"{url}/_sandbox", session=session, clock=clock)
    if profile.rate_per_s is None:
        control.limit_rate(None)
    spaces = {str(space["name"]): WorkspaceId(str(space["space_id"])) for space in control.workspaces()}
    workspace = spaces.get(profile.workspace) or control.build_workspace(profile.workspace)
    key = control.mint_key(workspace)
    options = HuobanOptions(base_url=f"{url}/openapi/v1", planes=profile.planes, rate_per_s=profile.rate_per_s)
    connection = connect_huoban(
        options=options,
        api_key=key,
        session=session,
        clock=clock,
        control_url=f"{url}/_sandbox",
        access=embedded_access(profile, control=control, workspace=workspace),
    )
    return Site(profile=profile, connection=connection, workspace=workspace, control=control)


def _remote(profile: Profile, *, session: requests.Session, clock: Clock, environ: Mapping[str, str]) -> Site:
    variable = profile.api_key.env if profile.api_key else "HUOBAN_API_KEY"
    key = environ.get(variable, "").strip()
    if not key:
        raise ProfileError("profile.api_key_missing", facts={"variable": variable})
    defaults = HuobanOptions(planes=profile.planes, rate_per_s=profile.rate_per_s)
    options = (
        defaults
        if profile.base_url is None
        else HuobanOptions(base_url=profile.base_url, planes=profile.planes, rate_per_s=profile.rate_per_s)
    )
    control_url = f"{profile.base_url.split('/openapi/')[0]}/_sandbox" if profile.base_url else None
    connection = connect_huoban(
        options=options,
        api_key=key,
        session=session,
        clock=clock,
        control_url=control_url,
        access=access_from(profile, environ),
    )
    workspace = connection.workspaces.find(profile.workspace)
    return Site(profile=profile, connection=connection, workspace=workspace.workspace_id)
