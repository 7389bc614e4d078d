"""The command ``seed``: put a sample company of any size into a deployed workspace, and take it out again.

Nothing is remembered beside the workspace: what belongs to the seed is known by its natural keys. So both ways may be
killed at any point and run again, and a second run writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.errors import CycleError, FactValue, Problem, UnsafePlanError
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.schema import CHOICE_KINDS, FieldSpec, TableSpec
from huoban_perf.demo.access_rows import with_access
from huoban_perf.demo.accounts import Accounts, accounts_of
from huoban_perf.demo.outline import LEAST_PEOPLE, MARK, is_seeded
from huoban_perf.demo.sample import Sample, draft_batches, sample_batches, sample_of, standing_batches
from huoban_perf.demo.seed import Seeded, seed
from huoban_perf.demo.stage_acts import CYCLE_DATES, Troupe
from huoban_perf.demo.stages import Machinery, reach, refuse_real_people
from huoban_perf.profile import Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.sync.removal import remove_rows
from huoban_perf.sync.snapshot import read_table

_NAMED_BY = {"external_review": "invite_code"}
"""Tables without a key field → the field that tells whose a row is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReport:
    """What seeding came to, or would come to.

    Attributes:
        seeded: Counts, one report a batch.
        accounts: People's accounts.
    """

    seeded: Seeded
    accounts: Accounts


def seed_company(site: Site, app: DeployedApp, sample: Sample, *, apply: bool) -> SeedReport:
    """Write a sample company; running it again writes nothing.

    Args:
        site: Where; people are invited where the platform lets a program do that.
        app: The deployed app.
        sample: The company.
        apply: Write; otherwise only count.

    Returns:
        Counts; every row written was read back.

    Raises:
        CycleError: The app lacks a table that the company needs.
        UnsafePlanError: A sample company of another size stands.
        SyncError: The platform refused rows; running it again goes on from there.
    """
    _check_room(app, sample)
    _check_words(app, sample)
    accounts = accounts_of(site, sample.company.people, apply=apply)
    batches = with_access(sample_batches(sample, accounts.of), sample.life(accounts.of), app.schema)
    return SeedReport(seeded=seed(batches, app=app, apply=apply), accounts=accounts)


def seed_stage(site: Site, app: DeployedApp, sample: Sample, *, stage: str, machinery: Machinery) -> SeedReport:
    """Write what stands before the quarter, then live it until a stage; running it again writes nothing.

    Args:
        site: Where; people are invited.
        app: The deployed app.
        sample: The company.
        stage: A key of ``STAGES``.
        machinery: Runs the jobs, with the story's clock.

    Returns:
        Counts of what was written before the quarter began.

    Raises:
        CycleError: People cannot be invited here, the app lacks a table, or a job refuses.
        UnsafePlanError: Other people work in the workspace, another company stands, or the cycle is past the stage.
        SyncError: The platform refused rows; running it again goes on from there.
    """
    report = _seed_draft(site, app, sample, apply=True)
    reach(stage, Troupe(sample=sample, account_of=report.accounts.of).acts(), machinery)
    return report


def preview_stage(site: Site, app: DeployedApp, sample: Sample) -> SeedReport:
    """Count what a stage begins with, after the same checks; what the jobs will write is not counted."""
    return _seed_draft(site, app, sample, apply=False)


def _seed_draft(site: Site, app: DeployedApp, sample: Sample, *, apply: bool) -> SeedReport:
    _check_room(app, sample)
    _check_words(app, sample)
    refuse_real_people(Book(app))
    if site.member_sink is None:
        raise CycleError("demo.no_accounts", facts={"platform": site.profile.platform})
    accounts = accounts_of(site, sample.company.people, apply=apply)
    batches = [*standing_batches(sample, accounts.of), *draft_batches(sample, accounts.of, CYCLE_DATES)]
    batches = with_access(batches, sample.life(accounts.of), app.schema)
    return SeedReport(seeded=seed(batches, app=app, apply=apply), accounts=accounts)


def _check_room(app: DeployedApp, sample: Sample) -> None:
    """Refuse an app that is not the full one, and a workspace that holds a sample company of another size.

    Args:
        app: The deployed app.
        sample: The company to be written.

    Raises:
        CycleError: The app lacks a table.
        UnsafePlanError: Another company stands.
    """
    tables = {table.key for table in app.schema.tables}
    least = sample_of(sample.template, people=LEAST_PEOPLE)  # a company of any size has rows in the same tables
    lacking = tuple(sorted({part.table for part in sample_batches(least, {})} - tables))
    if lacking:
        raise CycleError("demo.lacking_tables", facts={"app": str(app.schema.app), "tables": lacking})
    company = sample.company.outline.departments[0]
    standing = read_table(app, table=app.schema.table("department"))
    row = standing.row_of_key(company.code)
    name = "" if row is None else str(standing.value(row, "name"))
    if name not in {"", company.name}:
        facts: dict[str, FactValue] = {"standing": name, "asked": company.name}
        raise UnsafePlanError("demo.other_company", facts=facts)


def _check_words(app: DeployedApp, sample: Sample) -> None:
    """Refuse an app whose parameters lack a choice that the company's rows make, for example a position family.

    Args:
        app: The deployed app.
        sample: The company to be written.

    Raises:
        CycleError: With one problem a missing option.
    """
    least = sample_of(sample.template, people=LEAST_PEOPLE)
    missing: dict[str, Problem] = {}
    for part in sample_batches(least, {}):
        options = {field.address.key: {one.address.key for one in field.options} for field in _choices(app, part.table)}
        for row in part.rows:
            for field in row.values.keys() & options.keys():
                value = row.values[field]
                for chosen in value if isinstance(value, tuple) else (value,):
                    if isinstance(chosen, str) and chosen not in options[field]:
                        address = f"{part.table}.{field}"
                        facts: dict[str, FactValue] = {"field": address, "option": chosen}
                        missing[f"{address}.{chosen}"] = Problem(
                            code="demo.lacking_option", facts=facts, address=address
                        )
    if missing:
        raise CycleError("demo.lacking_options", facts={"count": len(missing)}, problems=tuple(missing.values()))


def _choices(app: DeployedApp, table: str) -> list[FieldSpec]:
    return [field for field in app.schema.table(table).fields if field.kind in CHOICE_KINDS]


def seeded_rows(app: DeployedApp) -> dict[str, dict[ItemId, str]]:
    """Find every row that belongs to the seed: written by it, by a job about it, or by a person and keyed since.

    Args:
        app: The deployed app.

    Returns:
        Table key → item id → natural key; tables in the order in which rows may go, children first.
    """
    found: dict[str, dict[ItemId, str]] = {}
    for table in reversed(app.schema.tables):
        field = table.key_field or _NAMED_BY.get(table.key)
        if field is not None:
            found[table.key] = _seeded_in(app, table, field)
    return {table: rows for table, rows in found.items() if rows}


def _seeded_in(app: DeployedApp, table: TableSpec, field: str) -> dict[ItemId, str]:
    marked = Condition(field, Operator.ANY_OF, (MARK,))  # of texts, any that holds it: what is ours is decided below
    rows = read_table(app, table=table, columns=(field,), filter_=marked)
    return {rows.item_id(row): str(rows.value(row, field)) for row in rows if is_seeded(str(rows.value(row, field)))}


def remove_company(app: DeployedApp, *, apply: bool) -> Mapping[str, int]:
    """Delete every row of the seed, and nothing else.

    Args:
        app: The deployed app.
        apply: Delete; otherwise only count.

    Returns:
        Table key → rows deleted, or to be deleted.

    Raises:
        SyncError: The platform refused rows.
        UnconfirmedWriteError: Rows still stood when time was up; running it again goes on from there.
    """
    doomed = seeded_rows(app)
    if apply:
        for key, rows in doomed.items():
            remove_rows(rows, table=app.schema.table(key), app=app)
    return {key: len(rows) for key, rows in doomed.items()}
