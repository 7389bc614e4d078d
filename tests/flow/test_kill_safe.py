"""Killing the demo at any moment and running it again ends in the same world: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.flow.worlds import content

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.flow


def run(home: Path, *arguments: str, timeout_s: int = 180) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "HUOBAN_PERF_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def demo(home: Path) -> dict[str, Any]:
    done = run(home, "-m", "huoban_perf", "demo", "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """The undisturbed world and its report."""
    home = tmp_path_factory.mktemp("clean")
    report = demo(home)
    return content(home), report


def test_clean_run_twice_changes_nothing(clean: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    _, first = clean
    again = demo(tmp_path)
    second = demo(tmp_path)
    assert again["rows_written"] == first["rows_written"] > 1000
    assert (second["rows_written"], second["write_requests"], second["objects_created"]) == (0, 0, 0)
    assert second["appraisals_scored"] == first["appraisals_scored"] == 58
    assert second["grades"] == first["grades"]


@pytest.mark.parametrize("chain", [11, 23])
def test_killed_again_and_again_ends_in_the_same_world(
    chain: int, clean: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    """Every run is killed some requests after the last one got, until one gets through."""
    expected, report = clean
    draw = Random(chain)
    kills = 0
    for _ in range(60):
        number, moment = draw.randint(12, 130), draw.choice(["before", "after"])
        done = run(tmp_path, "tests/flow/killed_demo.py", str(number), moment)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
    assert kills >= 3
    assert demo(tmp_path)["write_requests"] == 0
    assert content(tmp_path) == expected
    assert report["rows_written"] > 0


@pytest.mark.parametrize("seed", range(6))
def test_killed_once_at_a_random_request_then_run_again(
    seed: int, clean: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    expected, report = clean
    draw = Random(1000 + seed)
    number = draw.randint(report["requests"] // 2, report["requests"])
    killed = run(tmp_path, "tests/flow/killed_demo.py", str(number), draw.choice(["before", "after"]))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    demo(tmp_path)
    assert content(tmp_path) == expected
