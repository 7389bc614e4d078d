"""Who a plane's requests speak for: the headers that carry a secret, and how secrets stay out of everything else.

| plane   | who                         | headers                                        | mark       |
| ------- | --------------------------- | ---------------------------------------------- | ---------- |
| v1      | an API key                  | ``Open-Authorization``                         | [doc]      |
| v2      | an installed application    | ``X-Huoban-Ticket``                            | [code]     |
| v2      | the person who is signed in | ``Authorization``                              | [doc D1]   |
| gateway | the person who is signed in | the same, ``x-huoban-tenant-id``, ``…-token-company`` | [code A3] |

Source: openapi-v1.md §1; schema-plane.md §2; automation-plane.md §3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from huoban_perf.core.errors import AccessError
from huoban_perf.platforms.calls.identity import HIDDEN, Identity, SecretHeader, Speaker, checked_key

TICKET_LIVES_S = 86_400
"""A day: a command needs no more, though the vendor's library asks for fourteen."""

_BAD = "platform.bad_credential"


class Application:
    """An installed application that gets its own ticket when the first one is needed.

    Source: schema-plane.md §2 [code S1 S2]: ``POST /v2/ticket`` with id, secret and lifetime in seconds.
    """

    def __init__(self, *, application_id: str, secret: str) -> None:
        """Keep id and secret; nothing is sent.

        Args:
            application_id: Of the enterprise's application.
            secret: Its secret.

        Raises:
            AccessError: One of them is empty or holds characters that no secret has.
        """
        self._id = checked_key(application_id, bad=_BAD).get_secret_value()
        self._secret = checked_key(secret, bad=_BAD)
        self._ticket: SecretStr | None = None
        self._ask: Callable[[Mapping[str, object]], str] | None = None

    def asks(self, ask: Callable[[Mapping[str, object]], str]) -> None:
        """Learn how a ticket is asked for.

        Args:
            ask: Sends a body to the ticket's endpoint and returns the ticket.
        """
        self._ask = ask

    def headers(self) -> Mapping[str, str]:
        """Return the ticket's header, asking for the ticket first when there is none."""
        if self._ticket is None:
            if self._ask is None:
                raise AccessError("platform.no_key")
            body = {"application_id": self._id, "application_secret": self._secret.get_secret_value()}
            self._ticket = checked_key(self._ask({**body, "expired": TICKET_LIVES_S}), bad=_BAD)
        return {"X-Huoban-Ticket": self._ticket.get_secret_value()}

    def scrub(self, text: str) -> str:
        """Return a text of the platform without secret and ticket."""
        for known in (self._secret, self._ticket):
            text = text if known is None else text.replace(known.get_secret_value(), HIDDEN)
        return text

    def silent(self) -> Speaker:
        """Return who asks for the ticket: sends no header, and still hides the secret."""
        return _Silent(self.scrub)


@dataclass(frozen=True, slots=True)
class _Silent:
    scrub: Callable[[str], str]

    def headers(self) -> Mapping[str, str]:
        """Return none."""
        return {}


def api_key(key: str) -> Identity:
    """Return the identity of an API key; AccessError when it is empty or cannot stand in a header."""
    return Identity(secrets=(SecretHeader(name="Open-Authorization", secret=checked_key(key), prefix="Bearer "),))


def ticket(text: str) -> Identity:
    """Return the identity of an application's ticket; AccessError when it cannot stand in a header.

    Source: schema-plane.md §2 [code S1 S2 S4].
    """
    return Identity(secrets=(SecretHeader(name="X-Huoban-Ticket", secret=checked_key(text, bad=_BAD)),))


def login(token: str) -> Identity:
    """Return the identity of a signed-in person on v2; AccessError when it cannot stand in a header.

    Source: schema-plane.md §1, §2 [doc D1].
    """
    secret = checked_key(token, bad=_BAD)
    return Identity(secrets=(SecretHeader(name="Authorization", secret=secret, prefix="Bearer "),))


def gateway(*, token: str, tenant_id: str, token_company: str, request_id: Callable[[], str]) -> Identity:
    """Return the identity of a signed-in administrator on the gateway.

    Args:
        token: Access token.
        tenant_id: Tenant.
        token_company: The opaque company text that goes with the token.
        request_id: Returns 32 hexadecimal digits, new for each request.

    Returns:
        The identity. All three are personal, short-lived and of full power: never kept, never shown.

    Raises:
        AccessError: One cannot stand in a header.

    Source: automation-plane.md §3.1 [code A3].
    """
    secrets = (
        SecretHeader(name="Authorization", secret=checked_key(token, bad=_BAD), prefix="Bearer "),
        SecretHeader(name="x-huoban-token-company", secret=checked_key(token_company, bad=_BAD)),
    )
    tenant = checked_key(tenant_id, bad=_BAD).get_secret_value()

    def plain() -> Mapping[str, str]:
        return {
            "x-huoban-client-id": "1",
            "x-huoban-language": "zh-CN",
            "x-huoban-tenant-id": tenant,
            "x-huoban-request-id": request_id(),
        }

    return Identity(secrets=secrets, plain=plain)
