"""Lint, and the gate behind it: every mistake of a template at once, each with file, line and address.

``lint_template`` lists them; ``load_template`` refuses a template that has any.

Mistakes inside one file come from reading it (``load``); rules across files are in ``checks``, one module a subject,
each skipping what could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from huoban_perf.core.errors import FactValue, Problem, TemplateError
from huoban_perf.template.checks.app import check_app
from huoban_perf.template.checks.automations import check_automations
from huoban_perf.template.checks.bearable import check_forms
from huoban_perf.template.checks.criteria import check_criteria
from huoban_perf.template.checks.machines import check_machines
from huoban_perf.template.checks.quota import check_quota
from huoban_perf.template.checks.relations import check_relations
from huoban_perf.template.checks.ripples import check_ripples
from huoban_perf.template.checks.scheme import check_scheme
from huoban_perf.template.checks.sight import check_sight
from huoban_perf.template.checks.tables import check_tables
from huoban_perf.template.checks.trace import check_trace
from huoban_perf.template.checks.twice import check_twice
from huoban_perf.template.checks.writes import check_writes
from huoban_perf.template.compile import Compiled, compile_draft
from huoban_perf.template.findings import Finding, error
from huoban_perf.template.load import AppTemplate, Draft, read_template

_CHECKS: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    check_app,
    check_tables,
    check_criteria,
    check_scheme,
)

_MEANING: Final[tuple[Callable[[Compiled], Iterator[Finding]], ...]] = (
    check_twice,
    check_relations,
    check_sight,
    check_forms,
    check_machines,
    check_automations,
    check_writes,
    check_ripples,
    check_quota,
    check_trace,
)


def lint_template(name: str | Path, *, parameters: Path | None = None, scheme: Path | None = None) -> list[Finding]:
    """Check a template without refusing it.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file, or None.
        scheme: A scheme document, or None.

    Returns:
        Every finding, by file and line.

    Raises:
        TemplateError: There is no such template.
    """
    return _findings(compile_draft(read_template(name, parameters=parameters, scheme=scheme)))


def _findings(compiled: Compiled) -> list[Finding]:
    """Check whatever could be read and compiled; every finding, by file and line."""
    draft = compiled.draft
    broken = [(problem.file, _place(problem)) for problem in draft.problems]
    findings = [finding for check in _CHECKS for finding in check(draft)] + [error(one) for one in compiled.problems]
    if not draft.problems and not any(finding.severity == "error" for finding in findings):
        # What files mean together is judged once every name in them leads somewhere.
        findings += [finding for check in _MEANING for finding in check(compiled)]
    kept = [finding for finding in findings if not _follows(finding.problem, broken)]
    everything = [error(problem) for problem in draft.problems] + kept
    return sorted(everything, key=lambda finding: (finding.problem.file or "", finding.problem.line or 0))


def _follows(problem: Problem, broken: list[tuple[str | None, str]]) -> bool:
    """Tell whether a finding may only be the shadow of a broken part at or below its own place."""
    place = _place(problem)
    is_table = (problem.address or "").startswith("table:")
    return any(
        problem.file == file and (place == other or (not is_table and other.startswith(f"{place}.")))
        for file, other in broken
    )


def _place(problem: Problem) -> str:
    return (problem.address or "").rpartition(":")[2]


def load_template(name: str | Path, *, parameters: Path | None = None, scheme: Path | None = None) -> AppTemplate:
    """Read a template, refuse it with every mistake, or return it.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file; None takes the template's own.
        scheme: A scheme document; None takes the one the parameter file names, else the template's own.

    Returns:
        The template; it passed ``lint`` without errors.

    Raises:
        TemplateError: ``problems`` has every mistake of every file, with file, line and address.
    """
    draft = read_template(name, parameters=parameters, scheme=scheme)
    compiled = compile_draft(draft)
    problems = [finding.problem for finding in _findings(compiled) if finding.severity == "error"]
    if problems or draft.app is None or draft.parameters is None or draft.scheme is None:
        facts: dict[str, FactValue] = {"template": str(name), "count": len(problems)}
        raise TemplateError("template.invalid", facts=facts, problems=problems)
    return AppTemplate(
        schema=compiled.schema,
        folder=draft.folder,
        app=draft.app,
        parameters=draft.parameters,
        tables={key: draft.tables[key] for key in draft.app.model.order},
        scheme_source=draft.scheme,
        trace=draft.trace,
    )
