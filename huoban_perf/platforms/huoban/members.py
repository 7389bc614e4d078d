"""Workspaces and the people in them."""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.addresses import MemberId, WorkspaceId
from huoban_perf.core.errors import ProtocolError
from huoban_perf.core.ports import Member
from huoban_perf.platforms.calls.paging import Page, walk
from huoban_perf.platforms.calls.places import Workspace, the_one
from huoban_perf.platforms.huoban.config import PAGE_SIZE
from huoban_perf.platforms.huoban.endpoints import MEMBER_LIST, SPACE_LIST
from huoban_perf.platforms.huoban.paging import read_page
from huoban_perf.platforms.huoban.transport import Transport


class HuobanMembers:
    """Member source over v1."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the v1 plane.
        """
        self._transport = transport

    def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
        """Yield every member once.

        Args:
            workspace: Which one.

        Yields:
            Members in the platform's order.

        Raises:
            PlatformError: The call failed.

        Source: openapi-v1.md §7.2 [code]; whether ``total`` comes along is open, so an empty page ends the walk.
        """

        def fetch(offset: int, limit: int) -> Page:
            body = {"space_id": workspace, "limit": limit, "offset": offset}
            answer = self._transport.call(MEMBER_LIST, body)
            return read_page(answer.data, rows_key="users", endpoint=MEMBER_LIST, trace_id=answer.trace_id)

        for page in walk(fetch, id_key="user_id", page_size=PAGE_SIZE, endpoint=MEMBER_LIST):
            for user in page.rows:
                yield Member(member_id=MemberId(str(user["user_id"])), name=str(user.get("name", "")))


class Workspaces:
    """The workspaces of a key."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the v1 plane.
        """
        self._transport = transport

    def all(self) -> tuple[Workspace, ...]:
        """Return every workspace the key reaches.

        Raises:
            PlatformError: The call failed, or its answer is not of its written form.

        Source: openapi-v1.md §7.1 [code].
        """
        answer = self._transport.call(SPACE_LIST)
        spaces = answer.data.get("spaces") if isinstance(answer.data, dict) else None
        if not isinstance(spaces, list) or not all(isinstance(space, dict) and "space_id" in space for space in spaces):
            facts = {"part": "data.spaces"}
            raise ProtocolError("platform.shape", endpoint=SPACE_LIST.name, trace_id=answer.trace_id, facts=facts)
        return tuple(
            Workspace(workspace_id=WorkspaceId(str(space["space_id"])), name=str(space.get("name", "")))
            for space in spaces
        )

    def find(self, wanted: str) -> Workspace:
        """Return the one workspace with an id or an exact name.

        Args:
            wanted: Id or name.

        Returns:
            The workspace.

        Raises:
            NotFoundError: None has it, or several have the name; lists what the key reaches.
        """
        return the_one(wanted, self.all(), endpoint=SPACE_LIST.name, unknown="platform.workspace_unknown")
