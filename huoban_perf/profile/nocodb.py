"""NocoDB of a profile: somebody's server by address and token, or one's own on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import NotFoundError, ProfileError
from huoban_perf.platforms.nocodb import NocodbConnection
from huoban_perf.platforms.nocodb import connect as connect_server
from huoban_perf.platforms.nocodb.installation import default_folder, installed
from huoban_perf.platforms.nocodb.server import LocalServer, down, running, up
from huoban_perf.profile.model import Profile


def connect_nocodb(
    profile: Profile, *, session: requests.Session, clock: Clock, environ: Mapping[str, str], create: bool
) -> tuple[NocodbConnection, WorkspaceId | None]:
    """Connect to the base that a profile names.

    Args:
        profile: Without ``base_url`` it means the server that ``nocodb up`` started.
        session: Sends requests.
        clock: For time and waiting.
        environ: Holds the token of somebody's server.
        create: Whether to make the base when it is not there.

    Returns:
        The connection, and the base; None when it is not there and ``create`` is not given.

    Raises:
        ProfileError: The token's variable is empty, or no server of one's own runs.
        AccessError: The token is refused.
        NotFoundError: Several bases have the name.
    """
    url, token = _address(profile, environ)
    connection = connect_server(url=url, token=token, session=session, clock=clock)
    connection.bases.check_version()
    try:
        return connection, connection.bases.find(profile.workspace).workspace_id
    except NotFoundError as error:
        if error.code != "nocodb.base_unknown":
            raise
    if not create:
        return connection, None
    return connection, connection.bases.create(profile.workspace).workspace_id


def start_server(profile: Profile, *, clock: Clock, environ: Mapping[str, str], port: int) -> LocalServer:
    """Start the profile's own server, installing the program the first time, and make its base.

    Args:
        profile: Whose ``home`` holds the server's data.
        clock: For waiting.
        environ: The environment of npm and of the server.
        port: On 127.0.0.1; 0 for any free one.

    Returns:
        The server.

    Raises:
        ProfileError: It could not be installed or started.
    """
    program = installed(default_folder(environ), environ=environ)
    server = up(profile.server_dir, program=program, clock=clock, environ=environ, port=port)
    own = profile.model_copy(update={"platform": "nocodb", "base_url": None})
    with requests.Session() as session:
        connect_nocodb(own, session=session, clock=clock, environ=environ, create=True)
    return server


def own_server(profile: Profile) -> LocalServer | None:
    """Return the profile's own server when it runs and answers, else None."""
    return running(profile.server_dir)


def stop_server(profile: Profile, *, clock: Clock) -> bool:
    """Stop the profile's own server; return whether it ran."""
    return down(profile.server_dir, clock=clock)


def _address(profile: Profile, environ: Mapping[str, str]) -> tuple[str, str]:
    if profile.base_url is None:
        server = running(profile.server_dir)
        if server is None:
            raise ProfileError("nocodb.not_running", facts={"folder": str(profile.server_dir)})
        return server.url, server.token
    variable = profile.token.env if profile.token else "NOCODB_TOKEN"
    token = environ.get(variable, "").strip()
    if not token:
        raise ProfileError("nocodb.token_missing", facts={"variable": variable})
    return profile.base_url, token
