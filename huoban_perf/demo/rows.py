"""The rows every seeded workspace has: organisation, scheme, cycle, appraisals, rating forms.

A ``Batch`` is one table's rows; batches are written in order, so that a relation always finds its target. Status fields
are first values only: from then on they belong to the jobs.

Source: data-model.md "For the first deployment" (what the seed writes), §1 rule 8 (natural keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

Row = Mapping[str, Value | Refs]
STATUS = frozenset({"status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one table, written together.

    Attributes:
        table: Table key.
        rows: The rows; keys are unique.
        first_only: Fields that later belong to a job.
    """

    table: str
    rows: tuple[WantedRow, ...]
    first_only: frozenset[str] = frozenset()


def batch(table: str, key_field: str, rows: Iterable[Row], *, first_only: frozenset[str] = frozenset()) -> Batch:
    """Make a batch of rows that carry their own key.

    Args:
        table: Table key.
        key_field: The field with the natural key or business code.
        rows: Field key → value; the key stands in every row.
        first_only: Fields that later belong to a job.

    Returns:
        The batch.
    """
    keyed = tuple(WantedRow(key=str(row[key_field]), values=row) for row in rows)
    return Batch(table=table, rows=keyed, first_only=first_only)


def folded(batches: Sequence[Batch]) -> list[Batch]:
    """Put later values of a row into its first mention, so that no row is written twice.

    Args:
        batches: In writing order; what is said later of a row points to no other row.

    Returns:
        The batches without the later mentions; empty ones are left out.
    """
    first: dict[tuple[str, str], dict[str, Value | Refs]] = {}
    kept: list[tuple[Batch, list[str]]] = []
    for part in batches:
        keys = [row.key for row in part.rows if (part.table, row.key) not in first]
        for row in part.rows:
            first.setdefault((part.table, row.key), {}).update(row.values)
        kept.append((part, keys))
    return [
        Batch(
            table=part.table,
            rows=tuple(WantedRow(key=key, values=first[part.table, key]) for key in keys),
            first_only=part.first_only,
        )
        for part, keys in kept
        if keys
    ]


def scheme_key(document: Mapping[str, object]) -> str:
    """Return the natural key of a scheme document."""
    return natural_key(str(document["name"]), str(document["version"]))


def scheme_batches(document: Mapping[str, object], *, grade_keys: Mapping[str, str]) -> list[Batch]:
    """Return the rows of 考核方案, 评价维度 and 等级规则 that say what a scheme document says.

    Args:
        document: A canonical scheme document as the template holds it (text values).
        grade_keys: Grade name → option key.

    Returns:
        Three batches.
    """
    name, version = str(document["name"]), str(document["version"])
    key = scheme_key(document)
    parts, items, total = _part(document, "parts"), _part(document, "items"), _part(document, "total")
    scheme: Row = {
        "natural_key": key,
        "status": "active",
        "name": name,
        "version": version,
        "kpi_weight": _number(parts.get("kpi_weight")),
        "review_weight": _number(parts.get("review_weight")),
        "okr_weight": _number(parts.get("okr_weight")),
        "score_cap": _number(total.get("cap")),
        "score_floor": _number(total.get("floor")),
        "item_weight_mode": _text(items.get("mode")),
        "missing_policy": _text(items.get("missing")),
    }
    groups = [
        {
            "natural_key": natural_key(name, version, str(group["relation"])),
            "scheme": Refs("scheme", (key,)),
            "relation": str(group["relation"]),
            "weight": _number(group["weight"]),
            "anonymity_minimum": _number(group.get("threshold")),
            "trim_percent": _number(group.get("trim")),
            "when_short": _text(group.get("when_short")),
            "required": True if group.get("required") == "true" else None,
        }
        for group in _list(_part(document, "raters"), "groups")
    ]
    bands = [
        {
            "natural_key": natural_key(name, version, str(grade["name"])),
            "scheme": Refs("scheme", (key,)),
            "grade": grade_keys[str(grade["name"])],
            "lower_bound": _number(grade.get("lower")),
            "coefficient": _number(grade.get("coefficient")),
        }
        for grade in _list(document, "grades")
    ]
    return [
        batch("scheme", "natural_key", [scheme], first_only=STATUS),
        batch("rater_group", "natural_key", groups),
        batch("grade_band", "natural_key", bands),
    ]


def cycle_batch(*, name: str, kind: str, start: date, end: date, scheme: str, decider: tuple[str, ...] = ()) -> Batch:
    """Return the row of 考核周期, born in 评价中 as the first deployment has no state machine yet.

    Args:
        name: 周期名称.
        kind: Option key of 类型.
        start: First day.
        end: Last day.
        scheme: Natural key of the scheme.
        decider: Member who signs the results, or empty.

    Returns:
        One batch.
    """
    row: Row = {
        "status": "reviewing",
        "name": name,
        "kind": kind,
        "schemes": Refs("scheme", (scheme,)),
        "start_date": start,
        "end_date": end,
        "decider": decider,
    }
    return batch("cycle", "name", [row], first_only=STATUS)


def appraisal_row(*, cycle: str, person: str, name: str, department: str, scheme: str, excluded: str = "") -> Row:
    """Return the row of one person's 绩效考核单.

    Args:
        cycle: 周期名称.
        person: 工号.
        name: 姓名, for the title.
        department: 部门编码.
        scheme: Natural key of the scheme.
        excluded: 不参评原因, or empty.

    Returns:
        Field key → value.
    """
    return {
        "natural_key": natural_key(cycle, person),
        "name": f"{name} {cycle}",
        "status": "not_appraised" if excluded else "calculating",
        "subject_kind": "person",
        "employee": Refs("employee", (person,)),
        "department": Refs("department", (department,)),
        "cycle": Refs("cycle", (cycle,)),
        "scheme": Refs("scheme", (scheme,)),
        "exclusion_reason": excluded or None,
    }


def department_levels(parents: Sequence[tuple[str, str, str]]) -> list[Batch]:
    """Return departments (code, name, parent code), one batch a level, the top first.

    Args:
        parents: Code, name and parent's code; an empty parent is a root.

    Returns:
        Batches in writing order.
    """
    batches: list[Batch] = []
    above: set[str] = {""}
    left = list(parents)
    while left:
        level = [entry for entry in left if entry[2] in above]
        rows: list[Row] = [
            {
                "code": code,
                "name": name,
                "parent": Refs("department", (parent,)) if parent else None,
                "active": True,
            }
            for code, name, parent in level
        ]
        batches.append(batch("department", "code", rows))
        above = {code for code, _, _ in level}
        left = [entry for entry in left if entry not in level]
    return batches


def _part(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = document.get(key)
    return part if isinstance(part, Mapping) else {}


def _list(document: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    part = document.get(key)
    return [entry for entry in part if isinstance(entry, Mapping)] if isinstance(part, list) else []


def _number(text: object) -> Decimal | None:
    return None if text in (None, "") else Decimal(str(text))


def _text(text: object) -> str | None:
    return None if text in (None, "") else str(text)
