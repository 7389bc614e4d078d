"""Rules fixed when a cycle is announced (公示): the scheme document and its hash, and changes that somebody approved.

Before the announcement rules are free. From then on a run must have the announced hash, or the hash of a change that
has a note and an approver. The snapshot of rater adjustments is no rule but data, approved later with a digest of its
own, so that the hash leaves it out; whether adjustments are adopted at all is a rule.

Source: data-model.md 考核周期 (公示方案, 公示校验码, 方案变更说明, 变更批准人, 变更后校验码); issue 3 point 3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, PinnedRulesError, Problem, SyncError
from huoban_perf.core.values import Value
from huoban_perf.scoring import parse_scheme, scheme_document, scheme_hash
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.cycle_row import find_cycle
from huoban_perf.sync.scheme import TABLES, scheme_documents
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.sync.wanted import WantedRow
from huoban_perf.sync.write_back import WritePlan, WriteReport, compare, write

Documents = Mapping[str, Mapping[str, object]]

_MOST_SHOWN = 20


def announced_schemes(cycle: str, *, tables: Mapping[str, TableRows], schemes: Documents) -> Documents:
    """Return the documents of a cycle's 适用方案.

    Args:
        cycle: 周期名称.
        tables: Rows of ``cycle`` and ``scheme``.
        schemes: Natural key → canonical document, all schemes of the workspace.

    Returns:
        Natural key → canonical document.
    """
    named = tables["cycle"].value(find_cycle(cycle, tables=tables).row, "schemes")
    rows = (tables["scheme"].row_of_id(str(item)) for item in (named if isinstance(named, tuple) else ()))
    keys = {str(tables["scheme"].value(row, "natural_key")) for row in rows if row is not None}
    return {key: document for key, document in schemes.items() if key in keys}


def rules_hash(schemes: Documents) -> str:
    """Return the hash of rules as announced: over all documents, without snapshots of rater adjustments.

    Args:
        schemes: Natural key → canonical document.

    Returns:
        ``sha256:…``.
    """
    return digest({key: scheme_hash(_rules(document)) for key, document in schemes.items()})


def _rules(document: Mapping[str, object]) -> Mapping[str, object]:
    severity = document.get("severity")
    if not isinstance(severity, dict) or not severity.get("snapshot"):
        return document
    return {**document, "severity": {**severity, "snapshot": ""}}


def refuse_other_rules(cycle: str, *, tables: Mapping[str, TableRows], schemes: Documents) -> None:
    """Stop when a cycle is announced and its rules are neither the announced ones nor those of an approved change.

    Args:
        cycle: 周期名称.
        tables: Rows of ``cycle`` and ``scheme``, the cycle whole.
        schemes: All schemes of the workspace, natural key → canonical document.

    Raises:
        PinnedRulesError: Other rules; ``problems`` names every option that differs, before and after.
    """
    if "announced_hash" not in tables["cycle"].columns:
        _refuse_unlike_text(cycle, tables["cycle"], found=rules_hash(schemes))
        return
    pin = _pin(tables["cycle"], find_cycle(cycle, tables=tables).row)
    now = announced_schemes(cycle, tables=tables, schemes=schemes)
    found = rules_hash(now)
    if not pin.announced or found == pin.announced or (found == pin.changed and pin.is_approved):
        return
    problems = list(_differences(pin.documents, now))
    facts: dict[str, FactValue] = {"cycle": cycle, "count": len(problems)}
    code = "sync.change_unapproved" if found == pin.changed else "sync.rules_changed"
    raise PinnedRulesError(code, facts=facts, problems=problems)


HASH_LABEL = "规则校验码"
"""Begins the last line of 规则公示 in an app that has no field for the hash."""


def _refuse_unlike_text(cycle: str, cycles: TableRows, *, found: str) -> None:
    row = cycles.row_of_key(cycle)
    text = str(cycles.value(row, "announced_scheme") or "") if row is not None else ""
    pinned = [line.removeprefix(HASH_LABEL).strip() for line in text.splitlines() if line.startswith(HASH_LABEL)]
    if pinned and pinned[-1] != found:
        raise PinnedRulesError("sync.rules_file_changed", facts={"cycle": cycle})


def refuse_other_schemes(
    cycle: str, *, tables: Mapping[str, TableRows], schemes: Documents, used: Mapping[str, int]
) -> None:
    """Stop when somebody of an announced cycle is scored by a scheme that was not announced.

    Args:
        cycle: 周期名称.
        tables: Rows of ``cycle`` and ``scheme``, the cycle whole.
        schemes: All schemes of the workspace.
        used: Scheme key → subjects scored by it.

    Raises:
        PinnedRulesError: With one problem a scheme.
    """
    if "announced_hash" not in tables["cycle"].columns:
        return  # the one scheme of the parameter file
    if not _pin(tables["cycle"], find_cycle(cycle, tables=tables).row).announced:
        return
    announced = announced_schemes(cycle, tables=tables, schemes=schemes)
    problems = [
        Problem(code="sync.scheme_not_announced", facts={"scheme": key, "count": count, "known": tuple(announced)})
        for key, count in sorted(used.items())
        if key not in announced
    ]
    if problems:
        facts: dict[str, FactValue] = {"cycle": cycle, "count": len(problems)}
        raise PinnedRulesError("sync.rules_changed", facts=facts, problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pin:
    """What a cycle's row says of its rules."""

    announced: str
    documents: Documents
    changed: str
    note: str
    is_approved: bool


def _pin(cycles: TableRows, row: int) -> _Pin:
    note, approver = (cycles.value(row, key) for key in ("scheme_change_note", "change_approver"))
    try:
        documents = json.loads(str(cycles.value(row, "announced_scheme") or "{}"))
    except ValueError:
        documents = {}
    return _Pin(
        announced=str(cycles.value(row, "announced_hash") or ""),
        documents=documents if isinstance(documents, dict) else {},
        changed=str(cycles.value(row, "changed_hash") or ""),
        note=str(note or "").strip(),
        is_approved=bool(approver) and bool(str(note or "").strip()),
    )


def _differences(before: Documents, after: Documents) -> Iterator[Problem]:
    """Name every option that differs between two sets of documents."""
    old, new = (dict(_leaves(documents)) for documents in (before, after))
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            facts: dict[str, FactValue] = {"before": old.get(path, "-"), "after": new.get(path, "-")}
            yield Problem(code="sync.rule_differs", facts=facts, address=path)


def _leaves(content: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(content, Mapping):
        for key, part in content.items():
            if path.endswith("severity") and key == "snapshot":
                continue
            yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(content, list | tuple):
        for index, part in enumerate(content):
            name = part.get("name") or part.get("relation") if isinstance(part, Mapping) else None
            yield from _leaves(part, f"{path}[{name or index}]")
    else:
        yield path, str(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What ``announce`` came to.

    Attributes:
        cycle: 周期名称.
        hash: Hash of the rules as they stand.
        plan: What differs in 考核周期.
        report: What was written; None for a preview.
        is_change: The rules had been announced before and an approved change is recorded.
        differences: What the change changes.
    """

    cycle: str
    hash: str
    plan: WritePlan
    report: WriteReport | None
    is_change: bool
    differences: tuple[Problem, ...]


def announce(
    app: DeployedApp, *, cycle: str, pass_grade: str, apply: bool, begins: Callable[[Announced], None] = lambda _: None
) -> Announced:
    """Pin the rules of a cycle, or record an approved change of pinned rules.

    Args:
        app: The deployed app.
        cycle: 周期名称.
        pass_grade: The grade that counts as 合格, as ``extract_map`` has it.
        apply: Write; otherwise only preview.
        begins: Told what is about to be written, before it is.

    Returns:
        What was pinned. A second run with the same rules writes nothing.

    Raises:
        SyncError: No such cycle, or it names no scheme.
        SchemeError: A scheme contradicts itself.
        PinnedRulesError: Other rules were announced, and 方案变更说明 or 变更批准人 is empty.
    """
    tables = {name: read_table(app, table=app.schema.table(name)) for name in ("cycle", *TABLES)}
    documents = scheme_documents(tables, schema=app.schema, pass_grade=pass_grade)
    schemes = {key: scheme_document(parse_scheme(document)) for key, document in sorted(documents.items())}
    row = find_cycle(cycle, tables=tables).row
    now = announced_schemes(cycle, tables=tables, schemes=schemes)
    if not now:
        raise SyncError("sync.no_schemes_named", facts={"cycle": cycle})
    pin, found = _pin(tables["cycle"], row), rules_hash(now)
    is_change = bool(pin.announced) and found != pin.announced
    differences = tuple(_differences(pin.documents, now)) if is_change else ()
    if is_change and not pin.is_approved:
        facts: dict[str, FactValue] = {"cycle": cycle, "count": len(differences)}
        raise PinnedRulesError("sync.change_unapproved", facts=facts, problems=differences[:_MOST_SHOWN])
    values: dict[str, Value] = {"name": cycle}
    if is_change:
        values["changed_hash"] = found
    elif not pin.announced:
        text = json.dumps(now, ensure_ascii=False, sort_keys=True, default=str)
        values |= {"announced_scheme": text, "announced_hash": found, "announced_on": app.clock.now()}
    plan = compare(wanted=[WantedRow(key=cycle, values={**values})], standing=tables["cycle"], tables=tables)
    planned = Announced(cycle=cycle, hash=found, plan=plan, report=None, is_change=is_change, differences=differences)
    if not apply:
        return planned
    if plan.writes:
        begins(planned)
    return replace(planned, report=write(plan, app=app, standing=tables["cycle"]))
