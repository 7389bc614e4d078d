"""YAML read as text: no implicit types, line numbers kept, repeated keys reported.

``on`` stays a word and ``30.5`` stays exact until the model says what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from huoban_perf.core.errors import Problem


class Mapped(dict[str, object]):
    """A mapping that remembers its own line and the line of each key (1-based)."""

    def __init__(self, *, line: int) -> None:
        """Start empty.

        Args:
            line: Where the mapping begins.
        """
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Listed(list[object]):
    """A sequence that remembers the line of each entry."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.lines: list[int] = []


def read_yaml(file: Path, *, problems: list[Problem], shown: str) -> Mapped:
    """Read one YAML file whose root is a mapping.

    Args:
        file: The file.
        problems: Gets every fault: unreadable, not YAML, not a mapping, repeated keys.
        shown: The file's name as people know it.

    Returns:
        The root mapping; empty after a fault.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        problems.append(Problem(code="template.no_file", facts={"file": shown}, file=shown))
        return Mapped(line=1)
    except UnicodeDecodeError:
        problems.append(Problem(code="template.not_utf8", file=shown))
        return Mapped(line=1)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        facts = {"reason": str(error.problem)}
        problems.append(Problem(code="template.not_yaml", facts=facts, file=shown, line=line))
        return Mapped(line=1)
    if not isinstance(node, yaml.MappingNode):
        problems.append(Problem(code="template.not_a_mapping", file=shown, line=1))
        return Mapped(line=1)
    return _mapping(node, problems, shown)


def _value(node: yaml.Node, problems: list[Problem], shown: str) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, problems, shown)
    if isinstance(node, yaml.SequenceNode):
        listed = Listed()
        for entry in node.value:
            listed.append(_value(entry, problems, shown))
            listed.lines.append(entry.start_mark.line + 1)
        return listed
    text = str(node.value)
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return None if plain and text in {"", "~", "null"} else text


def _mapping(node: yaml.MappingNode, problems: list[Problem], shown: str) -> Mapped:
    mapped = Mapped(line=node.start_mark.line + 1)
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in mapped:
            problems.append(Problem(code="template.repeated_key", facts={"key": key}, file=shown, line=line))
            continue
        mapped[key] = _value(value_node, problems, shown)
        mapped.lines[key] = line
    return mapped


def line_of(root: object, path: Sequence[str | int]) -> int:
    """Return the line of the innermost part of a path that exists.

    Args:
        root: What ``read_yaml`` returned.
        path: Keys and indexes from the root.

    Returns:
        A 1-based line.
    """
    here, line = root, getattr(root, "line", 1)
    for step in path:
        if isinstance(here, Mapped) and isinstance(step, str) and step in here:
            line, here = here.lines[step], here[step]
            continue
        if isinstance(here, Listed) and isinstance(step, int) and step < len(here):
            line, here = here.lines[step], here[step]
            continue
        break
    return line
