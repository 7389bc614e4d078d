"""The rows every seeded workspace has: organisation, scheme, cycle, appraisals, rating forms.

A ``Batch`` is one table's rows; batches are written in order, so that a relation always finds its target. Status fields
are first values only: from then on they belong to the jobs.

Source: data-model.md "For the first deployment" (what the seed writes), §1 rule 8 (natural keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from huoban_perf.core.values import Value
from huoban_perf.sync.scheme_rows import scheme_rows
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


def scheme_batches(document: Mapping[str, object], *, grade_keys: Mapping[str, str]) -> list[Batch]:
    """Return a scheme document as rows of its three tables.

    Args:
        document: A canonical scheme document as the template holds it (text values).
        grade_keys: Grade name → option key.

    Returns:
        Three batches.
    """
    return [
        Batch(table=table, rows=tuple(rows), first_only=STATUS if table == "scheme" else frozenset())
        for table, rows in scheme_rows(document, grade_keys=grade_keys).items()
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
