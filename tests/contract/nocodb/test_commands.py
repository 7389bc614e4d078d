"""The commands and the profile of the second platform, as a person meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
import responses

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import NotFoundError
from huoban_perf.platforms.nocodb import NocodbConnection
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Profile, connect, own_server
from tests.nocodb_server import CACHE

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]

PROFILES = "profiles:\n  noco: {{platform: nocodb, base_url: '{url}', token: {{env: TEST_TOKEN}}, workspace: {base}}}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own."""
    monkeypatch.setenv("HUOBAN_PERF_HOME", str(tmp_path))
    return tmp_path


def test_one_command_starts_it_and_one_stops_it(
    home: Path, nocodb_sqlite: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUOBAN_PERF_NOCODB_HOME", str(CACHE))
    monkeypatch.setattr("time.sleep", _wait)
    assert run(["nocodb", "status"]) is Exit.ERROR
    assert "huoban-perf nocodb up" in capsys.readouterr().out
    assert run(["demo", "--platform", "nocodb"]) is Exit.INVALID
    assert "huoban-perf nocodb up" in capsys.readouterr().err
    try:
        assert run(["nocodb", "up", "--port", "0"]) is Exit.DONE
        up = capsys.readouterr()
        server = own_server(Profile(home=home))
        assert server is not None
        assert up.out.strip() == server.url
        assert server.url.startswith("http://127.0.0.1:")
        assert (server.token in up.out + up.err, server.password in up.out + up.err) == (False, False)
        assert run(["nocodb", "up", "--port", "0"]) is Exit.DONE
        assert capsys.readouterr().out.strip() == server.url
        assert run(["nocodb", "status"]) is Exit.DONE
        with connect(Profile(home=home, platform="nocodb"), clock=SystemClock(), environ={}) as site:
            assert isinstance(site.connection, NocodbConnection)
            assert site.member_sink is site.connection.people
    finally:
        assert run(["nocodb", "down"]) is Exit.DONE
    assert run(["nocodb", "status"]) is Exit.ERROR


def test_a_wrong_token_ends_every_command_with_exit_3(
    home: Path, nocodb_sqlite: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "profiles.yaml").write_text(PROFILES.format(url=nocodb_sqlite.url, base="试验"))
    for token, exit_ in (("", Exit.INVALID), ("x" * 40, Exit.NO_ACCESS)):
        monkeypatch.setenv("TEST_TOKEN", token)
        for command in (["plan"], ["apply", "--yes"], ["doctor"]):
            assert run(["--profile", "noco", *command]) is exit_
            told = capsys.readouterr()
            assert told.out == ""
            assert "token" in told.err
            assert "x" * 40 not in told.err
    assert [file.name for file in home.rglob("*") if file.is_file()] == ["profiles.yaml"]


def test_a_server_of_another_version_ends_every_command_with_exit_4(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "profiles.yaml").write_text(PROFILES.format(url="http://noco.test", base="试验"))
    monkeypatch.setenv("TEST_TOKEN", "t" * 40)
    later = {"error": "ERR_BASE_NOT_FOUND", "message": "Base 'none' not found"}
    with responses.RequestsMock() as mock:
        mock.get("http://noco.test/api/v3/data/none/none/records", json=later, status=422)
        for command in (["plan"], ["apply", "--yes"], ["doctor"], ["job", "run", "score"], ["serve", "--port", "0"]):
            assert run(["--profile", "noco", *command]) is Exit.INVALID, command
            told = capsys.readouterr()
            assert told.out == ""
            assert "不是所支持的版本 0.265" in told.err
            assert "请安装 0.265.x" in told.err


def test_a_base_is_made_only_when_asked_for(nocodb_sqlite: LocalServer, tmp_path: Path) -> None:
    profile = Profile(home=tmp_path, platform="nocodb", base_url=nocodb_sqlite.url, workspace="新的 base")
    environ = {"NOCODB_TOKEN": nocodb_sqlite.token}
    with pytest.raises(NotFoundError), connect(profile, clock=SystemClock(), environ=environ):
        pass
    made: list[WorkspaceId] = []
    for create in (True, True, False):
        with connect(profile, clock=SystemClock(), environ=environ, create=create) as site:
            made.append(site.workspace)
    assert len(set(made)) == 1


def _wait(seconds: float) -> None:
    """Let a process of its own start; the only thing in this suite that waits for real."""
    from threading import Event

    Event().wait(min(seconds, 0.25))
