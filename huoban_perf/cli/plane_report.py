"""What ``doctor``, ``plan`` and ``apply`` say of the planes of a connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from huoban_perf.cli.render import show_note
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.labels import Locale
from huoban_perf.core.ports import Finding, Verdict
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy import Performer, Plan, kind_name

_SIGNS = {Verdict.PROVEN: "✓", Verdict.REFUSED: "✗", Verdict.NOT_PROVEN: "?"}


def note_caution(plan: Plan, capabilities: Capabilities, *, locale: Locale) -> None:
    """Say what a person should know before a connection of doubtful standing changes schema; nothing otherwise."""
    ours = sum(1 for step in plan.steps if step.performer is Performer.API)
    if capabilities.caution is not None and ours:
        show_note(text(capabilities.caution, locale=locale, facts={"count": ours}))


def by_hand(schema: DesiredSchema, capabilities: Capabilities, *, locale: Locale) -> str:
    """Return what of a template a person has to build under a connection: the count of fields, by kind."""
    kinds = Counter(field.kind for field in schema.fields() if not capabilities.can_create(field.kind))
    listed = ", ".join(f"{kind_name(kind, locale)} {count}" for kind, count in kinds.most_common())
    return f"{sum(kinds.values())} ({listed})" if kinds else "0"


def finding_lines(findings: Iterable[Finding], *, locale: Locale) -> list[str]:
    """Return findings as lines: proven, refused with its reason, or not proven.

    Args:
        findings: What was found out.
        locale: Language.

    Returns:
        One line a finding; a refusal has a second one.
    """
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{_SIGNS[finding.verdict]} {text(finding.code, locale=locale, facts=finding.facts)}")
        if finding.cause is not None:
            lines.append(f"    {problem_line(finding.cause, locale=locale)}")
    return lines


def finding_records(findings: Iterable[Finding], *, locale: Locale) -> list[dict[str, str]]:
    """Return findings as they stand in JSON: ``plane``, ``verdict``, ``code``, ``message``, ``cause``."""
    return [
        {
            "plane": finding.plane,
            "verdict": finding.verdict.value,
            "code": finding.code,
            "message": text(finding.code, locale=locale, facts=finding.facts),
            "cause": "" if finding.cause is None else finding.cause.code,
        }
        for finding in findings
    ]
