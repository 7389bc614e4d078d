"""The desk of the deploy commands: wish, world and memory in one value, and the options they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass

import click

from huoban_perf.cli.deployed import Wish, owner_of, snapshots_of, store_of, wish_of
from huoban_perf.cli.session import Settings
from huoban_perf.cli.usage import WordError
from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.changes import Action
from huoban_perf.core.progress import Progress
from huoban_perf.core.schema import ObservedSchema
from huoban_perf.deploy import (
    ApplyReport,
    Consent,
    DeployTarget,
    Outcome,
    Plan,
    PlanOptions,
    SnapshotStore,
    StateFile,
    StateStore,
    StepResult,
    make_plan,
)
from huoban_perf.profile import Site

_EFFECTS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every deploy command works with.

    Attributes:
        site: The connected workspace.
        wish: The profile's template.
        store: The state file.
        target: Where plans are applied.
        state: The state as read.
        observed: The workspace as read.
    """

    site: Site
    wish: Wish
    store: StateStore
    target: DeployTarget
    state: StateFile
    observed: ObservedSchema

    @property
    def snapshots(self) -> SnapshotStore:
        """What was put aside before data was lost."""
        return snapshots_of(self.site, self.wish)

    @property
    def moved(self) -> dict[Address, Address]:
        """Renames of the template, old address → new."""
        entries = self.wish.template.app.model.moved
        return {Address.parse(entry.from_): Address.parse(entry.to) for entry in entries}

    def calls(self, report: ApplyReport | None = None) -> dict[str, int]:
        """Return what was sent so far, and the fewest requests it could have been.

        Args:
            report: What was carried out, or None when the workspace was only read.

        Returns:
            ``requests``, ``writes`` and ``requests_minimum``: finding the workspace, the list, one config a table and
            one list of definitions where they are shown; after effects one call for each, and the same reads again.
        """
        sent = self.site.connection.traffic.traffic()
        tables, shows = len(self.observed.tables), int(bool(self.observed.shows))
        least = int(self.site.control is None) + 1 + tables + shows
        if report is not None and report.is_verified:
            done = [one for one in report.results if one.outcome is Outcome.DONE and one.action in _EFFECTS]
            made = [one.action for one in done if one.address.kind is ObjectKind.TABLE]
            tables += made.count(Action.CREATE) - made.count(Action.DELETE)
            least += len(done) - self._came_along(done) + 1 + tables + shows
        return {"requests": sent.requests, "writes": sent.writes, "requests_minimum": least}

    def _came_along(self, done: Sequence[StepResult]) -> int:
        """Count the fields that were created in the same call as their table."""
        if not self.site.connection.capabilities.tables_come_with_fields:
            return 0
        made = {one.address for one in done if one.action is Action.CREATE}
        fields = [one for one in made if one.kind is ObjectKind.FIELD and one.table in made]
        return sum(1 for one in fields if self.wish.schema.field(one).target is None)

    def plan(self, consent: Consent, *, only: Set[Address] = frozenset()) -> Plan:
        """Return what differs.

        Args:
            consent: What the person agreed to; the template's own consents are added.
            only: Tables to which the plan is limited; empty: everything.

        Returns:
            The plan.
        """
        allowed = self.wish.template.app.model.lifecycle.allow_delete
        full = Consent(
            by_template=frozenset(Address.parse(address) for address in allowed),
            delete=consent.delete,
            change=consent.change,
            overwrite=consent.overwrite,
        )
        return make_plan(
            desired=self.wish.schema,
            observed=self.observed,
            state=self.state,
            capabilities=self.site.connection.capabilities,
            clock=self.target.clock,
            options=PlanOptions(locale=self.site.profile.locale, moved=self.moved, consent=full, only=only),
        )


@contextmanager
def open_desk(
    settings: Settings, reporter: Progress, *, create: bool = False, may_lack: bool = False
) -> Iterator[Desk]:
    """Connect, read template, state and workspace, for the length of a command.

    Args:
        settings: The command's settings.
        reporter: Told about long work.
        create: Whether to make the workspace where it is missing and the platform lets a program do that.
        may_lack: Whether the workspace may be missing; it then reads as an empty one.

    Yields:
        The desk.
    """
    profile = settings.profile()
    wish = wish_of(profile)
    with settings.site(profile, create=create, may_lack=may_lack) as site:
        owner = owner_of(site, wish)
        store = store_of(site, wish)
        target = DeployTarget(
            connection=site.connection,
            owner=owner,
            clock=settings.clock,
            progress=reporter,
            snapshots=snapshots_of(site, wish),
        )
        yield Desk(
            site=site,
            wish=wish,
            store=store,
            target=target,
            state=store.load(owner),
            observed=target.observe() if site.workspace else ObservedSchema(workspace=site.workspace, tables=()),
        )


def addresses(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[Address, ...]:
    """Read addresses from an option given several times.

    Args:
        _ctx: Click's context.
        _param: Click's parameter.
        words: The option's values.

    Returns:
        The addresses; a usage error says how they are written.
    """
    return tuple(address_of(word) for word in words)


def one_address(_ctx: click.Context, _param: click.Parameter, word: str) -> Address:
    """Read one address from an argument.

    Args:
        _ctx: Click's context.
        _param: Click's parameter.
        word: The argument.

    Returns:
        The address; a usage error says how it is written.
    """
    return address_of(word)


def tables(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[Address, ...]:
    """Read tables, by key or address, from an option given several times.

    Args:
        _ctx: Click's context.
        _param: Click's parameter.
        words: The option's values.

    Returns:
        The addresses; a usage error says how they are written.
    """
    return tuple(address_of(word if ":" in word else f"table:{word}") for word in words)


def bindings(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[Address, str]:
    """Read ``address=id`` pairs from an option given several times.

    Args:
        _ctx: Click's context.
        _param: Click's parameter.
        words: The option's values.

    Returns:
        Address → id; a usage error says how they are written.
    """
    pairs = [word.rpartition("=") for word in words]
    for word, (_, equals, remote) in zip(words, pairs, strict=True):
        if not equals or not remote:
            raise WordError("usage.binding", word=word)
    return {address_of(name): remote for name, _, remote in pairs}


def address_of(word: str) -> Address:
    """Read one address; a usage error says how it is written."""
    try:
        return Address.parse(word)
    except ValueError as error:
        raise WordError("usage.address", word=word) from error
