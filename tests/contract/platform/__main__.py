"""``python -m tests.contract.platform``: run the conformance suite and print its table, one column a platform.

``--platform NAME`` (several times) limits it. ✓ does it, ✗ fails, – is a declared gap (its reason stands below), ? was
skipped here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from tests.contract.platform.conftest import GAPS, PLATFORMS


class Table:
    """A pytest plugin that keeps what became of every test on every platform."""

    def __init__(self) -> None:
        self.marks: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict; one in set-up or tear-down beats that of the call."""
        name, _, case = report.nodeid.rpartition("::")[2].partition("[")
        platform = next((one for one in PLATFORMS if case.rstrip("]").endswith(one) or case.startswith(one)), None)
        if platform is None or (report.when != "call" and report.passed):
            return
        expected = hasattr(report, "wasxfail")
        mark = "✓" if report.passed and not expected else "–" if expected else "?" if report.skipped else "✗"
        kept = self.marks.setdefault(name, {})
        kept[platform] = mark if kept.get(platform) in {None, "✓"} else kept[platform]

    def lines(self) -> list[str]:
        """The table in Markdown, then the declared gaps."""
        lines = ["| " + " | ".join(["", *PLATFORMS]) + " |", "| --- |" + " :-: |" * len(PLATFORMS)]
        for name, marks in self.marks.items():
            said = name.removeprefix("test_").replace("_", " ")
            lines.append("| " + " | ".join([said, *(marks.get(one, " ") for one in PLATFORMS)]) + " |")
        lines.append("")
        for platform, gaps in GAPS.items():
            lines += [f"- {platform} lacks {missing} (`{test}`)" for test, missing in gaps.items()]
        return lines


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", action="append", choices=PLATFORMS)
    chosen = parser.parse_args().platform
    words = [str(Path(__file__).parent), "-n0", "-q", "--no-header", "-p", "no:cacheprovider"]
    words += ["-k", " or ".join(chosen)] if chosen else []
    table = Table()
    code = pytest.main(words, plugins=[table])
    sys.stdout.write("\n" + "\n".join(table.lines()) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
