"""What is wrong with an entry of the profile file, with its line; a value is never repeated: it might be a key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from huoban_perf.core.errors import FactValue, Problem

_CODES = {
    "extra_forbidden": "profile.unknown_key",
    "missing": "profile.missing",
    "literal_error": "profile.choice",
    "string_pattern_mismatch": "profile.variable_name",
    "string_type": "profile.expected_text",
    "decimal_type": "profile.expected_number",
    "decimal_parsing": "profile.expected_number",
    "model_type": "profile.expected_mapping",
    "tuple_type": "profile.expected_list",
}
"""The model's word for a refusal → our message; anything else is ``profile.key`` with the model's own reason."""


def profile_problems(error: ValidationError, *, file: Path, profile: str) -> list[Problem]:
    """Return one problem for every refusal.

    Args:
        error: What the model raised.
        file: The profile file.
        profile: The entry's name.

    Returns:
        Problems in the model's order.
    """
    root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return [
        Problem(
            code=_CODES.get(fault["type"], "profile.key"),
            facts=_facts(fault),
            file=str(file),
            line=_line(root, ("profiles", profile, *fault["loc"])),
            address=profile,
        )
        for fault in error.errors(include_input=False, include_url=False)
    ]


def _facts(fault: ErrorDetails) -> dict[str, FactValue]:
    context: Mapping[str, Any] = fault.get("ctx", {})
    allowed = tuple(re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    return {"field": ".".join(str(part) for part in fault["loc"]), "reason": fault["msg"], "allowed": allowed}


def _line(root: Any, path: Sequence[str | int]) -> int:
    """Return the line of the innermost part of a path that the file has."""
    node, line = root, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
