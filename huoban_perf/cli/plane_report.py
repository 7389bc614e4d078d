"""What ``doctor`` says of the planes beside the documented one."""

from __future__ import annotations

from collections.abc import Iterable

from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.labels import Locale
from huoban_perf.core.ports import Finding, Verdict

_SIGNS = {Verdict.PROVEN: "✓", Verdict.REFUSED: "✗", Verdict.NOT_PROVEN: "?"}


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
