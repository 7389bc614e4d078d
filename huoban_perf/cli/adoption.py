"""What ``adopt`` does with its options: exact matches, like names that a person confirms, and single bindings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import click

from huoban_perf.cli.deploy_report import proposal_lines
from huoban_perf.cli.desk import Desk, address_of
from huoban_perf.cli.render import folded, show_json, show_text
from huoban_perf.cli.session import Settings
from huoban_perf.cli.texts import text
from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import FactValue
from huoban_perf.deploy import Proposal, StateFile, adopt, exact, proposals, similar, survey, unseen
from huoban_perf.deploy.guard import covers

Confirm = Callable[[Proposal], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of ``adopt``; their meaning stands beside them in ``state_commands``."""

    adopt_all: bool
    similar: bool
    yes: bool
    only: tuple[Address, ...]
    pairs: Mapping[Address, str]
    attested: tuple[str, ...]
    by: str | None
    output: str

    @property
    def takes(self) -> bool:
        """Whether anything is to be bound."""
        return bool(self.adopt_all or self.similar or self.pairs)


@dataclass(slots=True)
class Adopted:
    """What was bound, and what is left for a person to decide."""

    state: StateFile
    bound: dict[Address, str] = field(default_factory=dict)
    renamed: dict[Address, str] = field(default_factory=dict)
    undecided: int = 0


def found_at(desk: Desk, state: StateFile) -> list[Proposal]:
    """Return what could be adopted, given what is bound so far."""
    seen = survey(desired=desk.wish.schema, observed=desk.observed, state=state, locale=desk.site.profile.locale)
    return proposals(seen)


def confirmer(settings: Settings, asked: Asked) -> Confirm:
    """Return who decides about like names: the flag, a person at a terminal, or nobody."""
    if asked.yes:
        return lambda _: True
    if not settings.asks:
        return lambda _: False

    def ask(proposal: Proposal) -> bool:
        facts: dict[str, FactValue] = {"found": proposal.found_name, "name": " / ".join(proposal.named)}
        return click.confirm(text("cli.adopt_ask", locale=settings.locale, facts=facts), err=True)

    return ask


def adopt_all_asked(desk: Desk, asked: Asked, *, confirm: Confirm) -> Adopted:
    """Bind what was asked for; what hides behind a table comes with the next round.

    Args:
        desk: Wish, world and state.
        asked: The options.
        confirm: Decides about like names.

    Returns:
        The new state, not yet saved.

    Raises:
        PlanError: A single binding does not fit; nothing is adopted.
    """
    adopted = Adopted(desk.state)
    refused: set[tuple[Address, str]] = set()
    chosen: dict[Address, str] = dict(asked.pairs)
    while True:
        found = [one for one in found_at(desk, adopted.state) if not asked.only or covers(set(asked.only), one.address)]
        if asked.adopt_all:
            chosen = exact(found) | chosen
        for proposal in similar(found) if asked.similar else ():
            place = (proposal.address, proposal.remote_id)
            if place in refused or proposal.address in chosen:
                continue
            if confirm(proposal):
                chosen[proposal.address] = proposal.remote_id
                adopted.renamed[proposal.address] = proposal.found_name
            else:
                refused.add(place)
        if not chosen:
            adopted.undecided = sum(one.how == "likeness" for one in found)
            return adopted
        adopted.state = adopt(
            desired=desk.wish.schema,
            observed=desk.observed,
            state=adopted.state,
            chosen=chosen,
            clock=desk.target.clock,
        )
        adopted.bound |= chosen
        chosen = {}


def attested_addresses(desk: Desk, state: StateFile, words: tuple[str, ...]) -> tuple[Address, ...]:
    """Return what a person attests: addresses, kinds (``view``), or ``all`` that no read shows.

    Args:
        desk: Wish and world.
        state: What is bound so far.
        words: As typed; a usage error says how they are written.

    Returns:
        The addresses, each once.
    """
    kinds = {kind.value: kind for kind in desk.site.connection.capabilities.attests}
    seen = survey(desired=desk.wish.schema, observed=desk.observed, state=state, locale=desk.site.profile.locale)
    found: list[Address] = []
    for word in words:
        if word == "all":
            found += unseen(seen, kinds.values())
        elif word in kinds:
            found += unseen(seen, [kinds[word]])
        else:
            found.append(address_of(word))
    return tuple(dict.fromkeys(found))


def show_proposals(found: list[Proposal], settings: Settings, *, as_json: bool) -> None:
    """Print what could be adopted."""
    if as_json:
        show_json({"format_version": 1, "proposals": [one.model_dump(mode="json") for one in found]})
    else:
        show_text(folded("\n".join(proposal_lines(found, locale=settings.locale))))


def show_adopted(adopted: Adopted, settings: Settings, *, attested: int, as_json: bool) -> None:
    """Print what was adopted, what bears another name, and what is still undecided."""
    if as_json:
        bound = {str(address): remote_id for address, remote_id in adopted.bound.items()}
        show_json({"format_version": 1, "adopted": bound, "attested": attested, "undecided": adopted.undecided})
        return
    lines = [text("cli.adopted", locale=settings.locale, facts={"count": len(adopted.bound) + attested})]
    if adopted.renamed:
        lines += [text("cli.adopt_own_names", locale=settings.locale), "names:"]
        lines += [f"  {one}: {json.dumps(name, ensure_ascii=False)}" for one, name in adopted.renamed.items()]
    if adopted.undecided:
        lines.append(text("cli.adopt_undecided", locale=settings.locale, facts={"count": adopted.undecided}))
    show_text(folded("\n".join(lines)))
