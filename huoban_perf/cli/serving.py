"""Putting the service together: workshops, executors, outboxes, the store, the endpoint, and signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from huoban_perf.automation import Executor, Surroundings
from huoban_perf.cli.posting import outbox_of, show_in_workspace
from huoban_perf.cli.round_log import log_given_up, log_unreadable, log_unverified
from huoban_perf.cli.session import Settings
from huoban_perf.cli.texts import text
from huoban_perf.cli.workshop import ALL_JOBS, Request, Workshop, open_workshop
from huoban_perf.core.errors import BadCellError, FactValue, SyncError
from huoban_perf.core.notices import Mode, Notice, NoticeSink
from huoban_perf.core.progress import silent
from huoban_perf.core.values import CHINA
from huoban_perf.cycle.access import columns_of
from huoban_perf.cycle.context import stages_off as stages_off_of
from huoban_perf.cycle.first_values import known_of
from huoban_perf.cycle.guards import CYCLE_GUARDS, Asked, cycle_of
from huoban_perf.cycle.guards_reviews import REVIEW_GUARDS
from huoban_perf.cycle.jobs import JOBS
from huoban_perf.cycle.keys import key_of
from huoban_perf.cycle.lite.after import LITE_GUARDS
from huoban_perf.cycle.okr import OKR_GUARDS
from huoban_perf.profile import Profile, load_profile
from huoban_perf.service.decipher import Decipher
from huoban_perf.service.endpoint import Endpoint, create_endpoint, listening
from huoban_perf.service.fence import Lease, fenced
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import Claim, OccurrenceStore, Share
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import ADMIN, EVENTS_JOB, Pause, Rounds, Tenant, run_forever
from huoban_perf.service.schedule import CatchUp, Schedule, check_schedules
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.service.units import cron_lines, systemd_unit
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Row

_GUARDS = {**CYCLE_GUARDS, **REVIEW_GUARDS, **LITE_GUARDS, **OKR_GUARDS}


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How to serve.

    Attributes:
        host: Address of the endpoint.
        port: Its port.
        poll_s: Seconds between looks for events.
        tenants: Further profiles.
        worker: Whether the schedule's jobs are shared through Redis. What the executor has seen is local to a machine,
            so workers look for no events; one ``--events-only`` service does.
        events_only: Whether jobs are left to workers; with Redis their leases and its own exclude each other.
    """

    host: str = "127.0.0.1"
    port: int = 8766
    poll_s: int = 30
    tenants: tuple[str, ...] = ()
    worker: bool = False
    events_only: bool = False


@dataclass(kw_only=True)
class House:
    """One profile at work: its workshop, its executor's memory, its outbox.

    Attributes:
        shop: The workshop.
        ledger: What the executor remembers.
        outbox: Its notices.
        store: Takes the jobs that automations start.
        metrics: Counts firings.
        unreadable_told: Day and cells of which the admin was told last that they keep a table from being read.
    """

    shop: Workshop
    ledger: SqliteLedger
    outbox: Outbox
    store: OccurrenceStore
    metrics: Metrics
    unreadable_told: tuple[object, ...] = ()

    def run(self, claim: Claim, *, lease: Lease) -> str:
        """Run one occurrence behind its fence and return a line about it."""
        try:
            return self._run(claim, lease)
        finally:
            self.metrics.requested(claim.profile, self.shop.app.connection.traffic.traffic().requests)

    def _run(self, claim: Claim, lease: Lease) -> str:
        shop = self.shop.behind(fenced(self.shop.app.connection, lease))
        if claim.job != EVENTS_JOB:
            try:
                reports = shop.run(Request(job=claim.job, apply=True, unattended=True, resumes=claim.attempt > 1))
            finally:
                self.show_audit()
            return "; ".join(report.summary or str(report.changes) for report in reports) or "-"
        around = replace(surroundings(shop, self.outbox, self.start), keep_on=lease.touch)
        executor = Executor(shop.app, ledger=self.ledger, around=around)
        done = executor.round()
        for state, count in done.counts.items():
            self.metrics.fired(claim.profile, state.value, count)
        log_unverified(shop.app, done.unverified)
        log_given_up(shop.app, done.given_up)
        if done.unreadable:
            self._tell_unreadable(shop.app, list(done.unreadable.values()))
        show_in_workspace(shop.app, self.outbox)
        return f"firings {done.new}"

    def _tell_unreadable(self, app: DeployedApp, found: Sequence[BadCellError]) -> None:
        """Tell the admin, once a day, that a spoilt cell keeps automations of its table from being seen to."""
        today = app.clock.now().astimezone(CHINA).date()
        said = (today, *(str(problem) for error in found for problem in error.problems))
        if said == self.unreadable_told:
            return
        self.unreadable_told = said
        log_unreadable(app, found)
        facts: dict[str, FactValue] = {"job": "serve"}
        notice = Notice(receiver=ADMIN, event="job_failed", object="serve", day=today, facts=facts, mode=Mode.AT_ONCE)
        self.outbox.put([notice])

    def show_audit(self) -> None:
        """Show the end of the audit log, so that whoever keeps it elsewhere can prove that nothing was cut off."""
        profile = self.shop.site.profile.name
        try:
            head = self.shop.audit.check()
        except SyncError:
            self.metrics.audited(profile, lines=-1, end="broken")
        else:
            self.metrics.audited(profile, lines=head.lines, end=head.hash)

    def start(self, job: str) -> None:
        """Make a job due at once; it runs under its own lease, and its failure is its own."""
        self.store.ask_for(profile=self.shop.site.profile.name, job=job, now=self.shop.app.clock.now())


def surroundings(shop: Workshop, sink: NoticeSink, start_job: Callable[[str], None]) -> Surroundings:
    """Return what the executor is handed in for a workshop.

    Args:
        shop: The workshop.
        sink: Takes notices.
        start_job: Takes the names of jobs to be run after the round.

    Returns:
        Guards bound to the workshop's clock, parameters and calendar; words in Chinese.
    """
    asked = Asked(clock=shop.app.clock, process=shop.process, calendar=shop.calendar)

    def bound(place: tuple[str, str]) -> Callable[[Row], object]:
        check = _GUARDS[place]
        return lambda row: check(asked, row)

    return Surroundings(
        guards={place: bound(place) for place in _GUARDS},  # type: ignore[misc]
        start_job=start_job,
        notices=sink,
        role_members=shop.process.role_members,
        words=lambda code, facts: text(code, locale="zh", facts=facts),
        stages_off=stages_off,
        actor_check=shop.process.actor_check,
        settle_polls=shop.process.settle_polls,
        key_of=key_of,
        known_of=known_of,
        columns_of=columns_of,
    )


def stages_off(row: Row) -> frozenset[str]:
    """Return the stages that a row's cycle does not have; none when its cycle names none."""
    return stages_off_of(cycle_of(row))


def schedules_of(profile: Profile) -> tuple[Schedule, ...]:
    """Return when a profile's jobs run: the program's own times, replaced by the profile's.

    Args:
        profile: The profile.

    Returns:
        Checked schedules.

    Raises:
        ServiceError: A job, cron line or time zone is unknown; all are listed.
    """
    own = {entry.job: entry for entry in profile.schedules}
    kept = [entry for entry in TIMETABLE if entry.job not in own]
    kept += [
        Schedule(job=entry.job, cron=entry.cron, zone=entry.zone, catch_up=CatchUp(entry.catch_up))
        for entry in profile.schedules
        if entry.cron
    ]
    found = tuple(sorted(kept, key=lambda entry: entry.job))
    check_schedules(found, jobs=frozenset(job for job in ALL_JOBS if job in profile.sources or not _needs(job)))
    return found


def _needs(job: str) -> tuple[str, ...]:
    return JOBS[job].needs if job in JOBS else ()


@contextmanager
def open_house(
    settings: Settings, profile: Profile, *, store: SqliteStore, jobs: OccurrenceStore, metrics: Metrics
) -> Iterator[House]:
    """Put one profile to work for the length of a ``with`` block."""
    with (
        outbox_of(settings, profile, store) as outbox,
        open_workshop(settings, silent, profile=profile, sink=outbox) as shop,
    ):
        ledger = SqliteLedger(store, profile=profile.name)
        house = House(shop=shop, ledger=ledger, outbox=outbox, store=jobs, metrics=metrics)
        house.show_audit()
        yield house


def serve(
    settings: Settings, options: ServeOptions, *, ready: Callable[[str], None], pause: Pause = threading.Event.wait
) -> None:
    """Serve until SIGTERM or SIGINT; the job under way ends first.

    Args:
        settings: The command's settings.
        options: How.
        ready: Told the endpoint's address once it listens.
        pause: How to wait between two rounds.

    Raises:
        HuobanPerfError: The service cannot start.
    """
    profiles = _profiles(settings, options)
    schedules = {profile.name: schedules_of(profile) for profile in profiles}
    stop, poked = threading.Event(), threading.Event()
    with ExitStack() as stack:
        store = SqliteStore(profiles[0].home / "service.sqlite")
        stack.callback(store.close)
        metrics = Metrics()
        jobs = _occurrences(settings, options, store)
        houses = {
            p.name: stack.enter_context(open_house(settings, p, store=store, jobs=jobs, metrics=metrics))
            for p in profiles
        }
        poll = timedelta(seconds=options.poll_s)
        rounds = Rounds(
            tenants=[
                Tenant(
                    profile=name,
                    schedules=() if options.events_only else schedules[name],
                    outbox=house.outbox,
                    poll=None if options.worker else poll,
                )
                for name, house in houses.items()
            ],
            store=jobs,
            run_job=lambda claim, lease: houses[claim.profile].run(claim, lease=lease),
            clock=settings.clock,
            name=f"{os.uname().nodename}:{os.getpid()}",
            metrics=metrics,
            share=share_of(options, profiles=tuple(houses), shared=jobs is not store),
            forget=store.forget,
        )
        agreed = settings.environ.get("HUOBAN_PERF_CALLBACK_KEY", "").strip()
        endpoint = Endpoint(
            secret=settings.environ.get("HUOBAN_PERF_CALLBACK_SECRET", "").strip(),
            store=store,
            metrics=metrics,
            clock=settings.clock,
            poke=poked.set,
            is_healthy=lambda: rounds.is_healthy(within=max(10 * poll, timedelta(minutes=10))),
            decipher=Decipher(agreed) if agreed else None,
        )
        url = stack.enter_context(listening(create_endpoint(endpoint), host=options.host, port=options.port))
        ready(url)
        if options.worker:
            from huoban_perf.service.queue import make_queue, run_worker

            run_worker(make_queue(settings.environ["HUOBAN_PERF_REDIS"], rounds=rounds), rounds=rounds)
            return
        _on_signals(stop, poked)
        run_forever(rounds, stop=stop, poked=poked, pause_s=min(options.poll_s, 30), pause=pause)


def _profiles(settings: Settings, options: ServeOptions) -> list[Profile]:
    names = dict.fromkeys(options.tenants)
    found = [settings.profile()]
    found += [load_profile(name, environ=settings.environ) for name in names if name != found[0].name]
    return found


def _occurrences(settings: Settings, options: ServeOptions, store: SqliteStore) -> OccurrenceStore:
    shared = options.worker or (options.events_only and settings.environ.get("HUOBAN_PERF_REDIS", "").strip())
    if not shared:
        return store
    from huoban_perf.profile import secret_of
    from huoban_perf.service.queue import connect_store

    return connect_store(secret_of("HUOBAN_PERF_REDIS", settings.environ))


def share_of(options: ServeOptions, *, profiles: tuple[str, ...], shared: bool) -> Share:
    """Return which occurrences an instance runs.

    Args:
        options: How it serves.
        profiles: What it is connected to.
        shared: Whether others run on the same store; else the jobs that automations start are its own as well.

    Returns:
        Its own profiles' occurrences: all, only events, or all but events.
    """
    return Share(
        profiles=profiles,
        only=EVENTS_JOB if options.events_only and shared else "",
        without=EVENTS_JOB if options.worker else "",
    )


def _on_signals(stop: threading.Event, poked: threading.Event) -> None:
    def end(number: int, frame: object) -> None:
        del number, frame
        stop.set()
        poked.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)


def print_units(settings: Settings, options: ServeOptions, *, cron: bool) -> str:
    """Return the systemd unit or the crontab of a profile.

    Args:
        settings: The command's settings.
        options: How it is to be served.
        cron: Print a crontab.

    Returns:
        The text; it holds no secret.
    """
    profile = settings.profile()
    schedules = schedules_of(profile)
    program = Path(sys.argv[0]).resolve()
    started = [sys.executable, "-m", "huoban_perf"] if program.name == "__main__.py" else [str(program)]
    command = [*started, "--profile", profile.name]
    if cron:
        return cron_lines(command=command, schedules=schedules, folder=Path.cwd())
    words = [*command, "serve", "--host", options.host, "--port", str(options.port), "--poll", str(options.poll_s)]
    words += [word for name in options.tenants for word in ("--tenant", name)]
    words += ["--worker"] if options.worker else []
    words += ["--events-only"] if options.events_only else []
    return systemd_unit(command=words, home=profile.home.resolve(), folder=Path.cwd())
