"""One platform, one state file, one clock: what most deploy tests start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy import (
    ApplyReport,
    DeployTarget,
    Plan,
    PlanOptions,
    StateFile,
    StateStore,
    apply_plan,
    make_plan,
)
from tests.unit.deploy.world import OWNER, Clock, Platform, observed_field


@dataclass
class Bench:
    """Plans and applies against a platform in memory."""

    folder: Path
    builds: bool = True
    platform: Platform = field(default_factory=Platform)
    clock: Clock = field(default_factory=Clock)

    @property
    def store(self) -> StateStore:
        return StateStore(self.folder / "state" / "little.json", host="here")

    @property
    def target(self) -> DeployTarget:
        return self.platform.target(self.clock, builds=self.builds)

    def state(self) -> StateFile:
        return self.store.load(OWNER)

    def plan(self, desired: DesiredSchema, **options: Any) -> Plan:
        return make_plan(
            desired=desired,
            observed=self.target.observe(),
            state=self.state(),
            capabilities=self.target.connection.capabilities,
            clock=self.clock,
            options=PlanOptions(**options),
        )

    def apply(self, plan: Plan, desired: DesiredSchema) -> ApplyReport:
        return apply_plan(plan=plan, desired=desired, target=self.target, store=self.store)

    def deploy(self, desired: DesiredSchema, **options: Any) -> ApplyReport:
        return self.apply(self.plan(desired, **options), desired)


def build_by_hand(platform: Platform, desired: DesiredSchema) -> None:
    """What a person does with the manual sheet: everything by its name, without aliases."""
    ids = {table.address: platform.add_table(table.labels.zh) for table in desired.tables}
    for table in desired.tables:
        for spec in table.fields:
            target = None if spec.target is None else ids[spec.target]
            built = observed_field(spec, field_id=platform.mint("22"), target_id=target, alias=False)
            platform.add_field(ids[table.address], built)
