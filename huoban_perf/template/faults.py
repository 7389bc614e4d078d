"""From a model's refusal to a problem with file, line, address, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.template.yaml_text import Mapped, line_of

Path = tuple[str | int, ...]

_CODES: Mapping[str, str] = {
    "enum": "template.unknown_word",
    "literal_error": "template.unknown_word",
    "string_pattern_mismatch": "template.not_snake_case",
    "string_too_short": "template.empty",
    "too_short": "template.too_few",
    "string_too_long": "template.too_long",
    "not_a_flag": "template.not_a_flag",
    "not_a_number": "template.not_a_number",
    "not_a_whole_number": "template.not_a_whole_number",
    "greater_than": "template.out_of_range",
    "greater_than_equal": "template.out_of_range",
    "less_than": "template.out_of_range",
    "less_than_equal": "template.out_of_range",
    "string_type": "template.expected_text",
    "model_type": "template.expected_mapping",
    "dict_type": "template.expected_mapping",
    "tuple_type": "template.expected_list",
}
"""The model's word for a refusal → our message; anything else is ``template.bad_value``."""

_PARTS = {"views": "view", "forms": "form", "automations": "automation"}
_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_NAMES = ("key", "relation", "name", "include", "factor", "grade")


def shape_problems(error: ValidationError, *, kind: type[BaseModel], text: Mapped, shown: str) -> Iterator[Problem]:
    """Yield one problem for every refusal.

    Args:
        error: What the model raised.
        kind: The file's model.
        text: The file's content with line numbers.
        shown: The file's name as people know it.

    Yields:
        Problems in the model's order.
    """
    faults = error.errors(include_url=False)
    for fault in faults:
        path = tuple(fault["loc"])
        if fault["type"] == "too_short" and any(other["loc"][:-1][: len(path)] == path for other in faults):
            continue  # pydantic does not count entries that are wrong themselves; the list is long enough
        code, facts = _meaning(fault, path, kind)
        yield Problem(
            code=code, facts=facts, file=shown, line=line_of(text, path), address=address_of(text, path) or None
        )


def _meaning(fault: ErrorDetails, path: Path, kind: type[BaseModel]) -> tuple[str, dict[str, FactValue]]:
    key, value = str(path[-1]) if path else "-", fault.get("input")
    if fault["type"] == "extra_forbidden":
        allowed = allowed_keys(kind, path[:-1])
        return "template.unknown_key", {"key": key, "near": nearest(key, allowed), "allowed": tuple(allowed)}
    if fault["type"] == "missing" or value is None:
        if key in {"zh", "en"}:
            return "template.missing_label", {"language": key}
        return "template.missing_key", {"key": key}
    code = _CODES.get(fault["type"], "template.bad_value")
    return code, {"key": key, "value": _short(value), **_expected(fault)}


def _expected(fault: ErrorDetails) -> dict[str, FactValue]:
    context: Mapping[str, Any] = fault.get("ctx", {})
    match fault["type"]:
        case "enum" | "literal_error":
            allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return {"near": nearest(str(fault.get("input")), allowed), "allowed": tuple(allowed)}
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            limits = [f"{sign} {context[name]}" for name, sign in _SIGNS.items() if name in context]
            return {"limit": ", ".join(limits)}
        case "too_short":
            return {"least": int(context.get("min_length", 1))}
        case "string_too_long":
            return {"most": int(context.get("max_length", 0))}
        case name if name in _CODES:
            return {}
        case _:
            return {"reason": str(fault["msg"])}


def nearest(word: str, allowed: Sequence[str]) -> str:
    """Return the allowed word that looks most like a wrong one.

    Args:
        word: What was written.
        allowed: What may be written.

    Returns:
        The nearest word, or ``-`` when none is near.
    """
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
    return close[0] if close else "-"


def allowed_keys(kind: type[BaseModel], path: Path) -> list[str]:
    """Return the keys a model knows at a path.

    Args:
        kind: The file's model.
        path: Keys and indexes from the root.

    Returns:
        The keys of the innermost model on the path, sorted.
    """
    here = kind
    for step in path:
        field = next((field for name, field in here.model_fields.items() if step in {name, field.alias}), None)
        here = (_inner_model(field.annotation) if field is not None else None) or here
    return sorted(field.alias or name for name, field in here.model_fields.items())


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = (_inner_model(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in parts if part is not None), None)


def address_of(text: Mapped, path: Path) -> str:
    """Return where in a file something stands, in names rather than numbers.

    Args:
        text: The file's content.
        path: Keys and indexes from the root.

    Returns:
        ``field:goal.weight`` or ``table:goal`` inside a table file, else a dotted path: ``criteria.teaching.options``.
    """
    if "fields" in text and "key" in text:
        return _table_address(text, path)
    if "table" in text and len(path) >= 2 and path[0] in _PARTS:
        part = _inner(text[path[0]], path[1])
        return f"{_PARTS[path[0]]}:{text['table']}.{_name_of(part, path[1])}"
    words: list[str] = []
    here: object = text
    for step in path:
        here = _inner(here, step)
        words.append(_name_of(here, step) if isinstance(step, int) else step)
    return ".".join(words)


def _table_address(text: Mapped, path: Path) -> str:
    table = str(text["key"])
    if len(path) < 2 or path[0] != "fields":
        return f"table:{table}"
    field = _inner(text["fields"], path[1])
    name = f"{table}.{_name_of(field, path[1])}"
    if len(path) >= 4 and path[2] == "options":
        option = _inner(_inner(field, "options"), path[3])
        return f"option:{name}.{_name_of(option, path[3])}"
    return f"field:{name}"


def _inner(here: object, step: str | int) -> object:
    if isinstance(here, Mapping) and step in here:
        return here[step]
    if isinstance(here, list) and isinstance(step, int) and step < len(here):
        return here[step]
    return None


def _name_of(here: object, step: str | int) -> str:
    names = (here.get(name) for name in _NAMES) if isinstance(here, Mapping) else ()
    return next((str(name) for name in names if isinstance(name, str)), str(step))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
