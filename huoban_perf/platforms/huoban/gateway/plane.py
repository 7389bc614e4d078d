"""The automation gateway as the rest sees it: list, capture, prepare, post and read back.

Source: automation-plane.md §3.1 [code A3, verified by practitioners A1], §8, §11.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import simplejson

from huoban_perf.core.addresses import RemoteId, WorkspaceId
from huoban_perf.core.captures import AutomationHead, Place, Posting, Prepared
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import (
    AmbiguousObjectError,
    FactValue,
    NotFoundError,
    PlanError,
    Problem,
    ProtocolError,
    RejectedError,
)
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.gateway.directory import directory_of, parsed_address
from huoban_perf.platforms.huoban.gateway.document import Captured, read_captured, without_residue
from huoban_perf.platforms.huoban.gateway.endpoints import (
    AUTOMATION_CREATE,
    AUTOMATION_LIST,
    AUTOMATION_READ,
    AUTOMATION_UPDATE,
    EDITOR,
)
from huoban_perf.platforms.huoban.gateway.lint import lint
from huoban_perf.platforms.huoban.gateway.symbols import Binder, Json, Symboliser
from huoban_perf.platforms.huoban.transport import Transport
from huoban_perf.platforms.huoban.v2.read_back import differences


class AutomationGateway:
    """Automations as a signed-in administrator."""

    def __init__(self, transport: Transport, *, clock: Clock) -> None:
        """Keep the transport; sends nothing.

        Args:
            transport: Of the gateway, under the platform's host.
            clock: Dates captures.
        """
        self._transport = transport
        self._clock = clock

    def check(self, *, workspace: WorkspaceId) -> None:
        """Find out with one harmless read whether the token is accepted and its person an administrator.

        Args:
            workspace: Which one.

        Raises:
            AccessError: It is refused, ended, or the person is no administrator.
            PlatformError: The read failed.

        Source: automation-plane.md §3.1: reading works with the token alone, so this proves nothing of the company
        header.
        """
        with suppress(NotFoundError, RejectedError):  # the identity was let in; there is no table 0
            self.heads(workspace=workspace, table_id=RemoteId("0"))

    def heads(self, *, workspace: WorkspaceId, table_id: RemoteId) -> tuple[AutomationHead, ...]:
        """Return the automations of a table.

        Args:
            workspace: Which one.
            table_id: Of its table; the list of a whole workspace leaves buttons out (§3.2).

        Returns:
            Their heads, in the platform's order.

        Raises:
            PlatformError: The call failed, or its answer is not of its written form.
        """
        ids = {"space_id": workspace, "table_id": table_id}
        data = self._transport.call(AUTOMATION_LIST, ids=ids).data
        groups = data.get("layout") if isinstance(data, dict) else None
        if not isinstance(groups, list):
            raise _bad_shape(AUTOMATION_LIST, "layout")
        entries = [entry for group in groups for entry in group.get("automation_list") or []]
        return tuple(
            AutomationHead(
                automation_id=_id_of(entry, AUTOMATION_LIST),
                sort=str(entry.get("type", "")),
                name=str(entry.get("name", "")),
                status=str(entry.get("status", entry.get("enabled", ""))),
            )
            for entry in entries
        )

    def capture(self, *, automation_id: str, key: str, place: Place) -> str:
        """Return an automation as a document with addresses in the place of ids and names.

        Args:
            automation_id: Which one.
            key: Our key for it.
            place: The workspace it stands in.

        Returns:
            The stored form.

        Raises:
            PlanError: It names something that is not bound here, a person, or a script that does not fit; every fault
                is listed, and nothing is kept.
            PlatformError: The call failed.
        """
        read = self._read(automation_id)
        directory = directory_of(place)
        sort = str(read.get("type", ""))
        body = without_residue(read, sort=sort)
        walk = Symboliser(directory=directory)
        document = walk.document(body)
        table = directory.addresses.get(str(read.get("table_id", "")))
        problems = [*walk.problems, *lint(document, sort=sort)]
        if table is None:
            problems.append(Problem(code="capture.no_table", address="table_id"))
        if problems or table is None:
            facts: dict[str, FactValue] = {"automation": automation_id, "count": len(problems)}
            raise PlanError("capture.faulty", facts=facts, problems=_unique(problems))
        captured = Captured(
            key=key,
            sort=sort,
            name=str(read.get("name", "")),
            table=str(table),
            captured_at=self._clock.now(),
            document=document,
        )
        return captured.sealed().to_text()

    def prepare(self, *, document: str, source: str, place: Place) -> Prepared:
        """Return a document bound to a place; nothing is sent but reads of called automations.

        Args:
            document: The stored form.
            source: Its file, for messages.
            place: The workspace it is to stand in.

        Returns:
            What would be sent.

        Raises:
            PlanError: The file is damaged or edited, breaks a rule, or refers to something not bound here; every fault
                is listed.
            PlatformError: Reading a called automation failed.
        """
        captured = read_captured(document, source=source)
        directory = directory_of(place)
        walk = Binder(directory=directory, parameter_id=self._parameter_id)
        body = walk.document(captured.document)
        table = parsed_address(captured.table)
        table_id = None if table is None else directory.ids.get(table)
        problems = [*walk.problems, *lint(captured.document, sort=captured.sort)]
        if table_id is None:
            problems.append(Problem(code="capture.unbound", facts={"address": captured.table}, address="table_id"))
        if problems or table_id is None:
            facts: dict[str, FactValue] = {"file": source, "key": captured.key, "count": len(problems)}
            raise PlanError("capture.cannot_bind", facts=facts, problems=_unique(problems))
        return Prepared(
            key=captured.key,
            sort=captured.sort,
            name=captured.name,
            table_id=RemoteId(table_id),
            body=_text(body),
            references=walk.references,
        )

    def post(self, *, prepared: Prepared, place: Place, automation_id: str | None) -> Posting:
        """Create an automation, or replace the document of one, and read it back.

        Args:
            prepared: What to send.
            place: Where.
            automation_id: The one to replace; None creates, unless one of the same type and name stands already.

        Returns:
            Its id, where to look at it, and where what reads back is not what was sent.

        Raises:
            AmbiguousObjectError: One of the same type and name stands there and is not known to be ours.
            PlatformError: The call failed.
        """
        body: Json = simplejson.loads(prepared.body, use_decimal=True)
        if automation_id is None:
            self._refuse_double(prepared, place)
            data = self._transport.call(AUTOMATION_CREATE, body, ids={"sort": prepared.sort}).data
            automation_id = _id_of(data, AUTOMATION_CREATE)
        else:
            ids = {"automation_id": automation_id}
            self._transport.call(AUTOMATION_UPDATE, {**body, "automation_id": int(automation_id)}, ids=ids)
        read = self._read(automation_id)
        url = EDITOR.format(
            space=place.workspace, table=prepared.table_id, sort=prepared.sort, automation_id=automation_id
        )
        return Posting(
            automation_id=automation_id, editor_url=url, differences=tuple(differences(body, read, prepared.key))
        )

    def _refuse_double(self, prepared: Prepared, place: Place) -> None:
        same = [
            head.automation_id
            for head in self.heads(workspace=place.workspace, table_id=prepared.table_id)
            if (head.sort, head.name) == (prepared.sort, prepared.name)
        ]
        if same:
            facts: dict[str, FactValue] = {"name": prepared.name, "ids": tuple(same)}
            raise AmbiguousObjectError("capture.stands_already", facts=facts)

    def _read(self, automation_id: str) -> Json:
        data = self._transport.call(AUTOMATION_READ, ids={"automation_id": automation_id}).data
        if not isinstance(data, dict) or not data:
            raise _bad_shape(AUTOMATION_READ, "data")
        return data

    def _parameter_id(self, automation_id: str, key: str) -> Any:
        for entry in self._read(automation_id).get("params") or []:
            if isinstance(entry, dict) and str(entry.get("param_key")) == key:
                return entry.get("field_id")
        return None


def _id_of(data: Any, endpoint: Endpoint) -> str:
    """Return an automation's id, which comes under either name. Source: automation-plane.md §3.1, §12."""
    entry = data if isinstance(data, Mapping) else {}
    value = entry.get("automation_id") or entry.get("button_id")
    if value is None:
        raise _bad_shape(endpoint, "automation_id")
    return str(value)


def _unique(problems: list[Problem]) -> list[Problem]:
    return list({(problem.code, problem.address): problem for problem in problems}.values())


def _text(body: Json) -> str:
    return str(simplejson.dumps(body, ensure_ascii=False, use_decimal=True, separators=(",", ":")))


def _bad_shape(endpoint: Endpoint, part: str) -> ProtocolError:
    return ProtocolError("platform.shape", endpoint=endpoint.name, facts={"part": part})
