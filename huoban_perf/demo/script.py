"""The main job from beginning to end: deploy, seed, score, write back, release, read back, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from huoban_perf.core.changes import Action
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.core.progress import Progress
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.demo.accounts import accounts_of
from huoban_perf.demo.company import CYCLE as COMPANY_CYCLE
from huoban_perf.demo.company import sample_company
from huoban_perf.demo.company_rows import DECIDER, company_batches
from huoban_perf.demo.insteval import insteval_marks, require_insteval
from huoban_perf.demo.insteval_rows import CYCLE as INSTEVAL_CYCLE
from huoban_perf.demo.insteval_rows import insteval_batches
from huoban_perf.demo.rows import Batch
from huoban_perf.demo.sample import criteria_asked, sample_of
from huoban_perf.demo.seed import Seeded, seed
from huoban_perf.demo.seeding import seed_company
from huoban_perf.demo.stages import StoryClock
from huoban_perf.deploy import (
    DeployTarget,
    PlanOptions,
    StateOwner,
    StateStore,
    apply_plan,
    bindings_of,
    make_plan,
    state_path,
)
from huoban_perf.exchange import write_outputs
from huoban_perf.profile import Profile, Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.cost import requests_minimum
from huoban_perf.sync.extract_map import extract_map_of
from huoban_perf.sync.release import release
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import ScoreOutcome, run_score
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.template import AppTemplate, compile_schema, find_template, load_template

Data = Literal["company", "insteval"]
Platform = Literal["sandbox", "nocodb"]

_BASE: Mapping[Data, str] = {"company": "绩效管理演示", "insteval": "InstEval 演示"}
"""Names of the demo's own bases on a server that holds several: it never touches another."""

_NOCODB_PEOPLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One line of the result list."""

    number: str
    name: str
    department: str
    score: Decimal
    grade: str
    mean: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demo came to.

    Attributes:
        tables: Tables of the app.
        fields: Fields of the app.
        objects_created: Objects built in this run.
        appraisals: Appraisals of the cycle.
        appraisals_scored: Appraisals with a released score, as read back from the workspace.
        not_appraised: Appraisals that do not take part.
        rows_written: Rows created or updated in this run.
        requests: Requests sent in this run.
        write_requests: Requests that write, among them.
        requests_minimum: Fewest requests that could do the same.
        rows_moved: Rows read and written through the wire.
        seconds: Wall time of the work.
        grades: Grade → people, best first.
        ranking: Everyone with a score, best first.
        receipt: Lines of one person's receipt.
        receipt_of: That person's name.
        run: Id of the stored run.
        cycle: 周期名称 of the cycle that was scored.
    """

    tables: int
    fields: int
    objects_created: int
    appraisals: int
    appraisals_scored: int
    not_appraised: int
    rows_written: int
    requests: int
    write_requests: int
    requests_minimum: int
    rows_moved: int
    seconds: float
    grades: Mapping[str, int]
    ranking: tuple[Ranked, ...]
    receipt: tuple[str, ...] = field(default=())
    receipt_of: str = ""
    run: str = ""
    cycle: str = ""


_RELEASE_DAY: Mapping[Data, date] = {"company": date(2026, 10, 22), "insteval": date(2026, 9, 22)}
"""Working days after the end of each story's period, and before the company's last day of appeals."""


def run_demo(site: Site, *, data: Data, clock: Clock, progress: Progress, people: int | None = None) -> DemoReport:
    """Run the main job on a site; running it again changes nothing.

    Args:
        site: Where; people are invited where the platform lets a program do that.
        data: ``company`` is the sample company, ``insteval`` the real ratings.
        clock: For time and waiting.
        progress: Told about long work.
        people: Size of the company: that of the command ``seed``. None takes the demo's own of about sixty.

    Returns:
        The report; every figure in it was counted or read back.

    Raises:
        HuobanPerfError: Any part of the job failed; running it again goes on from there.
    """
    started = clock.monotonic_s()
    template = _template(data)
    schema = compile_schema(template)
    built, app = _deploy(site, schema, clock=clock, progress=progress)
    laid = _lay(site, app, template, data=data, people=people)
    seeded, made = laid.seeded, laid.invited
    story = StoryClock(clock)
    story.on(_RELEASE_DAY[data])  # a quarter that ended long ago is not released on the day somebody tries the program
    told = replace(app, clock=story)
    outcome = run_score(
        told,
        extract_map=extract_map_of(template, schema),
        cycle=laid.cycle,
        runs=RunStore(folder=site.profile.runs_dir, keep=write_outputs),
        apply=True,
    )
    released = release(outcome, app=told, decider=laid.decider)
    read_back = read_table(app, table=schema.table("appraisal"))
    sheets = [row for row in read_back if str(read_back.value(row, "natural_key")).startswith(f"[{laid.cycle}|")]
    reports = [*seeded.reports, *outcome.reports, *released.reports]
    traffic = site.connection.traffic.traffic()
    rows_read = [*seeded.rows_read, *outcome.reading.rows_read.values(), len(read_back)]
    changed = [report.written for report in reports]
    ranking = _ranking(read_back, sheets, outcome, with_mean=data == "insteval")
    shown = ranking[len(ranking) // 2].number if ranking else ""  # in the middle: the most ordinary receipt to read
    return DemoReport(
        tables=len(schema.tables),
        fields=sum(1 for _ in schema.fields()),
        objects_created=built + made,
        appraisals=len(sheets),
        appraisals_scored=len(ranking),
        not_appraised=sum(1 for row in sheets if read_back.value(row, "status") == "not_appraised"),
        rows_written=sum(changed),
        requests=traffic.requests,
        write_requests=traffic.writes,
        requests_minimum=requests_minimum(
            tables=len(schema.tables), rows_read=rows_read, rows_changed=changed, objects_created=built
        ),
        rows_moved=sum(rows_read) + 2 * sum(changed),
        seconds=clock.monotonic_s() - started,
        grades=_grades(ranking, schema),
        ranking=ranking,
        receipt=outcome.scores.receipt_lines(shown) if shown else (),
        receipt_of=shown,
        run=outcome.run,
        cycle=laid.cycle,
    )


def _template(data: Data) -> AppTemplate:
    folder = find_template("performance")
    if data == "company":
        return load_template("performance")
    require_insteval()
    return load_template(
        "performance", parameters=folder / "parameters-insteval.yaml", scheme=folder / "scheme-insteval.yaml"
    )


def _deploy(site: Site, schema: DesiredSchema, *, clock: Clock, progress: Progress) -> tuple[int, DeployedApp]:
    """Plan and apply; return how many objects were built and the deployed app."""
    owner = StateOwner(
        app=schema.app,
        platform=site.profile.platform,
        workspace=site.workspace,
        locale=site.profile.locale,
    )
    target = DeployTarget(connection=site.connection, owner=owner, clock=clock, progress=progress)
    store = StateStore(state_path(site.profile.state_dir, owner))
    observed = target.observe()
    plan = make_plan(
        desired=schema,
        observed=observed,
        state=store.load(owner),
        capabilities=site.connection.capabilities,
        clock=clock,
        options=PlanOptions(locale=site.profile.locale),
    )
    created = 0
    if not plan.is_empty:
        report = apply_plan(plan=plan, desired=schema, target=target, store=store, observed=observed)
        created = report.count(Action.CREATE)
    bindings = bindings_of(store.load(owner))
    app = DeployedApp(connection=site.connection, schema=schema, bindings=bindings, clock=clock, progress=progress)
    return created, app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """What was put in: its counts, the cycle to be scored, and the account that decides."""

    seeded: Seeded
    cycle: str
    decider: str | None = None
    invited: int = 0


def _lay(site: Site, app: DeployedApp, template: AppTemplate, *, data: Data, people: int | None) -> _Laid:
    """Put the people and their ratings in. Those of InstEval come from outside and need no accounts."""
    if people is not None:
        sample = sample_of(template, people=people)
        done = seed_company(site, app, sample, apply=True)
        decider = done.accounts.of.get(sample.company.people[0].number)
        cycle = sample.company.outline.cycle
        return _Laid(seeded=done.seeded, cycle=cycle, decider=decider, invited=done.accounts.invited)
    if data == "insteval":
        return _Laid(seeded=seed(_batches(template, data, {}), app=app), cycle=INSTEVAL_CYCLE)
    accounts = accounts_of(site, sample_company(criteria=1).people)
    seeded = seed(_batches(template, data, accounts.of), app=app)
    return _Laid(seeded=seeded, cycle=COMPANY_CYCLE, decider=accounts.of.get(DECIDER), invited=accounts.invited)


def _batches(template: AppTemplate, data: Data, members: Mapping[str, str]) -> list[Batch]:
    grades = {option.zh: option.key for option in template.parameters.model.grades}
    if data == "insteval":
        return insteval_batches(insteval_marks(), scheme=template.scheme, grade_keys=grades)
    asked = criteria_asked(template)
    company = sample_company(criteria=max(len(keys) for keys in asked.values()))
    return company_batches(
        company,
        scheme=template.scheme,
        grade_keys=grades,
        criteria_by_relation=asked,
        account_of=members,
    )


def _ranking(
    appraisals: TableRows, sheets: Sequence[int], outcome: ScoreOutcome, *, with_mean: bool
) -> tuple[Ranked, ...]:
    """Return everyone of these sheets with a released score as the workspace shows it, best first."""
    grades = {option.address.key: option.labels.zh for option in appraisals.table.field("released_grade").options}
    tables = outcome.reading.tables
    means = {score.natural_key(outcome.cycle.name): score.groups.get("customer") for score in outcome.scores.subjects}
    ranked: list[Ranked] = []
    for row in sheets:
        score = appraisals.value(row, "released_score")
        if not isinstance(score, Decimal):
            continue
        customers = means.get(str(appraisals.value(row, "natural_key"))) if with_mean else None
        employee = appraisals.value(row, "employee")
        ranked.append(
            Ranked(
                number=_of(tables["employee"], employee, "emp_no"),
                name=_of(tables["employee"], employee, "name"),
                department=_of(tables["department"], appraisals.value(row, "department"), "name"),
                score=score,
                grade=grades.get(str(appraisals.value(row, "released_grade")), "-"),
                mean=None if customers is None else customers / 20,
            )
        )
    return tuple(sorted(ranked, key=lambda entry: (-entry.score, entry.name)))


def _of(rows: TableRows, relation: Value, field_key: str) -> str:
    row = rows.row_of_id(relation[0]) if isinstance(relation, tuple) and relation else None
    return "-" if row is None else str(rows.value(row, field_key))


def _grades(ranking: tuple[Ranked, ...], schema: DesiredSchema) -> dict[str, int]:
    counted = Counter(entry.grade for entry in ranking)
    names = [option.labels.zh for option in schema.table("appraisal").field("released_grade").options]
    return {name: counted.get(name, 0) for name in names}


def people_of(profile: Profile, *, data: Data, asked: int | None) -> int | None:
    """Return the size of the company: what was asked for, 200 on NocoDB, None for the embedded demo's own sixty."""
    if asked is None and data == "company" and profile.platform == "nocodb":
        return _NOCODB_PEOPLE
    return asked


def demo_profile(profile: Profile, *, data: Data, platform: Platform | None = None) -> Profile:
    """Return the profile a demo runs with: InstEval lives in a workspace of its own.

    Args:
        profile: The profile asked for.
        data: Which data.
        platform: Where, or None for where the profile says.

    Returns:
        The profile.

    Raises:
        ProfileError: The profile is a real workspace; a demo would fill it with made-up people.
    """
    if platform is not None and platform != profile.platform:
        planes: tuple[Literal["v1", "builder"], ...] = ("v1", "builder")
        profile = Profile(name=platform, platform=platform, planes=planes, rate_per_s=None, home=profile.home)
    if profile.platform == "nocodb":
        return profile.model_copy(update={"workspace": _BASE[data]})
    if profile.platform != "sandbox":
        raise ProfileError("demo.not_embedded", facts={"profile": profile.name})
    if data == "company":
        return profile
    return profile.model_copy(update={"home": profile.home / "insteval"})
