"""Killing the demo at any moment and running it again ends in the same world: nothing lost, nothing twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.flow.killing import Ended, Nursery
from tests.flow.worlds import content
from tests.prepared import demo_home, demo_report

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed run reports."""
    return demo_report(demo_home(tmp_path_factory))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an undisturbed run, one's own copy."""
    return Path(shutil.copytree(demo_home(tmp_path_factory), tmp_path_factory.mktemp("clean") / "home"))


def demo(nursery: Nursery, home: Path) -> dict[str, Any]:
    done = nursery.run(home, "demo", "-o", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def killed(nursery: Nursery, home: Path, number: int, moment: str) -> Ended:
    ended = nursery.run(home, "demo", "-o", "json", kill=(number, moment))
    assert ended.was_killed or ended.code == 0, ended.err
    return ended


def test_clean_run_twice_changes_nothing(nursery: Nursery, clean: Path, report: dict[str, Any]) -> None:
    before = content(clean)
    second = demo(nursery, clean)
    assert report["rows_written"] > 1000
    assert (second["rows_written"], second["write_requests"], second["objects_created"]) == (0, 0, 0)
    assert second["appraisals_scored"] == report["appraisals_scored"] == 58
    assert second["grades"] == report["grades"]
    assert content(clean) == before


@pytest.mark.parametrize("chain", [11, 23])
def test_killed_again_and_again_ends_in_the_same_world(
    chain: int, nursery: Nursery, clean: Path, tmp_path: Path
) -> None:
    """Every run is killed some requests after the last one got, until one gets through."""
    draw, kills = Random(chain), 0
    for _ in range(60):
        if not killed(nursery, tmp_path, draw.randint(12, 230), draw.choice(["before", "after"])).was_killed:
            break
        kills += 1
    assert kills >= 5
    assert demo(nursery, tmp_path)["write_requests"] == 0
    assert content(tmp_path) == content(clean)


@pytest.fixture(scope="module")
def halfway(nursery: Nursery, report: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose run was killed in the middle of the deployment."""
    home = tmp_path_factory.mktemp("half") / "home"
    assert killed(nursery, home, report["requests"] // 2, "after").was_killed
    return home


@pytest.mark.parametrize("seed", range(6))
def test_killed_once_more_at_a_random_request_then_run_again(
    seed: int, nursery: Nursery, clean: Path, halfway: Path, report: dict[str, Any], tmp_path: Path
) -> None:
    home = Path(shutil.copytree(halfway, tmp_path / "home"))
    draw = Random(1000 + seed)
    number = draw.randint(1, report["requests"] // 2)
    assert killed(nursery, home, number, draw.choice(["before", "after"])).was_killed
    demo(nursery, home)
    assert content(home) == content(clean)
