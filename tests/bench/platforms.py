"""``python -m tests.bench.platforms``: the same company through the same cycle on both platforms, figures side by side.

Deploys ``performance``, puts ``--people`` in, runs every job up to publication, and demands that both workspaces then
hold the same released scores and grades. ``--insteval`` takes the 73,421 real ratings instead. Figures of a busy
machine mean little: the load is printed with them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE, run
from typing import Any

from huoban_perf.cli.deployed import deployed_app, wish_of
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.progress import silent
from huoban_perf.profile import connect, load_profile
from huoban_perf.sync.snapshot import read_table
from tests.nocodb_server import nocodb

Figures = dict[str, object]
PLATFORMS = ("sandbox", "nocodb")
_MANUAL_STEPS = 7


def _command(environ: Mapping[str, str], *words: str) -> tuple[dict[str, Any], float]:
    """Run a command; return its JSON and its seconds."""
    begun = time.monotonic()
    done = run([sys.executable, "-m", "huoban_perf", *words, "-o", "json"], env=dict(environ), stdout=PIPE, check=False)
    if done.returncode not in {0, _MANUAL_STEPS}:
        raise SystemExit(f"{' '.join(words)}: exit {done.returncode}")
    return json.loads(done.stdout), round(time.monotonic() - begun, 1)


@contextlib.contextmanager
def _place(platform: str, folder: Path) -> Iterator[dict[str, str]]:
    """A home of its own, with a profile ``bench``; yields the environment of its commands."""
    home = folder / platform
    home.mkdir()
    environ = {**os.environ, "HUOBAN_PERF_HOME": str(home), "HUOBAN_PERF_PROFILE": "bench"}
    if platform == "sandbox":
        entry = "{platform: sandbox, planes: [v1, builder], rate_per_s: null}"
        (home / "profiles.yaml").write_text(f"profiles:\n  bench: {entry}\n", encoding="utf-8")
        yield environ
        return
    with nocodb(home / "server") as server:
        entry = f"{{platform: nocodb, base_url: '{server.url}'}}"
        (home / "profiles.yaml").write_text(f"profiles:\n  bench: {entry}\n", encoding="utf-8")
        environ["NOCODB_TOKEN"] = server.token
        with connect(
            load_profile("bench", environ=environ), clock=SystemClock(), environ=environ, create=True
        ):  # makes the base
            pass
        yield environ


def _company(environ: Mapping[str, str], people: int) -> tuple[Figures, Mapping[str, object]]:
    built, build_s = _command(environ, "apply", "--yes")
    filled, fill_s = _command(environ, "seed", "--people", str(people), "--stage", "feedback", "--yes")
    figures: Figures = {
        "deploy s": build_s,
        "deploy requests": built["traffic"]["requests"],
        "cycle s": fill_s,
        "cycle requests": filled.get("requests"),
        "cycle writes": filled.get("writes"),
    }
    profile = load_profile("bench", environ=environ)
    with connect(profile, clock=SystemClock(), environ=environ) as site:
        app = deployed_app(site, wish_of(profile), clock=SystemClock(), progress=silent)
        rows = read_table(app, table=app.schema.table("appraisal"))
        released = {
            str(rows.value(row, "natural_key")): (
                rows.value(row, "released_score"),
                rows.value(row, "released_grade"),
            )
            for row in rows
        }
    figures["released"] = sum(score is not None for score, _ in released.values())
    return figures, released


def _insteval(environ: Mapping[str, str], platform: str) -> tuple[Figures, Mapping[str, object]]:
    report, seconds = _command(environ, "demo", "--data", "insteval", "--platform", platform)
    told = ("appraisals_scored", "rows_written", "requests", "write_requests", "rows_per_second", "peak_mib")
    return {"seconds": seconds, **{name: report[name] for name in told}}, report["grades"]


def main() -> int:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--insteval", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, Figures] = {}
    results: list[Mapping[str, object]] = []
    sys.stdout.write(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        for platform in PLATFORMS:
            with _place(platform, Path(folder)) as environ:
                found = _insteval(environ, platform) if asked.insteval else _company(environ, asked.people)
                figures[platform] = found[0]
                results.append(found[1])
    sys.stdout.write("| | " + " | ".join(PLATFORMS) + " |\n| --- | ---: | ---: |\n")
    for name in figures[PLATFORMS[0]]:
        sys.stdout.write(f"| {name} | " + " | ".join(str(figures[one][name]) for one in PLATFORMS) + " |\n")
    here, there = results
    differ = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
    sys.stdout.write(f"results: {len(here)} compared, {len(differ)} differ\n")
    for key in differ[:20]:
        sys.stdout.write(f"  {key}: {here.get(key)} | {there.get(key)}\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
