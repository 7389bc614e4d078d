"""What the linter says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from huoban_perf.core.errors import Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the linter says: an error refuses the template, a warning does not."""

    severity: Literal["error", "warning"]
    problem: Problem


def error(problem: Problem) -> Finding:
    """Return a finding that refuses the template."""
    return Finding("error", problem)


def warning(problem: Problem) -> Finding:
    """Return a finding that only advises."""
    return Finding("warning", problem)
