"""What lies beside two workspaces between which an app moves, and what becomes of it.

Stored runs and what the service remembers come along; the audit log stays, and the new one names its end; for the rest
a line says why it cannot come and what to do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from huoban_perf.automation.events import field_digests
from huoban_perf.automation.noticing import Noticing
from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.texts import text
from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.items import Item, ItemQuery
from huoban_perf.core.schema import TEXT_KINDS, DesiredSchema
from huoban_perf.deploy import Performer, Plan
from huoban_perf.profile import Profile, Site
from huoban_perf.service.handover import Desk, HandedOver, Remembered, Sight, hand_over
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.move import Ends, Reading
from huoban_perf.sync.runs import RunStore

_EXAMPLES = 3
_URL = re.compile(r"https?://[^\s\"'<>]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What lies beside the old workspace.

    Attributes:
        service: What its service remembers.
        running: Profiles, old or new, whose service runs right now.
        notes: What comes along, what does not, why, and what to do.
    """

    service: Remembered
    running: tuple[str, ...]
    notes: tuple[Problem, ...]


def look_beside(
    old: Site, new: Site, *, wish: Wish, plan: Plan, reading: Reading, invited: Iterable[str]
) -> Belongings:
    """Say what lies beside the old workspace; nothing is written.

    Args:
        old: The old place.
        new: The new place.
        wish: What the new place's profile declares.
        plan: What the new place lacks.
        reading: The items.
        invited: Accounts that will be invited.

    Returns:
        What was found.
    """
    found = {site.profile.name: _remembered(site.profile, plan.made_at) for site in (old, new)}
    service = found[old.profile.name]
    return Belongings(
        service=service,
        running=tuple(name for name, one in found.items() if one.is_running),
        notes=(
            *_of_service(service),
            *_of_picks(wish.schema, reading),
            *_of_home(old.profile, new.profile),
            *_of_addresses(wish, old.profile, reading),
            *_of_roles(wish, new, invited),
            *_of_definitions(plan, wish, new),
        ),
    )


def _remembered(profile: Profile, now: datetime) -> Remembered:
    file = profile.home / "service.sqlite"
    if not file.exists():
        return Remembered()
    store = SqliteStore(file)
    try:
        return Desk(store=store, profile=profile.name).remembered(now=now)
    finally:
        store.close()


def _of_service(service: Remembered) -> Iterator[Problem]:
    if not service.tables:
        yield Problem(code="move.service_none")
        return
    facts: dict[str, FactValue] = {"tables": len(service.tables), "pending": service.pending}
    yield Problem(code="move.service", facts=facts | {"waiting": service.waiting})
    if service.pending or service.waiting:
        yield Problem(code="move.service_busy", facts={"pending": service.pending, "waiting": service.waiting})
    if service.parked:
        yield Problem(code="move.service_parked", facts={"count": service.parked})


def _of_picks(schema: DesiredSchema, reading: Reading) -> Iterator[Problem]:
    """Actions that people picked and nobody carried out yet: at the new place nobody can tell who picked them."""
    for machine in schema.machines:
        rows = reading.old[machine.table.key]
        fields = [field for field in _action_fields(schema, machine.table.key) if field in rows.columns]
        picked = [row for row in rows if any(rows.value(row, field) for field in fields)]
        if picked:
            yield Problem(code="move.picks", facts={"table": rows.table.labels.zh, "count": len(picked)})


def _action_fields(schema: DesiredSchema, table: str) -> frozenset[str]:
    machine = schema.machine(table)
    return frozenset(actor.action_field for actor in machine.actors if actor.action_field) if machine else frozenset()


def _of_home(old: Profile, new: Profile) -> Iterator[Problem]:
    runs = RunStore(folder=old.runs_dir).names()
    if runs and old.runs_dir.resolve() != new.runs_dir.resolve():
        yield Problem(code="move.runs", facts={"count": len(runs), "folder": str(new.runs_dir)})
    log = old.home / "audit.jsonl"
    if log.exists() and old.home.resolve() != new.home.resolve():
        yield Problem(code="move.audit", facts={"file": str(log)})
    if any(old.snapshots_dir.glob("*")):
        yield Problem(code="move.snapshots", facts={"folder": str(old.snapshots_dir)})


def _of_addresses(wish: Wish, old: Profile, reading: Reading) -> Iterator[Problem]:
    """Texts that lead to the old place: they are carried as they stand."""
    host = urlsplit(old.base_url or "").hostname
    hosts = {host} if host else {"127.0.0.1", "localhost"} if old.platform != "huoban" else set()

    def leads_back(value: object) -> bool:
        found = (urlsplit(url).hostname or "" for url in _URL.findall(value)) if isinstance(value, str) else ()
        return any(one in hosts or (old.platform == "huoban" and one.endswith("huoban.com")) for one in found)

    for rows in reading.old.values():
        for spec in rows.table.fields:
            if spec.kind not in TEXT_KINDS or spec.address.key not in rows.columns:
                continue
            named = [str(rows.item_id(row)) for row in rows if leads_back(rows.value(row, spec.address.key))]
            if named:
                facts: dict[str, FactValue] = {"table": rows.table.labels.zh, "field": spec.labels.zh}
                facts |= {"count": len(named), "examples": tuple(named[:_EXAMPLES])}
                yield Problem(code="move.addresses", facts=facts)
    link = wish.template.parameters.model.process.customer_link
    if link:
        yield Problem(code="move.customer_link", facts={"link": link})


def _of_roles(wish: Wish, new: Site, invited: Iterable[str]) -> Iterator[Problem]:
    named = {name for names in wish.template.parameters.model.role_members.values() for name in names}
    if not named:
        return
    people = list(new.connection.member_source.members(workspace=new.workspace)) if new.workspace else []
    known = {*invited, *(member.name for member in people), *(str(member.member_id) for member in people)}
    missing = tuple(sorted(named - known))
    if missing:
        yield Problem(code="move.role_members", facts={"names": missing, "profile": new.profile.name})


def _of_definitions(plan: Plan, wish: Wish, new: Site) -> Iterator[Problem]:
    """Views, permissions, pages and automations: what a person builds at the new place, and what has no equal there."""
    can, locale, schema = new.connection.capabilities, new.profile.locale, wish.schema
    manual = Counter(step.address.kind for step in plan.steps if step.performer is Performer.MANUAL)
    declared: dict[ObjectKind, int] = {
        ObjectKind.VIEW: len(schema.views),
        ObjectKind.FORM: len(schema.forms),
        ObjectKind.PERMISSION: len(schema.permissions),
        ObjectKind.PAGE: len(schema.pages),
        ObjectKind.AUTOMATION: len(schema.automations),
    }
    for kind, count in declared.items():
        is_known = kind in can.observes | can.attests
        counted = manual[kind] if is_known else count
        if counted:
            facts: dict[str, FactValue] = {"kind": text(f"cli.kind_{kind}", locale=locale), "count": counted}
            code = "move.manual" if is_known else f"move.no_{kind}"
            yield Problem(code=code, facts=facts | {"profile": new.profile.name})
    for note in plan.notes:
        if note.code == "plan.without_equal":
            names = note.facts["names"]
            shown = (*names[:4], "…") if isinstance(names, tuple) and len(names) > 4 else names
            yield Problem(code="move.without_equal", facts={"count": note.facts["count"], "names": shown})


# --- carrying it ----------------------------------------------------------------------------------------------------


@contextmanager
def service_desks(old: Profile, new: Profile) -> Iterator[tuple[Desk | None, Desk | None]]:
    """Open what the services remember; None where no service ever ran, for both when it ran at neither place."""
    files = {profile.name: profile.home / "service.sqlite" for profile in (old, new)}
    with ExitStack() as stack:
        if not files[old.name].exists() and not files[new.name].exists():
            yield None, None
            return
        opened: dict[str, SqliteStore] = {}
        for name, file in files.items():
            place = str(file.resolve())
            if (name == new.name or file.exists()) and place not in opened:
                opened[place] = SqliteStore(file)
                stack.callback(opened[place].close)
        kept = opened.get(str(files[old.name].resolve()))
        former = None if kept is None else Desk(store=kept, profile=old.name)
        yield former, Desk(store=opened[str(files[new.name].resolve())], profile=new.name)


def hand_over_service(
    ends: Ends, old: Desk | None, new: Desk, *, pairs: Mapping[str, Mapping[str, str]], people: Mapping[str, str]
) -> HandedOver:
    """Hand what the old place's service remembers to the new place's; may be repeated.

    Args:
        ends: The two places, after the items were carried.
        old: Memory of the old place.
        new: Memory of the new place.
        pairs: Table → item id at the old place → at the new.
        people: Member id likewise.

    Returns:
        What came along.
    """
    ledger = SqliteLedger(new.store, profile=new.profile)
    looked_at = {*(old.seen() if old else {}), *new.seen()}
    watched = [table for table in Noticing(app=ends.new, ledger=ledger).watched() if table in looked_at]
    sights = {table: list(_sights(ends, table, pairs.get(table, {}))) for table in watched}
    return hand_over(old, new, sights=sights, people=people)


def _sights(ends: Ends, table: str, pairs: Mapping[str, str]) -> Iterator[Sight]:
    before = {str(item.item_id): item for item in _items(ends.old, table)}
    twins = {new_id: old_id for old_id, new_id in pairs.items() if old_id in before}
    actions = _action_fields(ends.new.schema, table)
    for item in _items(ends.new, table):
        old_id = twins.get(str(item.item_id), "")
        yield Sight(
            old_id=old_id,
            new_id=str(item.item_id),
            old=field_digests(before[old_id].values) if old_id else {},
            new=field_digests(item.values),
            picks=frozenset(key for key in actions if item.values.get(key)),
        )


def _items(app: DeployedApp, table: str) -> Iterator[Item]:
    query = ItemQuery(table=app.schema.table(table))
    for page in app.connection.item_source.scan(query=query, bindings=app.bindings):
        yield from page.items


def note_in_audit(old: Profile, new: Profile, *, action: str, at: datetime, rows: int) -> None:
    """Write a line into the new place's audit log that names the end of the old place's."""
    head = AuditLog(old.home / "audit.jsonl").check()
    said: dict[str, str | int] = {"from": old.name, "to": new.name, "rows": rows}
    if old.home.resolve() != new.home.resolve():
        said |= {"former_lines": head.lines, "former_hash": head.hash}
    AuditLog(new.home / "audit.jsonl").append(action, at=at, facts=said)
