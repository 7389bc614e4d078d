"""Which tests cover which section of the rule book: ``python -m tests.rules`` prints the table.

A test belongs to the sections that its name says (``test_s7_…``), else to those its docstring or its module's docstring
says (``scoring.md S4.5``, ``S1–S3``); a case belongs to the sections in the name of its file (``s01_s03_kpi.yaml``).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parent
PLACES = (
    "unit/scoring",
    "unit/exchange",
    "unit/sync",
    "cases/scoring",
    "property/scoring",
    "oracle",
    "flow",
    "cli",
)
SECTIONS = tuple(range(17))
_NAMED = re.compile(r"test_s(\d+)_")
_SAID = re.compile(r"\bS(\d+)(?:\.\d+)?(?:\s*[–-]\s*S(\d+)(?:\.\d+)?)?")
_FILE = re.compile(r"s(\d+)(?:_s(\d+))?_")


@dataclass
class Covered:
    """Tests of one section.

    Attributes:
        cases: Data cases, as ``file: name``.
        named: Tests whose own name or docstring says the section.
        said: Tests of modules that say it.
    """

    cases: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def rule_table() -> Mapping[int, Covered]:
    """Return section → its tests."""
    table = {section: Covered() for section in SECTIONS}
    for place in PLACES:
        for file in sorted((TESTS / place).glob("*.yaml")):
            for section in _span(_FILE.match(file.name)):
                table[section].cases += [f"{file.stem}: {case['name']}" for case in _cases(file)]
        for file in sorted((TESTS / place).glob("test_*.py")):
            _note(file, table)
    return table


def _cases(file: Path) -> list[dict[str, object]]:
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return content if isinstance(content, list) else []


def _note(file: Path, table: Mapping[int, Covered]) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    by_module = set(_sections(ast.get_docstring(tree) or ""))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        test = f"{file.relative_to(TESTS)}::{node.name}"
        match = _NAMED.match(node.name)
        own = {int(match[1])} if match else set(_sections(ast.get_docstring(node) or ""))
        for section in own:
            table[section].named.append(test)
        for section in by_module - own if not own else set():
            table[section].said.append(test)


def _sections(text: str) -> Iterator[int]:
    for match in _SAID.finditer(text):
        yield from (section for section in _span(match) if section in SECTIONS)


def _span(match: re.Match[str] | None) -> range:
    return range(0) if match is None else range(int(match[1]), int(match[2] or match[1]) + 1)


def main(arguments: list[str]) -> int:
    """Print the table; with a section's number, its tests one a line."""
    table = rule_table()
    if arguments:
        found = table[int(arguments[0].lstrip("Ss"))]
        print("\n".join([*found.cases, *found.named, *found.said]))
        return 0
    print("section  cases  tests by name  tests by module")
    for section, found in table.items():
        print(f"S{section:<7} {len(found.cases):>5} {len(found.named):>14} {len(found.said):>16}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
