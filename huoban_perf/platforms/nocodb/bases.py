"""Bases (our workspaces) and the people in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from huoban_perf.core.addresses import MemberId, WorkspaceId
from huoban_perf.core.errors import NotFoundError, ProfileError, ProtocolError, RejectedError
from huoban_perf.core.ports import Member
from huoban_perf.platforms.calls.places import Workspace, the_one
from huoban_perf.platforms.nocodb.config import SUPPORTED
from huoban_perf.platforms.nocodb.endpoints import (
    BASE_CREATE,
    BASE_DELETE,
    BASE_LIST,
    USER_INVITE,
    USER_LIST,
    VERSION_PROBE,
    Endpoint,
)
from huoban_perf.platforms.nocodb.transport import Transport


class NocodbBases:
    """The bases of a token."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the server.
        """
        self._transport = transport

    def all(self) -> tuple[Workspace, ...]:
        """Return every base the token reaches.

        Raises:
            PlatformError: The call failed, or its answer is not of its written form.
        """
        listed = _list(self._transport.call(BASE_LIST), BASE_LIST)
        return tuple(
            Workspace(workspace_id=WorkspaceId(str(base["id"])), name=str(base.get("title", ""))) for base in listed
        )

    def check_version(self) -> None:
        """Refuse a server of another line of versions; none of its routes tells the version, its behaviour does.

        The supported line has the v3 data routes and calls a missing base ``BASE_NOT_FOUND``; older ones have no such
        routes, later ones prefix their codes.

        Raises:
            ProfileError: The server is of another line.
            AccessError: The token is refused.
            PlatformError: The call failed.

        Source: nocodb/api.md, gotchas 11, 12.
        """
        try:
            self._transport.call(VERSION_PROBE)
        except RejectedError as error:
            if error.facts.get("platform_code") == "BASE_NOT_FOUND":
                return
            found = str(error.facts.get("platform_code"))
        except (NotFoundError, ProtocolError) as error:
            found = str(error.facts.get("status"))
        else:
            found = "HTTP 200"
        raise ProfileError("nocodb.version", facts={"supported": SUPPORTED, "found": found})

    def find(self, wanted: str) -> Workspace:
        """Return the one base with an id or an exact name.

        Args:
            wanted: Id or name.

        Returns:
            The base.

        Raises:
            NotFoundError: None has it, or several have the name; lists what the token reaches.
        """
        return the_one(wanted, self.all(), endpoint=BASE_LIST.name, unknown="nocodb.base_unknown")

    def create(self, name: str) -> Workspace:
        """Make a base.

        Args:
            name: Its name.

        Returns:
            The base.

        Raises:
            PlatformError: The call failed.
        """
        made = self._transport.call(BASE_CREATE, {"title": name})
        if not isinstance(made, dict) or "id" not in made:
            raise ProtocolError("platform.shape", endpoint=BASE_CREATE.name, facts={"part": "id"})
        return Workspace(workspace_id=WorkspaceId(str(made["id"])), name=name)

    def delete(self, workspace: WorkspaceId) -> None:
        """Delete a base with everything in it."""
        self._transport.call(BASE_DELETE, ids={"base": workspace})


class NocodbMembers:
    """Member source, and the one who invites."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the server.
        """
        self._transport = transport

    def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
        """Yield everybody who was invited into the base, signed up or not.

        Args:
            workspace: The base.

        Yields:
            Members; a person without a display name is called by their e-mail.

        Raises:
            PlatformError: The call failed, or its answer is not of its written form.
        """
        answer = self._transport.call(USER_LIST, ids={"base": workspace})  # the server does not page them
        for user in _list(answer.get("users") if isinstance(answer, dict) else None, USER_LIST):
            name = str(user.get("display_name") or user.get("email") or "")
            yield Member(member_id=MemberId(str(user["id"])), name=name)

    def account(self, *, name: str, number: str) -> str:
        """Return the e-mail a made-up person is invited under; ``example.com`` reaches nobody."""
        del name
        return f"{number.lower()}@example.com"

    def invite(self, *, workspace: WorkspaceId, accounts: Sequence[str]) -> None:
        """Invite people as viewers, all in one request; no mail goes out from a server without a mail plug-in.

        Args:
            workspace: The base.
            accounts: Their e-mails.

        Raises:
            PlatformError: The call failed.
        """
        self._transport.call(USER_INVITE, {"email": ",".join(accounts), "roles": "viewer"}, ids={"base": workspace})


def _list(answer: Any, endpoint: Endpoint) -> list[dict[str, Any]]:
    entries = answer.get("list") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "id" in entry for entry in entries):
        raise ProtocolError("platform.shape", endpoint=endpoint.name, facts={"part": "list"})
    return entries
