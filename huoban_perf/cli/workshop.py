"""The workshop: everything a job needs of one profile, put together for ``job``, ``cycle`` and ``serve``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from huoban_perf.cli.deployed import Wish, deployed_app, wish_of
from huoban_perf.cli.exits import exit_of
from huoban_perf.cli.round_log import log_findings
from huoban_perf.cli.session import Settings
from huoban_perf.cli.texts import error_lines
from huoban_perf.core.errors import CycleError, HuobanPerfError, LeaseLostError, ProfileError
from huoban_perf.core.notices import NoticeSink
from huoban_perf.core.progress import Progress
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.context import JobContext, Process
from huoban_perf.cycle.jobs import JOBS, cycles_for, plan_of, serves
from huoban_perf.cycle.lite.after import lite_terms
from huoban_perf.cycle.lite.opening import is_lite
from huoban_perf.cycle.publish import asked_to_release, release_terms
from huoban_perf.cycle.work import Desk, JobReport, TableCount, carry_out
from huoban_perf.exchange import write_outputs
from huoban_perf.profile import Profile, Site, secret_of
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.book import Book
from huoban_perf.sync.foreign import read_foreign
from huoban_perf.sync.release import refuse_other_decider, release, release_preview
from huoban_perf.sync.rescore import rescore
from huoban_perf.sync.run_log import RunEntry, begin_run, end_broken_off, has_run_log, log_run
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.scheme import stated_scheme
from huoban_perf.sync.score import ScoreOutcome, refuse_sealed, run_score

if TYPE_CHECKING:
    from huoban_perf.core.ports import Connection

ALL_JOBS = tuple(sorted({*JOBS, "announce", "publish", "score"}))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for.

    Attributes:
        job: Name of the job.
        cycle: 周期名称; empty: every cycle the job works on.
        apply: Write; else only preview.
        options: Further options by name.
        decider: Member who releases.
        allow_large_change: Consent to replace much.
        adjustments: Snapshot of rater adjustments that ``score`` takes, or None.
        unattended: Nobody watches: a failure is written to 运行记录 too.
        resumes: Whether a killed run of the job may have left its 运行记录 row without an end.
    """

    job: str
    cycle: str = ""
    apply: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    decider: str | None = None
    allow_large_change: bool = False
    unattended: bool = False
    resumes: bool = True
    adjustments: Path | None = None


@dataclass(kw_only=True)
class Workshop:
    """One profile, connected.

    Attributes:
        site: The workspace.
        wish: The template.
        app: The deployed app.
        process: The company's process parameters.
        calendar: Its working days.
        members: Name → member id, and id → id.
        secret: Name of a variable → the secret it holds.
        notices: Takes notices, or None.
    """

    site: Site
    wish: Wish
    app: DeployedApp
    process: Process
    calendar: WorkCalendar
    members: Mapping[str, str]
    secret: Callable[[str], str]
    notices: NoticeSink | None = None

    @property
    def audit(self) -> AuditLog:
        """The profile's audit log."""
        return AuditLog(self.site.profile.home / "audit.jsonl")

    def behind(self, connection: Connection) -> Workshop:
        """Return the same workshop with another connection, for example one behind a fence."""
        return replace(self, app=replace(self.app, connection=connection))

    def context(self, cycle: str, options: Mapping[str, str] | None = None) -> JobContext:
        """Return what a job on a cycle is given; the tables are read anew."""
        return JobContext(
            book=Book(self.app),
            cycle_name=cycle,
            process=self.process,
            calendar=self.calendar,
            options=options or {},
            members=self.members,
            secret=self.secret,
            runs=RunStore(folder=self.site.profile.runs_dir),
            foreign=lambda name: read_foreign(self.app.connection, workspace=self.site.workspace, name=name),
            rescore=lambda decisions: rescore(
                self.app, extract_map=self.wish.extract_map, cycle=cycle, decisions=decisions
            ),
        )

    def run(self, request: Request) -> list[JobReport]:
        """Run a job on the cycle named, or on every cycle it works on.

        Args:
            request: What was asked for.

        Returns:
            One report a cycle.

        Raises:
            HuobanPerfError: The job refused or failed; unattended, 运行记录 says so too.
        """
        cycles = [request.cycle] if request.cycle else cycles_for(Book(self.app), request.job)
        return [self._logged(replace(request, cycle=cycle)) for cycle in cycles]

    def _logged(self, request: Request) -> JobReport:
        started = self.app.clock.now()
        try:
            return self._run_one(request)
        except LeaseLostError:
            raise
        except HuobanPerfError as error:
            self._try_to_log(error, request, started=started)
            raise

    def _try_to_log(self, error: HuobanPerfError, request: Request, *, started: datetime) -> None:
        """Write the failure's row, and end the one that was begun; a workspace that is the trouble itself is left."""
        if not (request.apply and has_run_log(self.app)):
            return
        failed = ""
        command = f"job run {request.job}"
        with suppress(HuobanPerfError):
            if request.unattended:
                failed = f"{started:%Y%m%dT%H%M%S}-{request.job}-failed"
                entry = RunEntry(
                    command=command,
                    run=failed,
                    started=started,
                    planned=0,
                    succeeded=0,
                    failed=max(1, len(error.problems)),
                    summary="\n".join(error_lines(error, locale="zh")),
                    exit_code=int(exit_of(error)),
                )
                log_run(self.app, entry)
            end_broken_off(self.app, command=command, cycle=request.cycle, by=failed, failed=True)

    def _run_one(self, request: Request) -> JobReport:
        kept = {} if "from" in request.options else self.site.profile.options_of(request.job)
        context = self.context(request.cycle, {**kept, **request.options})
        if not serves(context.book, request.job):
            raise CycleError("cycle.job_not_in_app", facts={"job": request.job, "app": self.wish.schema.app})
        if request.job in {"score", "publish"}:
            return self._score(request, context)
        if request.job == "announce":
            from huoban_perf.cli.pinning import announced_report

            return announced_report(self, request)
        if request.job == "grow":
            from huoban_perf.cli.growing import grow_up

            return grow_up(self, request)
        desk = self.desk(request)
        done = carry_out(request.job, plan_of(context.book, request.job), context, apply=request.apply, desk=desk)
        return log_findings(self.app, done, cycle=request.cycle)

    def desk(self, request: Request) -> Desk:
        """Return where a run leaves its traces."""
        return Desk(
            notices=self.notices,
            audit=self.audit,
            allow_large_change=request.allow_large_change,
            resumes=request.resumes,
        )

    def _score(self, request: Request, context: JobContext) -> JobReport:
        releasing = request.job == "publish"
        decider = request.decider or asked_to_release(context)
        terms_of = lite_terms if is_lite(context.book) else release_terms
        terms = terms_of(context) if releasing else None
        if releasing and request.apply:  # before scores are written, so that a refusal leaves everything as it was
            refuse_other_decider(request.cycle, named=context.cycle.member("decider"), decider=decider)
        # While reviews come in, scores change by nature and nobody sees them; from 校准中 on a large change asks again.
        early = request.unattended and context.cycle.text("status") == "reviewing"
        outcome = run_score(
            self.app,
            extract_map=self.wish.extract_map,
            cycle=request.cycle,
            runs=RunStore(
                folder=self.site.profile.runs_dir,
                keep=write_outputs,
                adjustments=request.adjustments,
                begins=lambda rows: self._begins(request, rows),
            ),
            apply=request.apply,
            allow_large_change=request.allow_large_change or early,
        )
        if request.apply and (outcome.pending or request.resumes):
            self._ends("score", request, by=outcome.run if outcome.pending else "")
        refuse_sealed(outcome.cycle, pending=0 if outcome.reports else outcome.pending)
        report = _report_of(outcome, request)
        if not releasing:
            return self._audited(report, request)
        planned = release_preview(outcome, app=self.app, terms=terms)
        entry = self._release_entry(outcome.run, request.cycle, planned)
        if request.apply:
            if planned:
                begin_run(self.app, entry)
            self._begins(request, planned)
            done = release(outcome, app=self.app, decider=decider, terms=terms)
            counts = [(r.table, TableCount(created=r.created, updated=r.updated)) for r in done.reports]
        else:
            counts = [("appraisal", TableCount(updated=planned))]
        tables = dict(report.tables)
        for table, count in counts:
            tables[table] = tables.get(table, TableCount()).plus(count)
        kept = {table: count for table, count in tables.items() if table in report.tables or count.updated}
        report = replace(report, tables=kept)
        if request.apply and report.changes and has_run_log(self.app):
            written = report.changes
            log_run(self.app, replace(entry, planned=written, succeeded=written, summary=f"公布, 写入 {written} 条"))
        if request.apply and (planned or request.resumes):
            self._ends("publish", request, by=entry.run if planned else "")
        return self._audited(report, request)

    def _release_entry(self, run: str, cycle: str, rows: int) -> RunEntry:
        now = self.app.clock.now()
        return RunEntry(
            command="job run publish",
            run=f"{now:%Y%m%dT%H%M%S}-publish-{run[-8:]}",
            cycle=cycle,
            started=now,
            planned=rows,
            succeeded=rows,
            summary="",
        )

    def _ends(self, job: str, request: Request, *, by: str) -> None:
        """End the 运行记录 rows of runs that were killed before."""
        end_broken_off(self.app, command=f"job run {job}", cycle=request.cycle, by=by)

    def _begins(self, request: Request, rows: int) -> None:
        """Say in the audit log what is about to be written, so that a kill hides nothing."""
        if rows:
            facts: dict[str, str | int] = {"cycle": request.cycle, "rows": rows}
            self.audit.begin(f"job run {request.job}", at=self.app.clock.now(), facts=facts)

    def _audited(self, report: JobReport, request: Request) -> JobReport:
        if request.apply and report.changes:
            facts: dict[str, str | int] = {"run": report.run, "cycle": request.cycle, "rows": report.changes}
            self.audit.append(f"job run {request.job}", at=self.app.clock.now(), facts=facts)
        return report


def _report_of(outcome: ScoreOutcome, request: Request) -> JobReport:
    tables = {
        plan.table.key: TableCount(created=len(plan.created), updated=len(plan.updated), unchanged=plan.unchanged)
        for plan in outcome.plans
    }
    return JobReport(
        job=request.job, run=outcome.run, tables=tables, notes=(), notices=0, applied=request.apply, summary=""
    )


@contextmanager
def open_workshop(
    settings: Settings, reporter: Progress, *, profile: Profile | None = None, sink: NoticeSink | None = None
) -> Iterator[Workshop]:
    """Connect and put a profile's workshop together.

    Args:
        settings: The command's settings.
        reporter: Told about long work.
        profile: The profile; None takes the one asked for.
        sink: Takes notices.

    Yields:
        The workshop.
    """
    with settings.site(profile) as site:
        yield workshop_on(settings, site, reporter, sink=sink)


def workshop_on(settings: Settings, site: Site, reporter: Progress, *, sink: NoticeSink | None = None) -> Workshop:
    """Put the workshop of a connected site together.

    Args:
        settings: The command's settings; their clock is the jobs' clock.
        site: The site.
        reporter: Told about long work.
        sink: Takes notices.

    Returns:
        The workshop; StateError when the app is not deployed there.
    """
    wish = wish_of(site.profile)
    app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
    members = members_of(site)
    return Workshop(
        site=site,
        wish=wish,
        app=app,
        process=process_of(wish, members),
        calendar=WorkCalendar(off=frozenset(site.profile.days_off), on=frozenset(site.profile.days_on)),
        members=members,
        notices=sink,
        secret=lambda name: secret_of(name, settings.environ),
    )


def members_of(site: Site) -> dict[str, str]:
    """Return name → member id and id → id of a workspace's people; a name that two share stands for nobody."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for member in site.connection.member_source.members(workspace=site.workspace):
        if member.name in found:
            twice.add(member.name)
        found[member.name] = str(member.member_id)
        found[str(member.member_id)] = str(member.member_id)
    return {name: member for name, member in found.items() if name not in twice}


def stated_scheme_of(wish: Wish) -> dict[str, object]:
    """Return the scheme document of an app that keeps its rules in the parameter file, with its 合格."""
    return stated_scheme(wish.template.scheme, pass_grade=wish.extract_map.pass_grade)


def process_of(wish: Wish, members: Mapping[str, str]) -> Process:
    """Return the process parameters of a template's parameter file.

    Args:
        wish: The template.
        members: Name → member id.

    Returns:
        The parameters; role members by id.

    Raises:
        ProfileError: A role member is no member of the workspace; all are listed.
    """
    model = wish.template.parameters.model
    unknown = tuple(name for names in model.role_members.values() for name in names if name not in members)
    if unknown:
        raise ProfileError("cli.unknown_members", facts={"names": unknown})
    criteria: dict[str, dict[str, object]] = {}
    for criterion in model.criteria:
        for relation in criterion.relations:
            criteria.setdefault(relation, {})[criterion.key] = criterion.weight
    return Process(
        pass_grade=wish.extract_map.pass_grade,
        announce_days=model.process.announce_days,
        goals_min=model.process.goals_min,
        goals_max=model.process.goals_max,
        confirm_reminders=model.process.confirm_reminders,
        retention_months=model.process.retention_months,
        message_months=model.process.message_months,
        actor_check=model.process.actor_check,
        settle_polls=model.process.settle_polls,
        interview_grades=tuple(model.process.interview_for),
        customer_link=model.process.customer_link or "",
        criteria=criteria,  # type: ignore[arg-type] # weights are Decimals
        scheme={} if any(table.key == "scheme" for table in wish.schema.tables) else stated_scheme_of(wish),
        role_members={role: tuple(members[name] for name in names) for role, names in model.role_members.items()},
    )
