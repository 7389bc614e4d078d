"""What a connection to Huoban can be told, and the platform's limits as named constants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

from huoban_perf.core.errors import ProfileError

DEFAULT_URL = "https://api.huoban.com/openapi/v1"
"""Source: openapi-v1.md, head [code]; private deployments have their own (§1 [code])."""

REQUESTS_PER_S = Decimal(10)
"""The platform's limit for one key. Source: openapi-v1.md §3 [code]."""

PAGE_SIZE = 100
"""Most items of one ``/item/list`` page. Source: openapi-v1.md §3 [code]."""

BATCH_SIZE = 100
"""Most rows of one ``/items`` call. Source: openapi-v1.md §3 [doc for create, inferred for the rest]."""

Plane = Literal["v1", "builder", "v2", "gateway"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HuobanOptions:
    """Settings of one connection; none of them is secret.

    Attributes:
        base_url: Root of the API.
        planes: ``v1`` is the documented API; ``builder`` exists only in the embedded workspace; ``v2`` and ``gateway``
            are recovered, not documented.
        rate_per_s: Requests a second of one key; we stay a little below it. None lifts the limit.
        connect_timeout_s: Longest wait for a connection.
        read_timeout_s: Longest silence while waiting for an answer.
        attempts: Most attempts of one call, the first included.
        backoff_s: Wait after the first failed attempt; doubles with each further one.
        longest_wait_s: Longest single wait; a platform that asks for more ends the call instead.

    Raises:
        ProfileError: ``base_url`` is not an http address, or a number is not positive.
    """

    base_url: str = DEFAULT_URL
    planes: tuple[Plane, ...] = ("v1",)
    rate_per_s: Decimal | None = REQUESTS_PER_S
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    attempts: int = 5
    backoff_s: float = 0.5
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse settings that could not work."""
        check_url(self.base_url)
        numbers = {"connect_timeout_s": self.connect_timeout_s, "read_timeout_s": self.read_timeout_s}
        numbers |= {"attempts": self.attempts, "longest_wait_s": self.longest_wait_s}
        if self.rate_per_s is not None:
            numbers["rate_per_s"] = float(self.rate_per_s)
        for name, number in numbers.items():
            if not number > 0:
                raise ProfileError("platform.setting", facts={"setting": name, "value": str(number)})


def beside(base_url: str, path: str) -> str:
    """Return the address of another plane on the host of the documented API.

    Args:
        base_url: Root of the documented API.
        path: Where the other plane lies, for example ``/v2``.

    Returns:
        Its root. Source: schema-plane.md §1 [code]: all planes lie on one host.
    """
    return base_url.split("/openapi/", maxsplit=1)[0].rstrip("/") + path


def check_url(url: str) -> str:
    """Return an address without its trailing slash.

    Args:
        url: An http or https address.

    Returns:
        The address.

    Raises:
        ProfileError: It is not one, or carries a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        shown = url if "@" not in url else f"{parts.scheme}://…"
        raise ProfileError("platform.base_url", facts={"url": shown})
    return url.rstrip("/")
