"""Rules that practitioners paid for: what the server takes and the editor then blanks, loops on, or never runs.

Works on stored documents; needs no workspace. Node kinds are looked for anywhere, because how nodes are linked was not
recovered (automation-plane.md §13.3).

Source: automation-plane.md §2, §5, §6.2, §6.4, §7, §9, §11.3, §12.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huoban_perf.core.errors import Problem
from huoban_perf.platforms.huoban.gateway.code_text import pairs, tokens

Json = dict[str, Any]

_NODE_KEYS = ("node_type", "type")
_INTERACTIVE = frozenset({"interact_item_create", "backfill_trigger"})
_LOOPS = frozenset({"loop_by_target"})
_NODES = _INTERACTIVE | _LOOPS
_NODES |= {"item_trigger", "item_find", "item_find_multi", "item_create", "item_update", "branch", "variable_set"}
_NODES |= {"on_call", "api_call", "end", "exit"}
"""Node keys. Source: automation-plane.md §5."""
_BODY_KEYS = ("req_text_body", "req_body")


def lint(document: Json, *, sort: str) -> list[Problem]:
    """Return every breach of a rule.

    Args:
        document: The platform's document, with symbols or with ids.
        sort: The platform's word for its type.

    Returns:
        Problems, each with the place in the document; empty when there are none.
    """
    problems = [problem for node, place in _objects(document, "") for problem in _object_rules(node, place)]
    problems += _node_rules(document, sort)
    loops = {str(loop.get("id")) for node, _ in _objects(document, "") if isinstance(loop := node.get("loop"), dict)}
    for node, place in _objects(document, ""):
        if node.get("tag") == "loop_subtable" and str(node.get("target_id")) not in loops:
            problems.append(_problem("capture.lint_loop_id", place, value=str(node.get("target_id"))))
    return problems


def _objects(node: Any, place: str) -> Iterator[tuple[Json, str]]:
    if isinstance(node, dict):
        yield node, place
        for name, part in node.items():
            yield from _objects(part, f"{place}.{name}" if place else name)
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from _objects(part, f"{place}[{number}]")


def _problem(code: str, place: str, **facts: str) -> Problem:
    return Problem(code=code, facts=facts, address=place or "-")


def _kind(node: Json) -> str:
    return next((str(node[key]) for key in _NODE_KEYS if node.get(key) in _NODES), "")


def _object_rules(node: Json, place: str) -> Iterator[Problem]:
    if isinstance(node.get("code"), str):
        yield from _script_rules(node, place)
    if "condition" in node:
        yield from _condition_rules(node["condition"], f"{place}.condition" if place else "condition")
    if _kind(node) == "api_call" and str(node.get("method", "")).upper() == "GET" and any(map(node.get, _BODY_KEYS)):
        yield _problem("capture.lint_get_with_body", place)


def _script_rules(node: Json, place: str) -> Iterator[Problem]:
    variables = node.get("vars")
    if not isinstance(variables, list) or pairs(node["code"], variables) is None:
        count = len(variables) if isinstance(variables, list) else 0
        yield _problem("capture.vars_differ", place, tokens=str(len(tokens(node["code"]))), vars=str(count))
        return
    is_condition = ".query." in place
    if "[{C:" in node["code"] and not is_condition:
        yield _problem("capture.lint_bracketed_constant", place)
    for variable in variables:
        if isinstance(variable, dict) and variable.get("type") == "launch_item_single":
            whole_row = tokens(node["code"]) == ["触发的数据.数据ID"]
            if whole_row and variable.get("field_id") != "item_id":
                yield _problem("capture.lint_blanked_prefill", place)


def _condition_rules(condition: Any, place: str) -> Iterator[Problem]:
    shell = condition.get("filter") if isinstance(condition, dict) else None
    if not isinstance(shell, dict) or not isinstance(shell.get("and"), list):
        yield _problem("capture.lint_condition_shell", place)


def _node_rules(document: Json, sort: str) -> Iterator[Problem]:
    ends = [place for node, place in _objects(document, "") if _kind(node) == "end"]
    has_nodes = any(_kind(node) for node, _ in _objects(document, ""))
    if has_nodes and len(ends) != 1:
        yield _problem("capture.lint_ends", ends[-1] if ends else "", count=str(len(ends)))
    for node, place in _objects(document, ""):
        kind = _kind(node)
        if kind in _INTERACTIVE and sort == "item_trigger":
            yield _problem("capture.lint_interactive", place, node=kind)
        if kind == "on_call" and sort == "call":
            yield _problem("capture.lint_call_in_call", place)
        if kind in _LOOPS:
            yield from _inside_loop(node, place)


def _inside_loop(loop: Json, place: str) -> Iterator[Problem]:
    for name, part in loop.items():
        for node, inner in _objects(part, f"{place}.{name}"):
            if _kind(node) in _LOOPS:
                yield _problem("capture.lint_nested_loop", inner)
            elif _kind(node) in _INTERACTIVE:
                yield _problem("capture.lint_interactive_in_loop", inner, node=_kind(node))
