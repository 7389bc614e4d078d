"""The company with an executor: people act through the workspace, rounds carry out what they picked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from huoban_perf.automation import Executor, Surroundings
from huoban_perf.core.addresses import MemberId
from huoban_perf.core.errors import FactValue
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.cycle.access import columns_of
from huoban_perf.cycle.first_values import known_of
from huoban_perf.cycle.guards import CYCLE_GUARDS, Asked
from huoban_perf.cycle.guards_reviews import REVIEW_GUARDS
from huoban_perf.cycle.keys import key_of
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.app import DeployedApp
from tests.unit.cycle.company import Firm
from tests.unit.sync.company import schema
from tests.unit.sync.memory import NO_BINDINGS


def words(code: str, facts: Mapping[str, FactValue]) -> str:
    return f"{code}: {'、'.join(facts['fields'])}" if "fields" in facts else code  # type: ignore[arg-type]


class Desk:
    """A firm, its executor and what it started."""

    def __init__(
        self,
        firm: Firm,
        *,
        declared: DesiredSchema | None = None,
        store: SqliteStore | None = None,
        actor_check: str = "auto",
        settle_polls: int = 0,
    ) -> None:
        self.firm = firm
        self.declared = declared or schema()
        self.store = store or SqliteStore(None)
        self.ledger = SqliteLedger(self.store, profile="p")
        self.jobs: list[str] = []
        asked = Asked(clock=firm.clock, process=firm.process)
        checks = {
            place: (lambda row, check=check: check(asked, row))
            for place, check in {**CYCLE_GUARDS, **REVIEW_GUARDS}.items()
        }
        self.around = Surroundings(
            guards=checks,
            start_job=self.jobs.append,
            notices=firm.told,
            role_members={"hr": ("uHR",)},
            actor_check=actor_check,
            settle_polls=settle_polls,
            words=words,
            key_of=key_of,
            known_of=known_of,
            columns_of=columns_of,
        )
        self.executor = self.fresh()

    def fresh(self) -> Executor:
        """A new process on the same ledger."""
        app = DeployedApp(
            connection=self.firm.memory.connection(),
            schema=self.declared,
            bindings=NO_BINDINGS,
            clock=self.firm.clock,
        )
        return Executor(app, ledger=self.ledger, around=self.around)

    def round(self) -> dict[str, int]:
        """One round a second later; returns firings by state."""
        self.firm.clock.moment += timedelta(seconds=1)
        return {state.value: count for state, count in self.executor.round().counts.items()}

    def pick(self, table: str, key: str, *, by: str = "", **values: Value) -> None:
        """Change a row like a person would, ``by`` whom the platform may tell; its change is newer than any look."""
        self.firm.memory.moment += 100
        self.firm.set(table, key, **values)
        if self.firm.memory.editors is not None:
            rows = self.firm.memory.items[table]
            item = next(item for item, (_, row) in rows.items() if row is self.firm.rows(table)[key])
            self.firm.memory.editors.pop(item, None)
            if by:
                self.firm.memory.editors[item] = MemberId(by)


def with_automations(*specs: object) -> DesiredSchema:
    """The app with other automations than its own."""
    return replace(schema(), automations=tuple(specs))  # type: ignore[arg-type]
