"""YAML read as text: no implicit types, line numbers kept, repeated keys and aliases reported.

``on`` stays a word and ``30.5`` stays exact until the model says what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from huoban_perf.core.errors import Problem

_EMPTY = frozenset({"", "~", "null"})


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where PyYAML has it: ten times faster, same nodes (plain style is empty, not None)."""


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


def read_yaml(file: Path, *, problems: list[Problem], shown: str) -> Mapped | None:
    """Read one YAML file whose root is a mapping.

    Args:
        file: The file.
        problems: Gets every fault: unreadable, not YAML, not a mapping, repeated keys, aliases.
        shown: The file's name as people know it.

    Returns:
        The root mapping; None when the file could not be read at all.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except UnicodeDecodeError:
        problems.append(Problem(code="template.not_utf8", facts={"file": shown}, file=shown))
    except OSError:
        problems.append(Problem(code="template.no_file", facts={"file": shown}, file=shown))
    except yaml.YAMLError as error:
        problems.append(_syntax(error, shown))
    else:
        if isinstance(node, yaml.MappingNode):
            return _Reader(shown=shown, problems=problems).mapping(node)
        problems.append(Problem(code="template.root_not_a_mapping", file=shown, line=1))
    return None


def _syntax(error: yaml.YAMLError, shown: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "?")
    return Problem(
        code="template.not_yaml", facts={"reason": reason}, file=shown, line=mark.line + 1 if mark is not None else 1
    )


class _Reader:
    """Turns nodes into text values; a node met twice is an alias and is refused, so nothing can nest without end."""

    def __init__(self, *, shown: str, problems: list[Problem]) -> None:
        self._shown = shown
        self._problems = problems
        self._met: set[int] = set()

    def mapping(self, node: yaml.MappingNode) -> Mapped:
        """Read a mapping; of a repeated key the first value stands."""
        mapped = Mapped(line=node.start_mark.line + 1)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault("template.key_not_text", line)
                continue
            key = str(key_node.value)
            if key in mapped:
                self._fault("template.repeated_key", line, key=key)
                continue
            mapped.lines[key] = line
            mapped[key] = self._value(value_node)
        return mapped

    def _value(self, node: yaml.Node) -> object:
        if id(node) in self._met:
            self._fault("template.alias", node.start_mark.line + 1)
            return None
        self._met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            listed = Listed()
            for entry in node.value:
                listed.lines.append(entry.start_mark.line + 1)
                listed.append(self._value(entry))
            return listed
        text = str(node.value)
        return None if isinstance(node, yaml.ScalarNode) and not node.style and text in _EMPTY else text

    def _fault(self, code: str, line: int, **facts: str) -> None:
        self._problems.append(Problem(code=code, facts=facts, file=self._shown, line=line))


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
        match here:
            case Mapped() if isinstance(step, str) and step in here:
                line, here = here.lines[step], here[step]
            case Listed() if isinstance(step, int) and step < len(here):
                line, here = here.lines[step], here[step]
            case _:
                break
    return line
