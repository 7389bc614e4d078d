"""A canonical scheme document as rows of 考核方案, 评价维度 and 等级规则: the way back of ``scheme``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key, wanted

Values = Mapping[str, Value | Refs]


def scheme_key(document: Mapping[str, object]) -> str:
    """Return the natural key of a scheme document."""
    return natural_key(str(document["name"]), str(document["version"]))


def scheme_rows(document: Mapping[str, object], *, grade_keys: Mapping[str, str]) -> dict[str, list[WantedRow]]:
    """Return the rows that say what a scheme document says.

    Args:
        document: A canonical scheme document as the template holds it (text values).
        grade_keys: Grade name → option key.

    Returns:
        Table key → rows, in writing order.
    """
    name, version = str(document["name"]), str(document["version"])
    key = scheme_key(document)
    parts, items, total = _part(document, "parts"), _part(document, "items"), _part(document, "total")
    scheme: Values = {
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
        "absence_above": _number(_part(document, "periods").get("absence_above")),
        "department_coefficient_use": _text(_part(document, "departments").get("use")),
    }
    groups: list[Values] = [
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
    bands: list[Values] = [
        {
            "natural_key": natural_key(name, version, str(grade["name"])),
            "scheme": Refs("scheme", (key,)),
            "grade": grade_keys[str(grade["name"])],
            "lower_bound": _number(grade.get("lower")),
            "coefficient": _number(grade.get("coefficient")),
        }
        for grade in _list(document, "grades")
    ]
    return {
        "scheme": wanted("scheme", "natural_key", [scheme]),
        "rater_group": wanted("rater_group", "natural_key", groups),
        "grade_band": wanted("grade_band", "natural_key", bands),
    }


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
