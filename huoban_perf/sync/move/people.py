"""People: whose account at the old place is whose at the new one. Nobody is guessed at.

An account is found by the company's own list, else by an equal name, else under the name that the new place would give
the person (made of name and staff number as the employee table states them).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huoban_perf.core.addresses import MemberId, WorkspaceId
from huoban_perf.core.errors import ExtractError, Problem
from huoban_perf.core.ports import Member, MemberSink
from huoban_perf.core.schema import FieldKind
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import read_table

_COLUMNS = ("from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The people of one workspace.

    Attributes:
        app: Reads them.
        workspace: Which workspace.
        sink: Brings people in, or None where only a person can.
    """

    app: DeployedApp
    workspace: WorkspaceId
    sink: MemberSink | None = None

    def members(self) -> tuple[Member, ...]:
        """Read everybody; nobody is in a workspace that is still to be made."""
        if not self.workspace:
            return ()
        return tuple(self.app.connection.member_source.members(workspace=self.workspace))


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is who.

    Attributes:
        of: Member id at the old place → at the new place; ``new:…`` for somebody still to be invited.
        strangers: Member id at the old place → name, for those without an account at the new place.
        invited: Accounts invited, or to be.
    """

    of: Mapping[str, str]
    strangers: Mapping[str, str] = field(default_factory=dict)
    invited: tuple[str, ...] = ()


def read_people(path: Path) -> dict[str, str]:
    """Read the company's own list.

    Args:
        path: CSV with the columns ``from`` (name or id at the old place) and ``to`` (name, e-mail or id at the new).

    Returns:
        From → to.

    Raises:
        ExtractError: Lists every line that is not of that form.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise ExtractError("move.people_unreadable", facts={"file": str(path)}) from error
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        old, new = (str(row.get(column) or "").strip() for column in _COLUMNS)
        if not old or not new:
            problems.append(Problem(code="move.people_line", file=str(path), line=line))
        elif old in found:
            problems.append(Problem(code="move.people_twice", facts={"name": old}, file=str(path), line=line))
        found[old] = new
    if problems or not rows:
        raise ExtractError("move.people_invalid", facts={"file": str(path)}, problems=problems)
    return found


def meet(
    old: Directory,
    new: Directory,
    *,
    needed: Iterable[str],
    listed: Mapping[str, str],
    invite: bool,
    apply: bool,
) -> People:
    """Find everybody's account at the new place.

    Args:
        old: The old place.
        new: The new place.
        needed: Member ids at the old place that items hold.
        listed: The company's own list.
        invite: Whether people without an account are to be brought in.
        apply: Invite; otherwise only say who would be.

    Returns:
        Who is who; somebody of the list who is not there is invited as well, since the company named the account.
    """
    wanted = sorted(set(needed))
    names = {str(member.member_id): member.name for member in old.members()}
    standing = _by_name(new.members())
    persons = _persons(old.app) if wanted else {}
    accounts: dict[str, str] = {}
    strangers: dict[str, str] = {}
    for one in wanted:
        name = names.get(one, one)
        choices = _choices(one, name, persons, new.sink, listed)
        found = next((choice for choice in choices if choice in standing), None)
        if found is not None:
            accounts[one] = found
        elif new.sink is not None and (invite or choices[0] in listed.values()):
            accounts[one] = choices[0] if choices[0] in listed.values() else choices[-1]
        else:
            strangers[one] = name
    absent = tuple(sorted({account for account in accounts.values() if account not in standing}))
    if absent and apply and new.sink is not None:
        new.sink.invite(workspace=new.workspace, accounts=absent)
        standing = _by_name(new.members())
    of = {one: standing.get(account, f"new:{account}") for one, account in accounts.items()}
    return People(of=of, strangers=strangers, invited=absent)


def _choices(
    one: str, name: str, persons: Mapping[str, tuple[str, str]], sink: MemberSink | None, listed: Mapping[str, str]
) -> list[str]:
    """Return the accounts somebody may have at the new place, the surest first."""
    told = listed.get(one) or listed.get(name)
    person, number = persons.get(one, (name, one))
    made = [] if sink is None else [sink.account(name=person, number=number)]
    return [told] if told else [name, *made]


def _by_name(members: Sequence[Member]) -> dict[str, str]:
    """Return what finds a member: their id, and their name where nobody else has it."""
    counted: dict[str, list[MemberId]] = {}
    for member in members:
        counted.setdefault(member.name, []).append(member.member_id)
    found = {name: str(ids[0]) for name, ids in counted.items() if len(ids) == 1}
    return {**found, **{str(member.member_id): str(member.member_id) for member in members}}


def _persons(app: DeployedApp) -> dict[str, tuple[str, str]]:
    """Return member id → name and staff number, as the table with a field ``account`` states them."""
    for table in app.schema.tables:
        account = next((one for one in table.fields if one.address.key == "account"), None)
        if account is None or account.kind is not FieldKind.MEMBER or table.key_field is None:
            continue
        rows = read_table(app, table=table, columns=("account", table.title))
        return {
            str(ids[0]): (str(rows.value(row, table.title)), str(rows.value(row, table.key_field)))
            for row in rows
            if isinstance(ids := rows.value(row, "account"), tuple) and len(ids) == 1
        }
    return {}
