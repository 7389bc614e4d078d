"""The pinned server's program files: installed once from the npm registry, found again ever after.

NocoDB is a program that a person or a test runs beside us; we speak HTTP to it and vendor nothing of it. The folder
lies outside the project, so that a fresh clone finds an installation that an earlier one made.

Source: nocodb/api.md, Recipe.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from huoban_perf.core.errors import FactValue, ProfileError

VERSION = "0.265.1"
"""The last AGPL release whose parts are all on the registry. Source: nocodb/api.md, Recipe (Pins)."""

_PACKAGE = {
    "name": "local-nocodb",
    "private": True,
    "version": "1.0.0",
    "dependencies": {"nocodb": VERSION, "express": "^4.21.2"},
    # NocoDB asks for a tarball outside the registry; 0.18.5 is the registry's own build of it.
    "overrides": {"xlsx": "0.18.5"},
}

_START = """\
const http = require('http');
const express = require('express');
process.chdir(process.env.NC_TOOL_DIR);  // the database file is written to the working directory
const { Noco } = require('nocodb');
// The embedded database writes ahead: one wait for the disk a change instead of several; the mode stays in the file.
const writeAhead = () => new Promise((done, fail) => {
  const { Database } = require('sqlite3');
  const file = new Database('noco.db');
  file.exec('PRAGMA journal_mode=WAL', (error) => file.close(() => (error ? fail(error) : done())));
});
(async () => {
  if (!process.env.NC_DB) await writeAhead();
  const app = express();
  const server = http.createServer(app);
  app.use(await Noco.init({}, server, app));
  server.listen(+process.env.PORT, '127.0.0.1');
})().catch((error) => { console.error(error); process.exit(1); });
"""
"""Listens on loopback only; the vendor's own start script would listen everywhere.

Building an app is thousands of small changes: on a busy disk 17 ms each became 3 ms. Source: tried.
"""

_STEPS = (
    # nocodb-sdk's preinstall insists on another package manager, so no script runs; then the one native part is built.
    ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    ("npm", "rebuild", "sqlite3", "--loglevel=error"),
)

NODE_AT_LEAST = 20
"""The oldest Node that runs the pinned version. Source: nocodb/api.md, Recipe (Pins)."""

_LOG_TAIL = 5


def default_folder(environ: Mapping[str, str]) -> Path:
    """Return where the program is kept: the user's cache.

    Args:
        environ: The environment; HUOBAN_PERF_NOCODB_HOME overrides, XDG_CACHE_HOME moves the cache.

    Returns:
        The folder; it need not exist.
    """
    named = environ.get("HUOBAN_PERF_NOCODB_HOME")
    if named:
        return Path(named)
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path(environ.get("HOME", "~")).expanduser() / ".cache") / "huoban_perf" / "nocodb"


def installed(folder: Path, *, environ: Mapping[str, str]) -> Path:
    """Return the program's folder, installing it when it is not there yet (some minutes, about 565 MB).

    Args:
        folder: Where programs are kept, one folder a version of NocoDB and of Node: the native module must be built by
            the very Node that loads it.
        environ: The environment; npm's own settings are read from it.

    Returns:
        The folder that holds ``server.js``.

    Raises:
        ProfileError: Node is missing or too old, or npm could not install; says where npm's words are.
    """
    node = _node_version(environ)
    program = folder / f"{VERSION}-node-{node}"
    with _alone(folder):
        if not is_installed(program):
            _install(program, environ=environ)
        elif (program / "server.js").read_text(encoding="utf-8") != _START:  # from an earlier version of ours
            _write_start(program)
    return program


def is_installed(program: Path) -> bool:
    """Return whether an installation was finished; the start script is written last."""
    return (program / "server.js").exists()


def find_installed(folder: Path, *, environ: Mapping[str, str]) -> Path | None:
    """Return the program's folder when it stands, else None; installs nothing.

    Args:
        folder: Where programs are kept.
        environ: The environment.

    Returns:
        The folder, or None.

    Raises:
        ProfileError: Node is missing or too old.
    """
    program = folder / f"{VERSION}-node-{_node_version(environ)}"
    return program if is_installed(program) else None


def _node_version(environ: Mapping[str, str]) -> str:
    path = environ.get("PATH")
    if shutil.which("node", path=path) is None or shutil.which("npm", path=path) is None:
        raise ProfileError("nocodb.no_node", facts={"at_least": NODE_AT_LEAST})
    answer = subprocess.run(["node", "--version"], env=dict(environ), capture_output=True, text=True, check=False)  # noqa: S607 - the user's own Node, by PATH
    version = answer.stdout.strip()
    major = version.lstrip("v").split(".", maxsplit=1)[0]
    if not major.isdecimal() or int(major) < NODE_AT_LEAST:
        raise ProfileError("nocodb.node_version", facts={"found": version or "-", "at_least": NODE_AT_LEAST})
    return version


def _install(program: Path, *, environ: Mapping[str, str]) -> None:
    """Install beside the final place and move there at the end: one that was killed is never taken for whole."""
    work = program.with_name(f"{program.name}.unfinished")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / "package.json").write_text(json.dumps(_PACKAGE, indent=2), encoding="utf-8")
    log = program.with_name("install.log")
    headers = _node_headers(environ)
    settings = {**environ, **({"npm_config_nodedir": str(headers)} if headers else {})}
    with log.open("w", encoding="utf-8") as words:
        for step in _STEPS:
            ended = subprocess.run(step, cwd=work, env=settings, stdout=words, stderr=words, check=False)  # noqa: S603 - fixed words
            if ended.returncode != 0:
                tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LOG_TAIL:]
                facts: dict[str, FactValue] = {"step": " ".join(step[:2]), "log": str(log), "said": tuple(tail)}
                raise ProfileError("nocodb.install_failed", facts=facts)
    _write_start(work)
    work.rename(program)


def _write_start(program: Path) -> None:
    """Put the start script in its place whole: another process may be about to run it."""
    fresh = program / "server.js.new"
    fresh.write_text(_START, encoding="utf-8")
    fresh.replace(program / "server.js")


def _node_headers(environ: Mapping[str, str]) -> Path | None:
    """Return the prefix of Node's headers when they lie beside it, so that nothing is downloaded to build with."""
    node = shutil.which("node", path=environ.get("PATH"))
    prefix = Path(node).resolve().parent.parent if node else None
    return prefix if prefix is not None and (prefix / "include" / "node" / "node.h").exists() else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time look and install."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
