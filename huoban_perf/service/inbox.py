"""The inbox: which notices of an outbox the workspace does not show yet, or shows in an older state.

Every notice to a person also stands in the workspace, whatever channels he has, so that nobody depends on a robot or a
mailbox. What was shown is remembered with its state, after the rows were confirmed; killed in between, the same rows
are written again. Source: workflows.md §6; data-model.md §2 消息.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from huoban_perf.core.notices import InboxEntry
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.service.outbox import Outbox

_AT_ONCE = 500
_STATES = {"waiting": "pending", "sent": "sent", "parked": "failed", "unreachable": "dropped"}


@dataclass(frozen=True)
class Inbox:
    """The entries of one profile's outbox."""

    outbox: Outbox

    def due(self) -> list[InboxEntry]:
        """Return entries whose row is missing or behind, oldest first, at most 500.

        A text that would give a result away is replaced by one that only says that there is news.
        """
        entries = []
        for notice, state in self.outbox.unlike_mirrored(limit=_AT_ONCE):
            text = self.outbox.texts.line(notice)
            if leaks_in(text):
                text = self.outbox.texts.words("private_matter", {})
            entries.append(
                InboxEntry(
                    key=notice.key,
                    receiver=notice.receiver,
                    text=text,
                    link=notice.link,
                    state=_STATES.get(state, state),
                )
            )
        return entries

    def mirrored(self, entries: Sequence[InboxEntry]) -> None:
        """Remember that rows stand as these entries say."""
        states = {shown: state for state, shown in _STATES.items()}
        self.outbox.note_mirrored({entry.key: states.get(entry.state, entry.state) for entry in entries})
