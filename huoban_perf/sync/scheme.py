"""The canonical scheme document of each scheme, built from the workspace's own scheme tables.

Live cycles are scored by these rows, never by the template's file.

Source: design.md §6 (one canonical document), data-model.md §2 方案.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.sync.snapshot import TableRows

Document = dict[str, object]

TABLES = ("scheme", "rater_group", "grade_band")
"""What a scheme consists of; read whole."""


def scheme_documents(
    tables: Mapping[str, TableRows], *, schema: DesiredSchema, pass_grade: str = ""
) -> dict[str, Document]:
    """Build every scheme's document.

    Args:
        tables: The rows of ``TABLES``.
        schema: The app's schema, for the names of grades.
        pass_grade: The grade that counts as 合格; left out of schemes that do not have it.

    Returns:
        Natural key of the scheme → canonical document (keys as ``scoring.parse_scheme`` states; numbers as text; a cell
        left empty is left out, so that its default holds).
    """
    schemes = tables["scheme"]
    grade_names = {option.address.key: option.labels.zh for option in schema.table("grade_band").field("grade").options}
    documents: dict[str, Document] = {}
    for row in schemes:
        key = str(schemes.value(row, "natural_key"))
        grades = _grades(tables["grade_band"], schemes.item_id(row), grade_names)
        documents[key] = {
            "key": key,
            "name": str(schemes.value(row, "name")),
            "version": str(schemes.value(row, "version")),
            "parts": _filled(
                kpi_weight=schemes.value(row, "kpi_weight"),
                review_weight=schemes.value(row, "review_weight"),
                okr_weight=schemes.value(row, "okr_weight"),
            ),
            "items": _filled(
                mode=schemes.value(row, "item_weight_mode"),
                missing=schemes.value(row, "missing_policy"),
                dimensions=_dimensions(schemes.value(row, "dimensions")),
            ),
            "raters": {"groups": _groups(tables["rater_group"], schemes.item_id(row))},
            "total": _filled(
                floor=schemes.value(row, "score_floor"),
                cap=schemes.value(row, "score_cap"),
                adjustment_cap=schemes.value(row, "adjustment_cap"),
            ),
            "distribution": _distribution(schemes, row),
            "departments": _filled(use=schemes.value(row, "department_coefficient_use")),
            **_periods(schemes, row),
            "severity": _filled(mode=schemes.value(row, "severity_mode")),
            "grades": grades,
            **({"pass_grade": pass_grade} if any(grade.get("name") == pass_grade for grade in grades) else {}),
        }
    return documents


def _periods(schemes: TableRows, row: int) -> Document:
    absence = _whole(schemes.value(row, "absence_above")) if "absence_above" in schemes.columns else None
    return {"periods": {"absence_above": absence}} if absence is not None else {}


def stated_scheme(document: Mapping[str, object], *, pass_grade: str) -> Document:
    """Return the scheme document of an app that keeps its rules in the parameter file.

    Args:
        document: As the template states it.
        pass_grade: The grade that counts as 合格, where the scheme has it.

    Returns:
        The document with its 合格.
    """
    grades = document.get("grades")
    names = {grade.get("name") for grade in grades if isinstance(grade, dict)} if isinstance(grades, list) else set()
    return {**document, **({"pass_grade": pass_grade} if pass_grade in names else {})}


def _filled(**values: object) -> Document:
    return {
        key: format(value, "f") if isinstance(value, Decimal) else value
        for key, value in values.items()
        if value not in (None, "", ())
    }


_CHECK = re.compile(r"\s*(.+?)\s*(<=|>=|=|≤|≥)\s*([0-9.]+)\s*[%％]?\s*(向下|向上|四舍五入)?\s*")
_SIGNS = {"≤": "<=", "≥": ">="}
_ROUNDINGS = {"向下": "down", "向上": "up", "四舍五入": "half_away"}


def _distribution(schemes: TableRows, row: int) -> Document:
    checks = [_check(line) for line in str(schemes.value(row, "distribution_rules") or "").splitlines() if line.strip()]
    return _filled(
        control=schemes.value(row, "distribution_control"),
        rounding=schemes.value(row, "quota_rounding"),
        ties=schemes.value(row, "tie_policy"),
        min_n=_whole(schemes.value(row, "distribution_minimum")),
        checks=tuple(checks),
    )


def _check(line: str) -> Document:
    """Read ``S+A ≤ 30% 向下``; a line that is none is left to the scheme's own check, which names it."""
    found = _CHECK.fullmatch(line)
    if found is None:
        return {"grades": [], "sign": line.strip()}
    grades, sign, percent, rounding = found.groups()
    names = [name.strip() for name in re.split(r"[+＋、]", grades)]
    return _filled(grades=names, sign=_SIGNS.get(sign, sign), percent=percent, rounding=_ROUNDINGS.get(rounding or ""))


def _dimensions(text: Value) -> tuple[Document, ...]:
    """Read ``业绩 70`` lines; a line that is not a name and a number is left to the scheme's own check."""
    lines = [line.split() for line in str(text or "").splitlines() if line.strip()]
    return tuple(
        {"name": " ".join(words[:-1] or words), "weight": words[-1] if len(words) > 1 else ""} for words in lines
    )


def _belongs(rows: TableRows, row: int, scheme: str) -> bool:
    return rows.value(row, "scheme") == (scheme,)


def _groups(rows: TableRows, scheme: str) -> list[Document]:
    groups = [
        _filled(
            relation=rows.value(row, "relation"),
            weight=rows.value(row, "weight"),
            threshold=_whole(rows.value(row, "anonymity_minimum")),
            trim=rows.value(row, "trim_percent"),
            when_short=rows.value(row, "when_short"),
            required=_required(rows, row),
        )
        for row in rows
        if _belongs(rows, row, scheme)
    ]
    return sorted(groups, key=lambda group: str(group.get("relation")))


def _required(rows: TableRows, row: int) -> bool | None:
    """Return whether a group must have answered; None where the row says no more than the rule itself.

    Only superiors must answer unless the row says otherwise; for the others an empty switch is one that is off, so that
    rules read from a platform whose switches are never empty have the same hash.
    """
    said = rows.value(row, "required")
    return bool(said) if said is True or (said is False and rows.value(row, "relation") == "superior") else None


def _whole(value: Value) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) else None


def _grades(rows: TableRows, scheme: str, names: Mapping[str, str]) -> list[Document]:
    bands = [
        _filled(
            name=names.get(str(rows.value(row, "grade")), ""),
            lower=rows.value(row, "lower_bound"),
            coefficient=rows.value(row, "coefficient"),
            cap_percent=rows.value(row, "cap_percent"),
            target_percent=rows.value(row, "target_percent"),
            department_coefficient=rows.value(row, "department_coefficient"),
            linkage_percent=rows.value(row, "linkage_percent"),
        )
        for row in rows
        if _belongs(rows, row, scheme)
    ]
    return sorted(bands, key=lambda band: -Decimal(str(band.get("lower", "-100000"))))
