"""How patient a connection is, and what an address must look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from huoban_perf.core.errors import ProfileError


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """Timeouts and repeats.

    Attributes:
        connect_timeout_s: Longest wait for a connection.
        read_timeout_s: Longest silence while waiting for an answer.
        attempts: Most attempts of one call, the first included.
        backoff_s: Wait after the first failed attempt; doubles with each further one.
        longest_wait_s: Longest single wait; a platform that asks for more ends the call instead.

    Raises:
        ProfileError: A number is not positive.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    attempts: int = 5
    backoff_s: float = 0.5
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse settings that could not work."""
        demand_positive(
            {
                "connect_timeout_s": self.connect_timeout_s,
                "read_timeout_s": self.read_timeout_s,
                "attempts": self.attempts,
                "longest_wait_s": self.longest_wait_s,
            }
        )


def demand_positive(numbers: Mapping[str, float]) -> None:
    """Refuse a setting that is not positive.

    Args:
        numbers: Name of the setting → number.

    Raises:
        ProfileError: One is not positive.
    """
    for name, number in numbers.items():
        if not number > 0:
            raise ProfileError("platform.setting", facts={"setting": name, "value": str(number)})


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
