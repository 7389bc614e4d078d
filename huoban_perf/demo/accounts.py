"""Accounts of made-up people: invited where the platform lets a program do that, else nobody has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.core.addresses import MemberId
from huoban_perf.demo.company import Person
from huoban_perf.profile import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Accounts of people.

    Attributes:
        of: 工号 → member id; made up for people still to be invited, empty where nobody can be.
        invited: How many were invited, or are to be.
    """

    of: Mapping[str, str]
    invited: int


def accounts_of(site: Site, people: Sequence[Person], *, apply: bool = True) -> Accounts:
    """Return everybody's account, inviting who is missing.

    Args:
        site: The workspace.
        people: Who needs one.
        apply: Invite; otherwise only count.

    Returns:
        The accounts; none where only a person can invite: made-up people must not stand for real members.
    """
    sink = site.member_sink
    if sink is None:
        return Accounts(of={}, invited=0)
    names = {person.number: sink.account(name=person.name, number=person.number) for person in people}
    known = _members(site)
    absent = [account for account in names.values() if account not in known]
    if absent and apply:
        sink.invite(workspace=site.workspace, accounts=absent)
        known = _members(site)
        if site.control is not None:
            invited = {names[person.number] for person in people} & set(absent)
            for number, group in _groups(people).items():
                if names[number] in invited:
                    site.control.join_group(MemberId(known[names[number]]), group)
    of = {number: known.get(account, f"new:{account}") for number, account in names.items()}
    return Accounts(of=of, invited=len(absent))


def _groups(people: Sequence[Person]) -> dict[str, str]:
    """Return 工号 → permission group of the few who are not simply in 全员: heads decide, the office runs appraisals.

    As an administrator puts people into groups by hand on the platform. Source: workflows.md §3.
    """
    found = {person.number: "executive" for person in people if person.position in {"GM", "DIR"}}
    office = [person.number for person in people if person.position == "ADM"]
    return found | dict(zip(office, ("hr", "payroll", "admin"), strict=False))


def _members(site: Site) -> dict[str, str]:
    members = site.connection.member_source.members(workspace=site.workspace)
    return {member.name: str(member.member_id) for member in members}
