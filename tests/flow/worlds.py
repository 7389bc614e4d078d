"""Comparing embedded workspaces by content."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from huoban_perf.sandbox import open_world
from huoban_perf.sandbox.world.dump import contents_of

STAMPS = {"批次", "计算时间", "公布时间"}
"""Fields that say when something was written."""


def content(home: Path) -> dict[str, Any]:
    """Return the content of a home's embedded workspace without ids, times and the run log."""
    world = open_world(home / "sandbox" / "world.sqlite", start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    try:
        found = contents_of(world)
    finally:
        world.close()
    for space in found["workspaces"]:
        space["tables"] = [table for table in space["tables"] if table["name"] != "运行记录"]
        for table in space["tables"]:
            items = [{name: value for name, value in item.items() if name not in STAMPS} for item in table["items"]]
            table["items"] = sorted(items, key=repr)
    return found
