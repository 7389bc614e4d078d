"""What a switch is; the switches themselves stand in ``rules``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Mode = Literal["documented", "strict", "awkward"]
MODES: tuple[Mode, ...] = get_args(Mode)


class SwitchError(ValueError):
    """A switch or mode that does not exist, or a value it does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What is known about one switch.

    Attributes:
        name: Attribute of ``Rules``.
        question: Number among the open questions of the reference, or None when it does not list the doubt.
        section: Where the reference states the doubt.
        reference: The file: ``openapi-v1`` (questions in §18), ``schema-plane`` (§16), ``automation-plane`` (§13).
        meaning: What the switch decides.
        choices: Values it takes; empty for a path or a count.
        modes: Its value in each mode.
    """

    name: str
    question: int | None
    section: str
    reference: str
    meaning: str
    choices: tuple[object, ...]
    modes: Mapping[str, object]


def switch(
    values: tuple[object, object, object] | object,
    meaning: str,
    *,
    question: int | None,
    section: str,
    choices: tuple[object, ...] = (),
    reference: str = "openapi-v1",
) -> Any:
    """Return the dataclass field of one switch.

    Args:
        values: Its value in each mode, in their order, or one value for all.
        meaning: What it decides.
        question: Number among the open questions of the reference, or None.
        section: Where the reference states the doubt.
        choices: Values it takes; empty for a path or a count.
        reference: The file.
    """
    modes = values if isinstance(values, tuple) else (values, values, values)
    metadata = {
        "question": question,
        "section": section,
        "reference": reference,
        "meaning": meaning,
        "choices": choices,
        "modes": dict(zip(MODES, modes, strict=True)),
    }
    return field(default=modes[0], metadata=metadata)
