"""What every channel takes and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one receiver.

    Attributes:
        receiver: Member id, or ``group:<name>``.
        title: One line.
        lines: The body, at most ten lines.
        keys: Keys of the notices it carries.
        digest: Whether it is the day's digest.
    """

    receiver: str
    title: str
    lines: tuple[str, ...]
    keys: tuple[str, ...]
    digest: bool

    @property
    def text(self) -> str:
        """Title and lines as plain text."""
        return "\n".join((self.title, *self.lines))


class Channel(Protocol):
    """Sends messages one way."""

    @property
    def name(self) -> str:
        """The channel's name, for people."""
        ...

    def reaches(self, receiver: str) -> bool:
        """Return whether this channel has an address of a receiver."""
        ...

    def send(self, message: Message) -> None:
        """Send one message.

        Raises NoticeLeakError for a text that shows a result, NoticeThrottledError when the channel must rest,
        NoticeRefusedError when the other side says no, NoticeUnreachableError when nobody answered. No error
        names an address.
        """
        ...
