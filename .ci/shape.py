"""Checks the shape of the tree: module sizes, forbidden names, room charters, and the top level."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "huoban_perf"
FORBIDDEN = {"utils", "helpers", "common", "misc", "manager", "base"}
TOP = {"pyproject.toml", "huoban_perf", "app_templates", "automations", "tests", "README.md", "LICENSE", "CHANGELOG.md"}
LONGEST = 400


def main() -> int:
    """Print every fault and return the number of them, capped at 1."""
    faults = [
        f"top level: {entry.name} is not one of the agreed names"
        for entry in ROOT.iterdir()
        if not entry.name.startswith(".") and entry.name not in TOP and not entry.name.endswith(".egg-info")
    ]
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        where = path.relative_to(ROOT)
        if lines > LONGEST:
            faults.append(f"{where}: {lines} lines, at most {LONGEST}")
        if path.stem in FORBIDDEN or path.parent.name in FORBIDDEN:
            faults.append(f"{where}: a name that says nothing")
        if not ast.get_docstring(ast.parse(text)):
            faults.append(f"{where}: no module docstring")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
