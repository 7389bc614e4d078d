"""``apply`` over the v2 tables plane killed with SIGKILL, client and workspace together, and run again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.flow.killing import Nursery
from tests.flow.worlds import content

ROOT = Path(__file__).resolve().parents[2]
SOUND = ROOT / "tests" / "cases" / "template" / "sound"
pytestmark = pytest.mark.flow
APPLY = ("--profile", "try", "apply", "--yes")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose profile ``try`` is the embedded workspace over v2, with the small template of the test cases."""
    template = tmp_path / "template"
    shutil.copytree(SOUND, template)
    entry = {"platform": "sandbox", "planes": ["v1", "v2"], "rate_per_s": None, "template": str(template)}
    entry["v2"] = {"relations": True}
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "profiles.yaml").write_text(json.dumps({"profiles": {"try": entry}}), encoding="utf-8")
    return folder


def built(home: Path) -> dict[str, Any]:
    found = content(home)
    for space in found["workspaces"]:
        for table in space["tables"]:
            table["fields"].sort(key=lambda field: str(field["name"]))
    return found


def test_killed_at_each_write_and_run_again_builds_the_same_once(home: Path) -> None:
    whole = home.with_name("whole")
    shutil.copytree(home, whole)
    with Nursery() as nursery:
        done = nursery.run(whole, *APPLY)
        assert done.code == 7, done.err
        kills = 0
        for number, moment in ((1, "before"), (1, "after"), (1, "after"), (1, "before"), (1, "after"), (1, "after")):
            if not nursery.run(home, *APPLY, kill=(number, moment), writes_to="/v2/table").was_killed:
                break
            kills += 1
        assert kills >= 3
        again = nursery.run(home, *APPLY)
        assert again.code == 7, again.err
        assert built(home) == built(whole)
        assert nursery.run(home, *APPLY).code == 7
    assert built(home) == built(whole)
