"""Installing and starting the server when something is missing, with stand-ins for node and npm on the path."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from huoban_perf.cli.texts import error_lines
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import ProfileError
from huoban_perf.platforms.nocodb.installation import VERSION, default_folder, find_installed, installed
from huoban_perf.platforms.nocodb.server import LocalServer, down, running, secrets_file, up

NODE = "#!/bin/sh\n[ \"$1\" = --version ] && echo {version} && exit 0\nexec /bin/sh -c '{serves}'\n"


def programs(folder: Path, *, node: str = "v20.1.0", npm: str = "exit 0", serves: str = "exit 3") -> dict[str, str]:
    """Put stand-ins for node and npm into a folder and return an environment whose path is only that."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("node", NODE.format(version=node, serves=serves)), ("npm", f"#!/bin/sh\n{npm}\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder)}


def said(error: ProfileError) -> str:
    return "\n".join(error_lines(error, locale="zh"))


def test_the_folder_is_the_users_cache_unless_said_otherwise(tmp_path: Path) -> None:
    assert default_folder({"HOME": "/home/a"}) == Path("/home/a/.cache/huoban_perf/nocodb")
    assert default_folder({"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}) == Path("/c/huoban_perf/nocodb")
    assert default_folder({"HUOBAN_PERF_NOCODB_HOME": str(tmp_path)}) == tmp_path


def test_without_node_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        installed(tmp_path, environ={"PATH": str(tmp_path)})
    assert caught.value.code == "nocodb.no_node"
    assert "Node 20" in said(caught.value)


@pytest.mark.parametrize("version", ["v18.19.0", "nonsense"])
def test_an_old_node_is_refused_by_its_version(tmp_path: Path, version: str) -> None:
    with pytest.raises(ProfileError) as caught:
        installed(tmp_path / "cache", environ=programs(tmp_path / "bin", node=version))
    assert version in said(caught.value)


def test_a_failed_installation_shows_the_end_of_its_log_and_leaves_none_behind(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin", npm="echo first; echo ENOSPC no space; exit 1")
    with pytest.raises(ProfileError) as caught:
        installed(tmp_path / "cache", environ=environ)
    assert "ENOSPC" in said(caught.value)
    assert find_installed(tmp_path / "cache", environ=environ) is None


def test_an_installation_is_found_again_and_made_once(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin", npm=f"echo ran >> {tmp_path}/ran")
    first = installed(tmp_path / "cache", environ=environ)
    assert first.name == f"{VERSION}-node-v20.1.0"
    assert (
        installed(tmp_path / "cache", environ=environ) == first == find_installed(tmp_path / "cache", environ=environ)
    )
    assert (tmp_path / "ran").read_text().splitlines() == ["ran", "ran"]
    assert "127.0.0.1" in (first / "server.js").read_text()


def test_the_start_script_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    program = installed(tmp_path / "cache", environ=environ)
    script = (program / "server.js").read_text()
    assert "journal_mode=WAL" in script
    (program / "server.js").write_text("// of an earlier version\n")
    assert installed(tmp_path / "cache", environ=environ) == program
    assert (program / "server.js").read_text() == script


def test_a_server_that_ends_at_once_shows_its_last_words(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin", serves="echo Segmentation fault; exit 139")
    program = installed(tmp_path / "cache", environ=environ)
    with pytest.raises(ProfileError) as caught:
        up(tmp_path / "home", program=program, clock=Patient(), environ=environ)
    assert caught.value.code == "nocodb.ended"
    assert "Segmentation fault" in said(caught.value)
    assert not secrets_file(tmp_path / "home").exists()


def test_a_server_that_never_answers_is_ended(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin", serves="exec /bin/sleep 300")
    program = installed(tmp_path / "cache", environ=environ)
    with pytest.raises(ProfileError) as caught:
        up(tmp_path / "home", program=program, clock=Patient(), environ=environ)
    assert caught.value.code == "nocodb.silent"


def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    program = installed(tmp_path / "cache", environ=environ)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ProfileError) as caught:
            up(tmp_path / "home", program=program, clock=Patient(), environ=environ, port=taken.getsockname()[1])
    assert caught.value.code == "nocodb.port_taken"


def test_nothing_runs_where_nothing_was_started(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    assert down(tmp_path, clock=Patient()) is False
    secrets_file(tmp_path).write_text('{"url": 1}')
    assert running(tmp_path) is None


def test_secrets_are_not_shown_and_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    server = LocalServer(url="http://x", token="hidden-token", email="a@b", password="hidden-word", pid=1)
    assert "hidden" not in repr(server)
    environ = programs(tmp_path / "bin")
    with pytest.raises(ProfileError):
        up(tmp_path / "home", program=installed(tmp_path / "cache", environ=environ), clock=Patient(), environ=environ)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "home").iterdir() if file.is_file()}
    assert modes == {"password": 0o600, "jwt": 0o600, "nocodb.log": 0o600}
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


class Patient(SystemClock):
    """Waits no time, and two minutes are over after some looks."""

    def __init__(self) -> None:
        self.looks = 0

    def sleep(self, seconds: float) -> None:
        """Return at once."""

    def monotonic_s(self) -> float:
        self.looks += 1
        return self.looks * 0.05
