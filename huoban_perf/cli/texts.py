"""Program messages: Chinese and English texts by message id, one YAML file a room."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from huoban_perf.core.errors import FactValue, HuobanPerfError, Problem
from huoban_perf.core.labels import Locale

_LISTED = 20
"""So many problems are printed; the rest is counted."""


@cache
def messages() -> Mapping[str, Mapping[str, str]]:
    """Return every message: id → language → text with ``{placeholders}``."""
    merged: dict[str, Mapping[str, str]] = {}
    for file in sorted(files("huoban_perf.cli.messages").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            merged.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return merged


def text(code: str, *, locale: Locale, facts: Mapping[str, FactValue] | None = None) -> str:
    """Return one message in one language.

    Args:
        code: Message id.
        locale: ``zh`` or ``en``.
        facts: Values of the placeholders; a missing one is printed as ``?``, an unknown id as the id itself, so that
            an error never hides behind another.

    Returns:
        The text.
    """
    template = messages().get(code, {}).get(locale)
    if template is None:
        return f"{code} {dict(facts)}" if facts else code
    values = {name: _plain(value) for name, value in (facts or {}).items()}
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    return template.format(**{name: values.get(name, "?") for name in names})


def error_lines(error: HuobanPerfError, *, locale: Locale) -> list[str]:
    """Return an error as lines for people: the message, then every problem with its place.

    Args:
        error: Any error of ours.
        locale: Language.

    Returns:
        At least one line; at most twenty problems are spelled out.
    """
    lines = [text(error.code, locale=locale, facts=error.facts)]
    lines += [f"  · {problem_line(problem, locale=locale)}" for problem in error.problems[:_LISTED]]
    hidden = len(error.problems) - _LISTED
    if hidden > 0:
        lines.append("  " + text("cli.more_problems", locale=locale, facts={"count": hidden}))
    return lines


def problem_line(problem: Problem, *, locale: Locale) -> str:
    """Return one problem as a line: place, then text.

    Args:
        problem: The problem.
        locale: Language.

    Returns:
        For example ``tables/goal.yaml:12 field:goal.weight 类型不认识…``.
    """
    place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
    where = " ".join(part for part in (place, problem.address) if part)
    said = text(problem.code, locale=locale, facts=problem.facts)
    return f"{where}  {said}" if where else said


def _plain(value: FactValue) -> str:
    return "、".join(value) if isinstance(value, tuple) else str(value)
