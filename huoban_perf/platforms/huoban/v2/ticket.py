"""Getting a ticket for an application."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from huoban_perf.core.errors import AccessError, NotFoundError, ProtocolError, RejectedError
from huoban_perf.platforms.huoban.transport import Transport
from huoban_perf.platforms.huoban.v2.endpoints import TICKET_CREATE


def ticket_asker(transport: Transport) -> Callable[[Mapping[str, object]], str]:
    """Return what asks for a ticket.

    Args:
        transport: Of the v2 plane, without identity.

    Returns:
        A function of the body; raises AccessError when the application is refused, another PlatformError when the call
        fails.

    Source: schema-plane.md §2 [code S1 S2].
    """

    def ask(body: Mapping[str, object]) -> str:
        try:
            data = transport.call(TICKET_CREATE, dict(body)).data
        except (AccessError, NotFoundError, RejectedError) as error:
            raise AccessError("platform.application_refused", endpoint=TICKET_CREATE.name, facts=error.facts) from error
        ticket = data.get("ticket") if isinstance(data, dict) else None
        if not isinstance(ticket, str) or not ticket:
            raise ProtocolError("platform.shape", endpoint=TICKET_CREATE.name, facts={"part": "ticket"})
        return ticket

    return ask
