"""A NocoDB of one's own on this machine: started, found again, and stopped; loopback only.

Everything it writes lies in one folder of mode 0700; its secrets (token, password, signing key) in files of mode 0600.

Source: nocodb/api.md, Recipe.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.platforms.nocodb.installation import NODE_AT_LEAST

EMAIL = "admin@example.com"
"""Whom one signs in as; the password is drawn for each server."""

_START_S = 120
_STOP_S = 10
_POLL_S = 0.25
_REQUEST_S = 30
_LOG_TAIL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A server that runs.

    Attributes:
        url: Its address.
        token: API token; secret.
        email: Whom a person signs in as in the browser.
        password: Their password; secret.
        pid: Its process.
    """

    url: str
    token: str
    email: str
    password: str
    pid: int

    def __repr__(self) -> str:
        """Return the address without the secrets."""
        return f"LocalServer(url={self.url!r}, pid={self.pid})"


def secrets_file(home: Path) -> Path:
    """Return where a server's address, token and password are kept (mode 0600)."""
    return home / "server.json"


def running(home: Path) -> LocalServer | None:
    """Return the server of a folder when it runs and answers, else None."""
    server = _recorded(home)
    return server if server is not None and _is_alive(server.pid) and _is_healthy(server.url) else None


def up(
    home: Path,
    *,
    program: Path,
    clock: Clock,
    environ: Mapping[str, str],
    port: int = 0,
    database: str | None = None,
) -> LocalServer:
    """Return the server of a folder, starting it when it does not run.

    Args:
        home: Where its data, log and secrets lie.
        program: From ``installation.installed``.
        clock: For waiting.
        environ: The environment of the process.
        port: Port on 127.0.0.1, 0 for any free one.
        database: ``pg://HOST:PORT?u=USER&p=PASS&d=NAME``, or None for the embedded SQLite.

    Returns:
        The server, ready to be used.

    Raises:
        ProfileError: The port is taken, or the server ended or did not answer in time.
    """
    found = running(home)
    if found is not None:
        return found
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    chosen = port or free_port()
    if port and _is_taken(port):
        raise ProfileError("nocodb.port_taken", facts={"port": port})
    password = _kept_secret(home / "password")
    settings = {**environ, **_settings(home, port=chosen, password=password)}
    if database is not None:
        settings["NC_DB"] = database
    pid = _start(home, program=program, settings=settings)
    url = f"http://127.0.0.1:{chosen}"
    _wait_healthy(pid, url, clock=clock, log=home / "nocodb.log")
    token = _new_token(url, password)
    server = LocalServer(url=url, token=token, email=EMAIL, password=password, pid=pid)
    _write_secret(secrets_file(home), json.dumps(asdict(server), indent=2))
    return server


def down(home: Path, *, clock: Clock) -> bool:
    """Stop the server of a folder; its data stays.

    Args:
        home: The folder.
        clock: For waiting.

    Returns:
        Whether one was running.
    """
    server = _recorded(home)
    if server is None or not _is_alive(server.pid):
        secrets_file(home).unlink(missing_ok=True)
        return False
    _signal(server.pid, signal.SIGTERM)
    deadline = clock.monotonic_s() + _STOP_S
    while _is_alive(server.pid) and clock.monotonic_s() < deadline:
        clock.sleep(_POLL_S)
    if _is_alive(server.pid):
        _signal(server.pid, signal.SIGKILL)
    secrets_file(home).unlink(missing_ok=True)
    return True


def _settings(home: Path, *, port: int, password: str) -> dict[str, str]:
    data = home / "data"
    data.mkdir(exist_ok=True, mode=0o700)
    return {
        "PORT": str(port),
        "NODE_ENV": "production",
        "NC_TOOL_DIR": str(data.resolve()),
        "NC_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "NC_ADMIN_EMAIL": EMAIL,
        "NC_ADMIN_PASSWORD": password,
        "NC_AUTH_JWT_SECRET": _kept_secret(home / "jwt"),
        "NC_DISABLE_TELE": "true",
        "NC_DISABLE_ERR_REPORTS": "true",
        "NC_DISABLE_PRODUCT_FEED": "true",
        "NC_DISABLE_SUPPORT_CHAT": "true",
        "NC_ALLOW_LOCAL_HOOKS": "true",  # else a webhook to our own runner is dropped with only a log line
    }


def _start(home: Path, *, program: Path, settings: Mapping[str, str]) -> int:
    """Start the process in a session of its own: a Ctrl-C meant for us must not end it. Returns its pid."""
    node = shutil.which("node", path=settings.get("PATH"))
    if node is None:
        raise ProfileError("nocodb.no_node", facts={"at_least": NODE_AT_LEAST})
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        node,
        [node, str(program / "server.js")],
        dict(settings),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(home / "nocodb.log"), write, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _wait_healthy(pid: int, url: str, *, clock: Clock, log: Path) -> None:
    deadline = clock.monotonic_s() + _START_S
    while not _is_healthy(url):
        ended = not _is_alive(pid)
        if ended or clock.monotonic_s() > deadline:
            _signal(pid, signal.SIGKILL)
            tail = tuple(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LOG_TAIL:])
            code = "nocodb.ended" if ended else "nocodb.silent"
            raise ProfileError(code, facts={"log": str(log), "said": tail, "seconds": _START_S})
        clock.sleep(_POLL_S)


def _new_token(url: str, password: str) -> str:
    signed_in = _post(f"{url}/api/v1/auth/user/signin", {"email": EMAIL, "password": password}, headers={})
    headers = {"xc-auth": str(signed_in["token"])}
    return str(_post(f"{url}/api/v1/tokens", {"description": "huoban-perf"}, headers=headers)["token"])


def _post(url: str, body: Mapping[str, str], *, headers: Mapping[str, str]) -> dict[str, object]:
    answer = requests.post(url, json=dict(body), headers=dict(headers), timeout=_REQUEST_S)
    content = answer.json() if answer.headers.get("Content-Type", "").startswith("application/json") else {}
    if not answer.ok or "token" not in content:
        raise ProfileError("nocodb.no_token", facts={"status": answer.status_code})
    return dict(content)


def _recorded(home: Path) -> LocalServer | None:
    try:
        return LocalServer(**json.loads(secrets_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/v1/health", timeout=2).ok
    except requests.RequestException:
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # One of our own children that ended stays known to the system until it is waited for.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return True
    except (ProcessLookupError, PermissionError):
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kept_secret(file: Path) -> str:
    if not file.exists():
        _write_secret(file, urlsafe_b64encode(os.urandom(24)).decode())
    return file.read_text(encoding="utf-8")


def _write_secret(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
