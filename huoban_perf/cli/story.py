"""The machinery of a seeded story: a workshop's jobs, run with the story's clock on the seeded cycle."""

from __future__ import annotations

from dataclasses import replace

from huoban_perf.cli.workshop import Request, Workshop
from huoban_perf.cycle.context import JobContext
from huoban_perf.demo.outline import SEED_CYCLE
from huoban_perf.demo.stages import StoryClock


class Stage:
    """Runs the real jobs of a workshop at the moments of the story."""

    def __init__(self, shop: Workshop) -> None:
        """Take a workshop; its clock is replaced by the story's."""
        self.clock = StoryClock(shop.app.clock)
        self._shop = replace(shop, app=replace(shop.app, clock=self.clock))

    def context(self) -> JobContext:
        """Return what stands now."""
        return self._shop.context(SEED_CYCLE)

    def run(self, job: str, *, decider: str | None = None, **options: str) -> None:
        """Run a job on the seeded cycle and write; a large change is what a story consists of."""
        request = Request(
            job=job, cycle=SEED_CYCLE, apply=True, options=options, decider=decider, allow_large_change=True
        )
        self._shop.run(request)
