"""Recipes printed: lines to work through, as plain text or Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from huoban_perf.core.labels import Labels, Locale
from huoban_perf.template.recipes import Node, Recipe

Form = Literal["text", "markdown"]

_KIND: Final = Labels("类型", "type")
_TABLE: Final = Labels("所在表", "table")
_TRIGGER: Final = Labels("触发", "trigger")
_CONDITIONS: Final = Labels("条件 (同时满足)", "conditions (all must hold)")
_NODES: Final = Labels("节点 (按顺序)", "nodes (in order)")
_FAILURE: Final = Labels("失败时提示", "on failure")
_NOTE: Final = Labels("说明", "note")
_BY_EDITOR: Final = Labels("节点名称以编辑器为准", "the editor's name may differ")


def recipe_text(recipe: Recipe, *, locale: Locale = "zh", form: Form = "text") -> str:
    """Return a recipe as lines to work through.

    Args:
        recipe: The recipe.
        locale: Language of the headings.
        form: ``text`` with boxes to tick, or ``markdown`` with a task list.

    Returns:
        Text ending in a newline.
    """
    lines = [f"### {recipe.title}", ""] if form == "markdown" else [recipe.title]
    lines += _bullets(_KIND.in_locale(locale), (recipe.kind,), form)
    lines += _bullets(_TABLE.in_locale(locale), (recipe.table,), form)
    lines += _bullets(_TRIGGER.in_locale(locale), recipe.trigger, form)
    lines += _bullets(_CONDITIONS.in_locale(locale), recipe.conditions, form)
    lines += [f"- {_NODES.in_locale(locale)}" if form == "markdown" else f"  {_NODES.in_locale(locale)}:"]
    for node in recipe.nodes:
        lines += _node(node, locale, form)
    lines += _bullets(_FAILURE.in_locale(locale), (recipe.failure,) if recipe.failure else (), form)
    for note in recipe.notes:
        lines += _bullets(_NOTE.in_locale(locale), (note,), form)
    return "\n".join(lines) + "\n"


def _bullets(head: str, parts: tuple[str, ...], form: Form) -> Iterator[str]:
    start = "- " if form == "markdown" else "  "
    if len(parts) == 1:
        yield f"{start}{head}: {parts[0]}"
    elif parts:
        yield f"{start}{head}:"
        yield from (f"    {'-' if form == 'markdown' else '·'} {part}" for part in parts)


def _node(node: Node, locale: Locale, form: Form) -> Iterator[str]:
    name = node.name if node.exact else f"{node.name} ({_BY_EDITOR.in_locale(locale)})"
    indent = "        " if node.inside else "    "
    box = "- [ ]" if form == "markdown" else "[ ]"
    yield f"{indent}{box} {node.number}. {name}: {node.effect}"
    for setting in node.settings:
        yield f"{indent}    {'- ' if form == 'markdown' else '    '}{setting}"
