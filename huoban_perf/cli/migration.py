"""What ``migrate`` works with: the old place, the desk of the new one, and the steps from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huoban_perf.cli.deployed import Wish, deployed_app, store_of, wish_of
from huoban_perf.cli.desk import Desk, open_desk
from huoban_perf.cli.migration_home import (
    Belongings,
    hand_over_service,
    look_beside,
    note_in_audit,
    service_desks,
)
from huoban_perf.cli.session import Settings
from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.clock import Clock
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem, UnfinishedApplyError, UnsafePlanError
from huoban_perf.core.progress import Progress
from huoban_perf.core.schema import COMPUTED_KINDS, DesiredSchema, ObservedSchema
from huoban_perf.deploy import Consent, Plan, Step, apply_plan, bindings_of
from huoban_perf.profile import Site
from huoban_perf.service.handover import HandedOver
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.move import (
    Carried,
    Directory,
    Ends,
    MoveMemory,
    People,
    Reading,
    Survey,
    carry,
    demand_ours,
    meet,
    memory_path,
    read_ends,
    survey,
)
from huoban_perf.sync.runs import RunStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The old place.

    Attributes:
        site: The connected workspace.
        wish: Its profile's template.
        app: The deployed app.
        observed: The workspace as read.
    """

    site: Site
    wish: Wish
    app: DeployedApp
    observed: ObservedSchema

    @property
    def by_hand(self) -> tuple[str, ...]:
        """Names of tables, and of fields of our tables, that no template made: they stay behind."""
        bound = {str(remote) for remote in self.app.bindings.values()}
        tables = [table.name for table in self.observed.tables if table.table_id not in bound]
        fields = [
            f"{table.name} / {field.name}"
            for table in self.observed.tables
            if table.table_id in bound
            for field in table.fields
            if field.field_id not in bound and not field.mirrored
        ]
        return (*tables, *fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of ``migrate``; their meaning stands beside them in ``migrate_commands``."""

    listed: Mapping[str, str]
    invite: bool
    accept_losses: bool
    overwrite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a move would do.

    Attributes:
        plan: What must be built at the new place first.
        reading: The items of both places.
        survey: What would become of each item.
        people: Who is who.
        beside: What lies beside the two workspaces.
    """

    plan: Plan
    reading: Reading
    survey: Survey
    people: People
    beside: Belongings

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.plan.is_empty and all(not count.create and not count.update for count in self.survey.counts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move came to.

    Attributes:
        carried: The items.
        pending: Steps that the new place leaves to a person: views, permissions, what it cannot compute.
        runs: Stored runs brought along.
        handed: What the service's memory came to; None when both places differ, or no service ever ran.
    """

    carried: Carried
    pending: int
    runs: int
    handed: HandedOver | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A move between two profiles."""

    old: Source
    desk: Desk
    asked: Asked
    clock: Clock
    progress: Progress

    @classmethod
    def of(cls, old: Source, desk: Desk, *, asked: Asked, clock: Clock, progress: Progress) -> Mover:
        """Put the two places together.

        Args:
            old: The old place.
            desk: The new place.
            asked: Options.
            clock: For time and waiting.
            progress: Told about long work.

        Returns:
            The mover.

        Raises:
            UnsafePlanError: Both are the same workspace, or their templates declare different apps.
        """
        new = desk.site
        if _place(old.site) == _place(new):
            raise UnsafePlanError("move.same_place", facts={"profile": new.profile.name})
        _demand_same(old.wish.schema, desk.wish.schema)
        return cls(old=old, desk=desk, asked=asked, clock=clock, progress=progress)

    def preview(self) -> Preview:
        """Read both places and say what a move would do; nothing is written."""
        ends = Ends(old=self.old.app, new=self._standing())
        reading = read_ends(ends)
        people = self._people(ends, reading, apply=False)
        seen = survey(ends, reading, people=people.of, memory=self._memory(), overwrite=self.asked.overwrite)
        plan = self.desk.plan(Consent())
        beside = look_beside(
            self.old.site, self.desk.site, wish=self.desk.wish, plan=plan, reading=reading, invited=people.invited
        )
        return Preview(plan=plan, reading=reading, survey=seen, people=people, beside=beside)

    def demand_consent(self, preview: Preview) -> None:
        """Refuse to begin where something would be lost or overwritten unasked.

        Args:
            preview: What a move would do.

        Raises:
            UnsafePlanError: Something cannot be carried or was changed at the new place, and nobody agreed to that; or
                the service of one of the places still runs.
        """
        if preview.beside.running:
            raise UnsafePlanError("move.service_runs", facts={"profiles": preview.beside.running})
        if preview.survey.losses and not self.asked.accept_losses:
            raise UnsafePlanError("move.losses", problems=loss_problems(preview.survey))
        demand_ours(preview.survey)

    def perform(self, preview: Preview) -> Moved:
        """Build what is missing, bring people in, carry the items, compare.

        Args:
            preview: What a move would do.

        Returns:
            What it came to.

        Raises:
            UnfinishedApplyError: Somebody has to build something at the new place first.
        """
        pending = self._build(preview.plan)
        wish, site = self.desk.wish, self.desk.site
        new = deployed_app(site, wish, clock=self.clock, progress=self.progress)
        ends = Ends(old=self.old.app, new=new)
        reading = read_ends(ends, known=preview.reading)
        people = self._people(ends, reading, apply=True)
        memory = self._memory()
        planned = survey(ends, reading, people=people.of, memory=memory, overwrite=self.asked.overwrite)
        rows = sum(count.create + count.update for count in planned.counts())
        if rows:
            self._audit("migrate begins", rows=rows)
        with store_of(site, wish).locked(clock=self.clock):
            carried = carry(
                ends,
                planned,
                people=people.of,
                memory=memory,
                path=self._path(),
                overwrite=self.asked.overwrite,
            )
            handed = self._hand_over(ends, memory, people.of) if carried.comparison.is_same else None
        runs = RunStore(folder=site.profile.runs_dir).bring_from(self.old.site.profile.runs_dir)
        if rows:
            self._audit("migrate", rows=carried.created + carried.updated)
        return Moved(carried=carried, pending=pending, runs=runs, handed=handed)

    def _audit(self, action: str, *, rows: int) -> None:
        old, new = self.old.site.profile, self.desk.site.profile
        note_in_audit(old, new, action=action, at=self.clock.now(), rows=rows)

    def _hand_over(self, ends: Ends, memory: MoveMemory, people: Mapping[str, str]) -> HandedOver | None:
        with service_desks(self.old.site.profile, self.desk.site.profile) as (old, new):
            return None if new is None else hand_over_service(ends, old, new, pairs=memory.pairs, people=people)

    def _standing(self) -> DeployedApp:
        return DeployedApp(
            connection=self.desk.site.connection,
            schema=self.desk.wish.schema,
            bindings=bindings_of(self.desk.state),
            clock=self.clock,
            progress=self.progress,
        )

    def _people(self, ends: Ends, reading: Reading, *, apply: bool) -> People:
        old, new = self.old.site, self.desk.site
        return meet(
            Directory(app=ends.old, workspace=old.workspace, sink=old.member_sink),
            Directory(app=ends.new, workspace=new.workspace, sink=new.member_sink),
            needed=reading.people(),
            listed=self.asked.listed,
            invite=self.asked.invite,
            apply=apply,
        )

    def _memory(self) -> MoveMemory:
        return MoveMemory.read(self._path())

    def _path(self) -> Path:
        folder = self.desk.site.profile.state_dir
        return memory_path(folder, app=self.desk.wish.schema.app, ends=(_place(self.old.site), _place(self.desk.site)))

    def _build(self, plan: Plan) -> int:
        """Build what the new place lacks; return how many steps it leaves to a person.

        Args:
            plan: What it lacks.

        Returns:
            Steps that hold no items up.

        Raises:
            UnfinishedApplyError: Something that holds items has to be built by a person first, or could not be built.
        """
        if plan.is_empty:
            return 0
        report = apply_plan(
            plan=plan,
            desired=self.desk.wish.schema,
            target=self.desk.target,
            store=self.desk.store,
            observed=self.desk.observed,
        )
        left = [*report.pending, *report.waiting]
        holding = [step for step in left if _holds_items(step, self.desk.wish.schema)]
        if holding or report.problems or report.unsettled:
            facts = {"profile": self.desk.site.profile.name, "count": str(len(holding) or len(left))}
            raise UnfinishedApplyError("move.build_first", facts=facts)
        return len(left)


@contextmanager
def open_mover(
    settings: Settings, source: str, target: str, asked: Asked, reporter: Progress, *, create: bool = False
) -> Iterator[Mover]:
    """Connect to both places.

    Args:
        settings: The command's settings.
        source: Profile of the old place.
        target: Profile of the new place.
        asked: Options.
        reporter: Told about long work.
        create: Whether to make the new place's workspace where it is missing.

    Yields:
        The mover.
    """
    with (
        open_source(settings.of_profile(source), reporter) as old,
        open_desk(settings.of_profile(target), reporter, create=create, may_lack=not create) as desk,
    ):
        yield Mover.of(old, desk, asked=asked, clock=settings.clock, progress=reporter)


@contextmanager
def open_source(settings: Settings, reporter: Progress) -> Iterator[Source]:
    """Connect to the old place.

    Args:
        settings: The command's settings, for the old place's profile.
        reporter: Told about long work.

    Yields:
        The old place.
    """
    profile = settings.profile()
    wish = wish_of(profile)
    with settings.site(profile) as site:
        app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
        observed = site.connection.schema_source.observe(workspace=site.workspace)
        yield Source(site=site, wish=wish, app=app, observed=observed)


def loss_problems(seen: Survey) -> list[Problem]:
    """Return what cannot be carried, as problems of an error."""
    return [
        Problem(
            code=loss.code,
            facts={
                "table": loss.table.labels.zh,
                "field": "" if loss.field is None else loss.field.labels.zh,
                "count": loss.count,
                "examples": loss.examples,
            },
        )
        for loss in seen.losses
    ]


def _place(site: Site) -> str:
    """Return what tells workspaces apart; embedded ones number theirs alike, so there the file counts too."""
    place = f"{site.profile.platform}.{site.workspace}"
    if site.profile.platform != "sandbox":
        return place
    return f"{place}.{digest(str(site.profile.world_file.resolve()))[7:15]}"


def _holds_items(step: Step, schema: DesiredSchema) -> bool:
    match step.address.kind:
        case ObjectKind.TABLE | ObjectKind.OPTION:
            return True
        case ObjectKind.FIELD:
            return schema.field(step.address).kind not in COMPUTED_KINDS
        case _:
            return False


def _demand_same(old: DesiredSchema, new: DesiredSchema) -> None:
    """Refuse two templates that do not declare the same tables, fields and options."""
    differing = sorted(map(str, _shape(old) ^ _shape(new)))
    if old.app != new.app or differing:
        facts: dict[str, FactValue] = {"old": old.app, "new": new.app, "first": tuple(differing[:5])}
        raise UnsafePlanError("move.other_app", facts=facts)


def _shape(schema: DesiredSchema) -> set[str]:
    fields = {f"{one.address} {one.kind} {one.target or ''} {one.many}".strip() for one in schema.fields()}
    return {*fields, *(str(one.address) for one in schema.options()), *(str(one.address) for one in schema.tables)}
