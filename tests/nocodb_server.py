"""A real NocoDB for tests: installed once into the cache, one server a test process, started and stopped here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import ProfileError
from huoban_perf.platforms.nocodb.installation import default_folder, installed
from huoban_perf.platforms.nocodb.server import LocalServer, down, free_port, up

CACHE = default_folder(os.environ)
"""Where programs are kept; read before any test moves the home folder."""

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 1 << 30
_CANNOT_INSTALL = {"nocodb.no_node", "nocodb.node_version", "nocodb.install_failed"}


def skip_or_fail(reason: str) -> None:
    """Skip where a person has not the program; under CI its absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; .ci/run provision installs it")
    pytest.skip(reason)


@contextmanager
def nocodb(home: Path, *, database: str | None = None) -> Iterator[LocalServer]:
    """Run a server on a data folder of its own; one that was installed and does not start is a failure."""
    environ = dict(os.environ)
    try:
        program = installed(CACHE, environ=environ)
    except ProfileError as error:
        if error.code not in _CANNOT_INSTALL:
            raise
        skip_or_fail(f"NocoDB cannot be installed here: {error}")
        raise
    with _data_in_memory(home):
        try:
            yield up(home, program=program, clock=SystemClock(), environ=environ, database=database)
        finally:
            down(home, clock=SystemClock())


@contextmanager
def _data_in_memory(home: Path) -> Iterator[None]:
    """Let the data lie in memory where there is room: a test's database need not survive, and the disk is shared."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES or (home / "data").exists():
        yield
        return
    with TemporaryDirectory(prefix="nocodb-", dir=_MEMORY) as folder:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "data").symlink_to(folder)
        yield
        (home / "data").unlink()


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL on a port of loopback; yields NocoDB's address of an empty database."""
    programs = _postgres_programs()
    if programs is None:
        skip_or_fail("PostgreSQL (initdb, pg_ctl) is not installed")
        raise AssertionError
    with TemporaryDirectory(prefix="pg-") as folder:
        as_other: list[str] = []
        if os.geteuid() == 0:  # initdb refuses root
            shutil.chown(folder, "postgres")
            as_other = ["runuser", "-u", "postgres", "--"]
        yield from _cluster(Path(folder), programs=programs, as_other=as_other)


def _cluster(home: Path, *, programs: Path, as_other: list[str]) -> Iterator[str]:
    data, port = home / "data", free_port()
    run = [*as_other, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, cwd="/")
    settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*as_other, str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log")]
    subprocess.run([*control, "-o", settings, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        sql = [*as_other, str(programs / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
        subprocess.run([*sql, "-c", "create database noco"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        yield f"pg://127.0.0.1:{port}?u=postgres&p=postgres&d=noco"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None
