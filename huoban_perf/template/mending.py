"""Take what is broken out of a file, so that the rest of it can be checked in the same run.

The result is only ever linted: a template with any mistake is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from huoban_perf.template.text_model import Text
from huoban_perf.template.yaml_text import Mapped

_Model = TypeVar("_Model", bound=Text)

_ROUNDS = 3
"""Taking a value out may show that its key is needed; three rounds settle every such chain."""


def mended(error: ValidationError, *, kind: type[_Model], text: Mapped) -> _Model | None:
    """Return the file without its broken parts.

    Args:
        error: What the model raised.
        kind: The file's model.
        text: The file's content; it is not changed.

    Returns:
        The model of what is left; None when too much would be missing.
    """
    left = deepcopy(text)
    for _ in range(_ROUNDS):
        if not all(_take_out(left, fault) for fault in error.errors(include_url=False)):
            return None
        try:
            return kind.model_validate(left)
        except ValidationError as again:
            error = again
    return None


def _take_out(left: Mapped, fault: ErrorDetails) -> bool:
    path = fault["loc"]
    holder = _at(left, path[:-1])
    if not path or not isinstance(holder, dict):
        return False
    if fault["type"] != "missing":
        holder.pop(path[-1], None)
    elif path[-1] in {"zh", "en"}:
        holder[path[-1]] = "?"
    else:
        return False
    return True


def _at(here: object, path: Sequence[str | int]) -> object:
    for step in path:
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            here = here[step]
    return here
