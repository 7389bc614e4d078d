"""Which workspace a person means: by id, else by exact name, never by guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace (工作区, base) that the key reaches."""

    workspace_id: WorkspaceId
    name: str


def the_one(wanted: str, reached: Sequence[Workspace], *, endpoint: str, unknown: str) -> Workspace:
    """Return the one workspace with an id or an exact name.

    Args:
        wanted: Id or name.
        reached: What the key reaches.
        endpoint: Name of the call that listed them, for errors.
        unknown: Code of the error when none has it.

    Returns:
        The workspace.

    Raises:
        NotFoundError: None has it, or several have the name; lists what the key reaches.
    """
    found = [one for one in reached if one.workspace_id == wanted] or [one for one in reached if one.name == wanted]
    if len(found) == 1:
        return found[0]
    known = tuple(f"{one.name}({one.workspace_id})" for one in found or reached)
    code = "platform.workspace_ambiguous" if found else unknown
    raise NotFoundError(code, endpoint=endpoint, facts={"workspace": wanted, "known": known})
