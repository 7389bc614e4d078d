"""What a round of the executor came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from huoban_perf.automation.firings import FiringState
from huoban_perf.core.errors import BadCellError


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A firing that a person must look at.

    Attributes:
        automation: Its printed address.
        item: The row.
        state: Parked or looped.
        reason: Code of the last failure; of a loop the automations in the order in which they set each other off.
    """

    automation: str
    item: str
    state: FiringState
    reason: str


@dataclass(slots=True)
class Round:
    """What a round came to, in firings by state.

    ``unverified``: a Chinese line an action whose person is unknown; ``unreadable``: tables passed over because cells
    hold something else than their field is for.
    """

    counts: dict[FiringState, int] = field(default_factory=dict)
    new: int = 0
    unverified: list[str] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    unreadable: dict[str, BadCellError] = field(default_factory=dict)

    def add(self, state: FiringState) -> None:
        """Count one firing."""
        self.counts[state] = self.counts.get(state, 0) + 1

    def of(self, state: FiringState) -> int:
        """Return how many firings ended in a state."""
        return self.counts.get(state, 0)
