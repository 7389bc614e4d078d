"""What costs much to make and is only copied: made once a test run, whichever worker comes first."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run


def prepared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that ``make`` filled, now or in another worker; nobody writes to it again."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / f"prepared-{name}", root / f"prepared-{name}.done"
    with (root / f"prepared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def demo_home(factory: pytest.TempPathFactory) -> Path:
    """Return a home in which the demo ran once."""
    return prepared(factory, "demo", _demo) / "home"


def demo_report(home: Path) -> dict[str, Any]:
    """Return what that run reported."""
    found = json.loads(home.with_name("out.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def demo_said(home: Path) -> str:
    """Return what that run said beside its report."""
    return home.with_name("err.txt").read_text(encoding="utf-8")


def _demo(folder: Path) -> None:
    out, err = folder / "out.json", folder / "err.txt"
    with (
        out.open("w", encoding="utf-8") as said,
        err.open("w", encoding="utf-8") as told,
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(said),
        redirect_stderr(told),
    ):
        patch.setenv("HUOBAN_PERF_HOME", str(folder / "home"))
        patch.delenv("HUOBAN_PERF_PROFILE", raising=False)
        assert run(["demo", "-o", "json"]) is Exit.DONE
