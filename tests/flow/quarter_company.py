"""Who is in the quarter: the sample company or a dozen of its people, before its cycle begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from huoban_perf.core.schema import COMPUTED_KINDS
from huoban_perf.core.values import Value
from huoban_perf.demo.rows import Batch, batch
from huoban_perf.sync.wanted import Refs
from tests.flow.quarter_script import CYCLE, EXECUTIVE, HR, PAYROLL
from tests.unit.cycle.company import BASE, DATES
from tests.unit.sync.company import company_batches, schema

DOZEN = frozenset("E001 E002 E003 E004 E005 E008 E010 E012 E013 E015 E020 E021".split())
"""Three levels of command and two teams: the fewest with whom everything in the script can happen."""

STAGES = ("goal", "self", "peer", "calibration", "interview", "confirmation", "appeal", "outcome")
ROLES: Mapping[str, tuple[str, ...]] = {"hr": (HR,), "payroll": (PAYROLL,), "executive": (EXECUTIVE, "E003")}

TABLES_COMPARED = (
    "cycle",
    "appraisal",
    "goal",
    "metric_actual",
    "review_task",
    "score_result",
    "calibration",
    "interview",
    "improvement",
    "appeal",
    "outcome",
)
# Moments, and the digest over inputs that holds one (提交时间).
_WHEN = frozenset(
    "input_hash batch calculated_on released_on announced_on decided_on collected_on submitted_on".split()
) | {"employee_confirmed_on"}


def batches(account_of: Callable[[str], str], people: frozenset[str] | None) -> list[Batch]:
    """Everything that stands before the cycle is announced.

    Args:
        account_of: 工号 → member id.
        people: 工号 of those who take part; None: everybody.
    """
    base = [_staffed(part, account_of, people) for part in company_batches() if part.table in BASE]
    scheme = next(part.rows[0].key for part in base if part.table == "scheme")
    cycle: dict[str, Value | Refs] = {
        "name": CYCLE,
        "status": "draft",
        "kind": "quarter",
        "schemes": Refs("scheme", (scheme,)),
        "decider": (account_of(EXECUTIVE),),
        "min_days": Decimal(30),
        "enabled_stages": STAGES,
        **DATES,
    }
    heads = {"D00": "E001", "D10": "E002", "D11": "E004", "D12": "E005", "D30": "E008"}
    rows = [{"code": code, "head": (account_of(number),)} for code, number in heads.items()]
    return [*base, batch("cycle", "name", [cycle]), batch("department", "code", rows)]


def _staffed(part: Batch, account_of: Callable[[str], str], people: frozenset[str] | None) -> Batch:
    if part.table != "employee":
        return part
    kept = [row for row in part.rows if people is None or row.key in people]
    return replace(
        part, rows=tuple(replace(row, values={**row.values, "account": (account_of(row.key),)}) for row in kept)
    )


def world_of(
    tables: Mapping[str, Mapping[str, Mapping[str, Value]]], *, who: Mapping[str, str]
) -> dict[str, dict[str, dict[str, Value]]]:
    """What stands, by natural key, without moments and ids: equal for equal worlds wherever they are.

    Args:
        tables: Table → item id → values, of every table.
        who: Member id → 工号.
    """
    names = {
        table: {item: str(row.get(schema().table(table).key_field or "") or item) for item, row in rows.items()}
        for table, rows in tables.items()
    }
    return {
        table: dict(
            sorted(
                (names[table][item], _plain(table, row, names=names, who=who)) for item, row in tables[table].items()
            )
        )
        for table in TABLES_COMPARED
    }


def _plain(
    table: str, row: Mapping[str, Value], *, names: Mapping[str, Mapping[str, str]], who: Mapping[str, str]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for field in schema().table(table).fields:
        key, value = field.address.key, row.get(field.address.key)
        if value in {None, "", ()} or key in _WHEN or field.kind in COMPUTED_KINDS:
            continue
        if isinstance(value, tuple):
            known = names.get(field.target.key, {}) if field.target else who
            value = tuple(known.get(part, part) for part in value)
        if field.kind.value == "signature":
            value = "signed"
        if isinstance(value, Decimal):
            value = value.normalize()
        found[key] = value
    return found
