"""Plans, reports and states as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set

from huoban_perf.cli.deployed import Wish, owner_of, store_of
from huoban_perf.cli.plane_report import by_hand
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.addresses import Address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DEFINITION_KINDS
from huoban_perf.deploy import (
    ApplyReport,
    DriftReport,
    Plan,
    Proposal,
    Risk,
    StateFile,
    StateObject,
    Step,
    attribute_name,
    bindings_of,
    standing,
    value_text,
)
from huoban_perf.profile import Site

_LISTED = 40
"""A plan prints so many steps in full; a first deployment has hundreds that all say *new*."""


def plan_lines(plan: Plan, *, locale: Locale) -> list[str]:
    """Return a plan as lines: what loses data first, then changes, then what is new, counted by table.

    Args:
        plan: The plan.
        locale: Language.

    Returns:
        The lines.
    """
    if plan.is_empty:
        return [text("cli.plan_empty", locale=locale), *_notes(plan, locale)]
    lines = [text("cli.plan_counts", locale=locale, facts={"steps": len(plan.steps), **risks_of(plan)})]
    changing = [step for step in plan.steps if step.action.value != "create"]
    lines += _first(list(_step_lines(changing, locale)), locale)
    made = [step for step in plan.steps if step.action.value == "create"]
    new = Counter(step.named[0] for step in made if step.address.kind not in DEFINITION_KINDS)
    lines += [
        text("cli.plan_new_in_table", locale=locale, facts={"table": table, "count": count})
        for table, count in new.items()
    ]
    kinds = Counter(step.address.kind for step in made if step.address.kind in DEFINITION_KINDS)
    lines += [
        text("cli.plan_new_of_kind", locale=locale, facts={"kind": text(f"cli.kind_{kind}", locale=locale), "count": n})
        for kind, n in kinds.items()
    ]
    return [*lines, *_notes(plan, locale), *loss_lines(plan, locale=locale)]


def plan_json(plan: Plan) -> dict[str, object]:
    """Return a plan for programs: the artifact, with the risk class of every step and how many there are of each.

    Args:
        plan: The plan.

    Returns:
        JSON content; ``format_version`` is that of the artifact.
    """
    content = plan.model_dump(mode="json")
    steps = [{**raw, "risk": step.risk.value} for raw, step in zip(content["steps"], plan.steps, strict=True)]
    return {"format_version": plan.format, **content, "steps": steps, "risks": risks_of(plan)}


def risks_of(plan: Plan) -> dict[str, int]:
    """Return how many steps there are of each risk class."""
    counted = Counter(step.risk for step in plan.steps)
    return {risk.value: counted[risk] for risk in Risk}


def loss_lines(plan: Plan, *, locale: Locale) -> list[str]:
    """Return what a rollback of the plan could not restore, as lines; none when nothing is to be lost."""
    if not plan.losses:
        return []
    head = text("cli.losses", locale=locale)
    return [head, *(f"  · {text(note.code, locale=locale, facts=note.facts)}" for note in plan.losses)]


def object_lines(address: Address, known: StateObject, *, locale: Locale) -> list[str]:
    """Return what the state knows of one object, as lines."""
    facts: dict[str, FactValue] = {
        "address": str(address),
        "id": known.remote_id,
        "origin": text(f"cli.origin_{known.origin.value}", locale=locale),
        "at": f"{known.at:%Y-%m-%d %H:%M:%S} UTC",
        "by": known.attested_by or "-",
    }
    head = text("cli.state_object", locale=locale, facts=facts)
    return [
        head,
        *(
            f"  {attribute_name(attribute, locale)}: {value_text(attribute, value, locale)}"
            for attribute, value in known.applied.items()
        ),
    ]


def _first(lines: list[str], locale: Locale) -> list[str]:
    if len(lines) <= _LISTED:
        return lines
    return [*lines[:_LISTED], "  " + text("cli.more_lines", locale=locale, facts={"count": len(lines) - _LISTED})]


def _step_lines(steps: Iterable[Step], locale: Locale) -> Iterator[str]:
    ordered = sorted(steps, key=lambda step: step.risk.value != "data_loss")
    leaving = {step.address for step in ordered if step.action.value in {"delete", "forget"}}
    inside = Counter(_outermost(step.address, leaving) for step in ordered if step.address in leaving)
    for step in ordered:
        if step.address in leaving and _outermost(step.address, leaving) != step.address:
            continue
        mark = "" if step.risk.value == "safe" else text(f"cli.risk_{step.risk.value}", locale=locale)
        reason = text(f"cli.reason_{_reason(step)}", locale=locale)
        along = inside[step.address] - 1
        more = text("cli.with_members", locale=locale, facts={"count": along}) if along > 0 else ""
        yield f"  {step.action.sign} {' / '.join(step.named)}  {reason}{more}{mark}"
        for change in step.changes if step.action.value == "update" else ():
            before, after = (value_text(change.attribute, value, locale) for value in (change.before, change.after))
            cause = "" if change.cause.value == "change" else text(f"cli.cause_{change.cause.value}", locale=locale)
            yield f"      {attribute_name(change.attribute, locale)}: {before} → {after}  {cause}".rstrip()


def _outermost(address: Address, leaving: Set[Address]) -> Address:
    """The object that takes an address along when it goes."""
    parent = address.parent
    return address if parent is None or parent not in leaving else _outermost(parent, leaving)


def _reason(step: Step) -> str:
    return "deleted" if step.action.value == "delete" else step.reason.value


def _notes(plan: Plan, locale: Locale) -> list[str]:
    return [
        f"  ! {problem_line(note.problem(), locale=locale)}" for note in (*plan.conflicts, *plan.refusals, *plan.notes)
    ]


def apply_lines(report: ApplyReport, *, locale: Locale, settled: str = "cli.apply_settled") -> list[str]:
    """Return what applying a plan did, as lines; ``settled`` is the message when all is as wished."""
    counted = Counter(result.outcome.value for result in report.results)
    facts: dict[str, FactValue] = {name: counted.get(name, 0) for name in ("done", "already", "manual", "waiting")}
    lines = [text("cli.apply_counts", locale=locale, facts=facts)]
    code = settled if report.is_settled else "cli.apply_pending"
    lines.append(text(code, locale=locale, facts={"count": len(report.pending) + len(report.waiting)}))
    if report.snapshot is not None:
        said: dict[str, FactValue] = {"snapshot": report.snapshot, "rows": report.snapshot_rows}
        lines.append(text("cli.apply_snapshot", locale=locale, facts=said))
    lines += list(_step_lines(report.unsettled, locale))
    lines += [f"  ! {problem_line(note.problem(), locale=locale)}" for note in (*report.problems, *report.notes)]
    return lines


def drift_lines(report: DriftReport, *, locale: Locale) -> list[str]:
    """Return what moved in the workspace, as lines."""
    unseen = [text("plan.unseen", locale=locale, facts={"count": report.unseen})] if report.unseen else []
    if report.is_empty:
        return [text("cli.drift_none", locale=locale), *unseen]
    facts: dict[str, FactValue] = {"count": len(report.steps) + len(report.problems)}
    lines = [text("cli.drift_found", locale=locale, facts=facts), *_step_lines(report.steps, locale)]
    lines += [f"  ! {problem_line(note.problem(), locale=locale)}" for note in report.problems]
    return lines + unseen


def proposal_lines(found: list[Proposal], *, locale: Locale) -> list[str]:
    """Return proposed bindings as lines."""
    if not found:
        return [text("cli.adopt_none", locale=locale)]
    exact = [proposal for proposal in found if proposal.how != "likeness"]
    alike = [proposal for proposal in found if proposal.how == "likeness"]
    lines: list[str] = []
    for code, some in (("cli.adopt_found", exact), ("cli.adopt_alike", alike)):
        if some:
            lines.append(text(code, locale=locale, facts={"count": len(some)}))
            lines += _first([line for proposal in some for line in _proposal(proposal, locale)], locale)
    return lines


def _proposal(proposal: Proposal, locale: Locale) -> list[str]:
    line = f"  {proposal.address}={proposal.remote_id}  {' / '.join(proposal.named)} ← {proposal.found_name}"
    return [line, *(f"    ! {text(note.code, locale=locale, facts=note.facts)}" for note in proposal.problems)]


def state_lines(state: StateFile, *, locale: Locale) -> list[str]:
    """Return the bindings as lines."""
    facts: dict[str, FactValue] = {"count": len(state.objects), "serial": state.serial}
    head = text("cli.state_counts", locale=locale, facts=facts)
    return [
        head,
        *(f"  {address}  {bound.remote_id}  {bound.origin.value}" for address, bound in state.objects.items()),
    ]


def _schema_writes(can: Capabilities) -> str:
    if not can.performs:
        return "no"
    return "yes" if can.creates_kinds is None else "partly"


def doctor_report(site: Site, wish: Wish, *, clock: Clock, locale: Locale) -> dict[str, str]:
    """Find out what the connection may do, without changing anything.

    Args:
        site: The connected workspace; connecting proved the key and the workspace.
        wish: The template, which loaded without mistakes.
        clock: For the answer time.
        locale: Language.

    Returns:
        Topic → finding.
    """
    started = clock.monotonic_s()
    observed = site.connection.schema_source.observe(workspace=site.workspace)
    took_s = clock.monotonic_s() - started
    can = site.connection.capabilities
    hints = _hints(site, wish)
    return {
        "connection": site.connection.name,
        "workspace": f"{site.profile.workspace} ({site.workspace})",
        "tables": str(len(observed.tables)),
        "answer": f"{took_s / (1 + len(observed.tables)):.3f} s",
        "schema_writes": _schema_writes(can),
        "by_hand": by_hand(wish.schema, can, locale=locale),
        "rate": "-" if site.profile.rate_per_s is None else str(site.profile.rate_per_s),
        "template": f"{wish.schema.app} {wish.schema.version}",
        **({"hints": hints} if hints else {}),
    }


def _hints(site: Site, wish: Wish) -> str:
    """Return how many of the tables with automations give hints; empty where no program can arrange them."""
    sink = site.connection.hints
    if sink is None:
        return ""
    bindings = bindings_of(store_of(site, wish).load(owner_of(site, wish)))
    told = standing(wish.schema, bindings=bindings, sink=sink)
    return f"{sum(told.values())}/{len(told)}"
