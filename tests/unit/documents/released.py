"""The sample company in memory after the release of its cycle, for the documents about results."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from huoban_perf.core.values import Value
from huoban_perf.sync.release import release
from huoban_perf.sync.score import ScoreOutcome
from tests.unit.sync.company import DECIDER, Office, copied, schema, seeded
from tests.unit.sync.memory import Memory


@cache
def _scored() -> tuple[Memory, ScoreOutcome]:
    office = Office(seeded(), Path(mkdtemp(prefix="huoban_perf-")))
    outcome = office.score()
    return office.memory, outcome


@cache
def _released() -> Memory:
    memory, _ = _scored()
    office = Office(copied(memory), Path(mkdtemp(prefix="huoban_perf-")))
    outcome = office.score()
    release(outcome, app=office.app, decider=DECIDER)
    return office.memory


def scored_office(folder: Path) -> Office:
    """A fresh copy of the company with results that are not released."""
    return Office(copied(_scored()[0]), folder)


def released_office(folder: Path) -> Office:
    """A fresh copy of the company whose results are released."""
    return Office(copied(_released()), folder)


def put(office: Office, table: str, **values: Value) -> None:
    """Create a row the way a person in the workspace would."""
    office.memory.put(schema().table(table), values)


def forms(office: Office, person: str, relation: str) -> list[dict[str, Value]]:
    """The live rows of a person's forms of one relation."""
    return [
        values
        for _, values in office.memory.items["review_task"].values()
        if str(values["natural_key"]).startswith(f"{person.removesuffix(']')}|{relation}|")
    ]
