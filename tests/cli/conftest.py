from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Remote, served, write_profile
from tests.prepared import demo_home


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An empty home."""
    return Desk(tmp_path / "home", capsys, monkeypatch)


@pytest.fixture(scope="session", name="demo_home")
def _demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo ran once; never written to again, only copied."""
    return demo_home(tmp_path_factory)


@pytest.fixture
def company(desk: Desk, demo_home: Path) -> Desk:
    """A home of one's own in which the demo ran once."""
    desk.copy_of(demo_home)
    return desk


@pytest.fixture
def remote(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A real-like workspace, empty; profile ``production`` reaches it with the documented API only."""
    with served() as found:
        monkeypatch.setenv("TEST_KEY", found.key)
        write_profile(desk.home, base_url=found.base_url, workspace=found.workspace)
        yield found


@pytest.fixture
def built(desk: Desk, demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A real-like workspace in which everything has been built, but whose ids nobody here knows yet."""
    file = tmp_path / "world.sqlite"
    shutil.copyfile(demo_home / "sandbox" / "world.sqlite", file)
    with served(file) as found:
        monkeypatch.setenv("TEST_KEY", found.key)
        write_profile(desk.home, base_url=found.base_url, workspace=found.workspace)
        yield found
