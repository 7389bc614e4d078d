"""What a connection to Huoban can be told, and the platform's limits as named constants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from huoban_perf.platforms.calls.options import CallOptions, check_url, demand_positive

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
class HuobanOptions(CallOptions):
    """Settings of one connection; none of them is secret.

    Attributes:
        base_url: Root of the API.
        planes: ``v1`` is the documented API; ``builder`` exists only in the embedded workspace; ``v2`` and ``gateway``
            are recovered, not documented.
        rate_per_s: Requests a second of one key; we stay a little below it. None lifts the limit.

    Raises:
        ProfileError: ``base_url`` is not an http address, or a number is not positive.
    """

    base_url: str = DEFAULT_URL
    planes: tuple[Plane, ...] = ("v1",)
    rate_per_s: Decimal | None = REQUESTS_PER_S

    def __post_init__(self) -> None:
        """Refuse settings that could not work."""
        check_url(self.base_url)
        CallOptions.__post_init__(self)
        if self.rate_per_s is not None:
            demand_positive({"rate_per_s": float(self.rate_per_s)})


def beside(base_url: str, path: str) -> str:
    """Return the address of another plane on the host of the documented API.

    Args:
        base_url: Root of the documented API.
        path: Where the other plane lies, for example ``/v2``.

    Returns:
        Its root. Source: schema-plane.md §1 [code]: all planes lie on one host.
    """
    return base_url.split("/openapi/", maxsplit=1)[0].rstrip("/") + path
