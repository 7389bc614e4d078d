"""Ids everywhere in a document ↔ symbols: ``{"$ref": "field:goal.weight", "as": "int"}``.

Any number that is the id of a bound table or field becomes a symbol, whatever key it stands under: the forms of most
nodes were never recovered. A long number that is no id we know, or a short one under a key that holds ids, is a fault:
posted elsewhere it would point at another company's data, or at nothing. Ids of the document's own (parameters of a
called automation, loops) stay as they are.

Source: automation-plane.md §4, §6, §7, §8, §11.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.errors import Problem
from huoban_perf.platforms.huoban.gateway.code_text import concrete, symbolic
from huoban_perf.platforms.huoban.gateway.directory import Directory, parsed_address

Json = dict[str, Any]

_ID_KEYS = frozenset(
    {"field_id", "table_id", "return_field_id", "subtable_field_id", "related_table_id", "trigger_field_ids"}
)
_PERSON_KEYS = frozenset({"user_id", "user_ids", "member_id", "member_ids", "members", "department_ids"})
_AUTOMATION_KEYS = frozenset({"automation_id", "button_id"})
_LONG = 12
"""Ids of today have 16 digits (schema-plane.md §2); amounts and limits in an automation have fewer than this."""
_CHOICE_OPERATORS = frozenset({"eq", "ne", "in", "nin"})
WORKSPACE = "workspace"


def is_number(value: Any) -> bool:
    """Return whether a value is an id by its form: a positive integer, or digits as text."""
    if isinstance(value, bool):
        return False
    return (isinstance(value, int) and value > 0) or (isinstance(value, str) and value.isascii() and value.isdigit())


@dataclass(slots=True, kw_only=True)
class Walk:
    """One pass over a document.

    Attributes:
        directory: The workspace.
        problems: Every fault found.
        references: Ids and names replaced so far.
    """

    directory: Directory
    problems: list[Problem] = field(default_factory=list)
    references: int = 0

    def fault(self, code: str, place: str, **facts: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(code=code, facts=facts, address=place))


class Symboliser(Walk):
    """Turns a document as read into one with symbols."""

    own_ids: frozenset[str] = frozenset()

    def document(self, body: Json) -> Json:
        """Return the document with symbols; read ``problems`` before keeping it."""
        parameters = body.get("params")
        declared = parameters if isinstance(parameters, list) else []
        self.own_ids = frozenset(str(entry.get("field_id")) for entry in declared if isinstance(entry, dict))
        result: Json = self._node(body, "")
        return result

    def _node(self, node: Any, place: str, key: str = "") -> Any:
        if isinstance(node, dict):
            return self._object(node, place)
        if isinstance(node, list):
            return [self._node(part, f"{place}[{number}]", key) for number, part in enumerate(node)]
        return self._scalar(node, place, key)

    def _object(self, node: Json, place: str) -> Json:
        calls = isinstance(node.get("params"), list) and "automation_id" in node
        result: Json = {}
        for name, part in node.items():
            inner = f"{place}.{name}" if place else name
            if calls and name == "params":
                result[name] = self._parameters(part, str(node["automation_id"]), inner)
            else:
                result[name] = self._node(part, inner, name)
        if isinstance(node.get("code"), str) and isinstance(node.get("vars"), list):
            result["code"], faults = symbolic(node["code"], node["vars"], self.directory)
            self.references += result["code"].count("$(")
            self.problems += [fault.at(f"{place}.code") for fault in faults]
        if isinstance(node.get("target"), dict) and isinstance(node.get("query"), dict):
            result["query"] = self._query(node, result["query"], place)
        return result

    def _query(self, leaf: Json, query: Json, place: str) -> Json:
        """Option ids in a plain condition on a choice field. Source: automation-plane.md §7 [code]."""
        owner = self.directory.addresses.get(str(leaf["target"].get("field_id", "")))
        options = {} if owner is None else self.directory.options_of(owner)
        if not options:
            return query
        result = dict(query)
        for operator in _CHOICE_OPERATORS & leaf["query"].keys():
            operand = leaf["query"][operator]
            if isinstance(operand, list):
                result[operator] = [self._option(part, options, f"{place}.query.{operator}") for part in operand]
        return result

    def _option(self, value: Any, options: Mapping[str, Any], place: str) -> Any:
        if not is_number(value):
            return value
        if str(value) not in options:
            self.fault("capture.unknown_option", place, value=str(value))
            return value
        return self._symbol(str(options[str(value)]), value)

    def _parameters(self, entries: list[Any], callee: str, place: str) -> list[Any]:
        """Ids of a callee's parameters are its own: named by key. Source: automation-plane.md §8."""
        result = []
        for number, entry in enumerate(entries):
            inner = f"{place}[{number}]"
            if not isinstance(entry, dict) or "param_key" not in entry:
                self.fault("capture.parameter_without_key", inner)
                continue
            rest = self._object({name: part for name, part in entry.items() if name != "field_id"}, inner)
            key = self._keys_by_id().get(callee, "")
            result.append({**rest, "field_id": {"$param": f"automation:{key}/{entry['param_key']}"}})
        return result

    def _keys_by_id(self) -> dict[str, str]:
        return {remote: key for key, remote in self.directory.automations.items()}

    def _scalar(self, value: Any, place: str, key: str) -> Any:
        if not is_number(value):
            return value
        text = str(value)
        if text in self.own_ids:
            return value
        if text in self.directory.addresses:
            return self._symbol(str(self.directory.addresses[text]), value)
        if text == self.directory.workspace:
            return self._symbol(WORKSPACE, value)
        if key in _AUTOMATION_KEYS:
            return self._automation(value, place)
        if key in _PERSON_KEYS:
            self.fault("capture.person", place, value=text)
        elif key in _ID_KEYS or len(text) >= _LONG:
            self.fault("capture.unknown_id", place, value=text)
        return value

    def _automation(self, value: Any, place: str) -> Any:
        key = self._keys_by_id().get(str(value))
        if key is None:
            self.fault("capture.callee_unknown", place, value=str(value))
            return value
        return self._symbol(f"automation:{key}", value)

    def _symbol(self, text: str, value: Any) -> Json:
        self.references += 1
        return {"$ref": text, "as": "int" if isinstance(value, int) else "text"}


class Binder(Walk):
    """Turns a stored document into one for a workspace."""

    def __init__(self, *, directory: Directory, parameter_id: Callable[[str, str], Any]) -> None:
        """Take the workspace.

        Args:
            directory: Its ids and names.
            parameter_id: Returns the id of a callee's parameter by (automation id, parameter key), or None.
        """
        super().__init__(directory=directory)
        self._parameter_id = parameter_id

    def document(self, body: Json) -> Json:
        """Return the document with ids and names; read ``problems`` before sending it."""
        result: Json = self._node(body, "")
        return result

    def _node(self, node: Any, place: str) -> Any:
        if isinstance(node, list):
            return [self._node(part, f"{place}[{number}]") for number, part in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._id(str(node["$ref"]), place, as_int=node.get("as") == "int")
        if "$param" in node:
            return self._parameter(str(node["$param"]), place)
        result = {name: self._node(part, f"{place}.{name}" if place else name) for name, part in node.items()}
        if isinstance(node.get("code"), str):
            self.references += node["code"].count("$(")
            result["code"], faults = concrete(node["code"], self.directory)
            self.problems += [fault.at(f"{place}.code") for fault in faults]
        return result

    def _id(self, text: str, place: str, *, as_int: bool) -> Any:
        remote = self._remote(text)
        if remote is None:
            self.fault("capture.unbound", place, address=text)
            return None
        self.references += 1
        return int(remote) if as_int and remote.isdigit() else remote

    def _remote(self, text: str) -> str | None:
        if text == WORKSPACE:
            return self.directory.workspace
        if text.startswith("automation:"):
            return self.directory.automations.get(text.removeprefix("automation:"))
        address = parsed_address(text)
        if address is None:
            return None
        known = self.directory.option_ids if address.kind is ObjectKind.OPTION else self.directory.ids
        return known.get(address)

    def _parameter(self, text: str, place: str) -> Any:
        callee, _, key = text.partition("/")
        remote = self._remote(callee)
        found = None if remote is None else self._parameter_id(remote, key)
        if found is None:
            self.fault("capture.unbound", place, address=text)
        return found
