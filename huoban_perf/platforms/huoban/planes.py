"""The planes: what a profile lends those beside v1, and what one can find out about each without changing anything.

Source: schema-plane.md §1, §2; automation-plane.md §3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import FactValue, HuobanPerfError, Problem
from huoban_perf.core.ports import Finding, Verdict
from huoban_perf.platforms.calls.identity import Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneAccess:
    """Identities for the planes beside v1; None where the plane is off.

    Attributes:
        v2: A ticket, an application or a signed-in person, for the v2 tables plane.
        gateway: A signed-in person, for the automation gateway.
        relations: Whether v2 may create relation fields (their form is the least proven).
    """

    v2: Speaker | None = None
    gateway: Speaker | None = None
    relations: bool = False


class Checkable(Protocol):
    """A plane that can be asked, harmlessly, whether its identity is accepted."""

    def check(self, *, workspace: WorkspaceId) -> None:
        """Return when it is; raise AccessError or another PlatformError when not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneProbe:
    """One plane under examination.

    Attributes:
        plane: Its name.
        subject: What is asked.
        unproven: Message ids of what only a write would prove.
    """

    plane: str
    subject: Checkable
    unproven: tuple[str, ...]

    def findings(self, *, workspace: WorkspaceId) -> Iterator[Finding]:
        """Yield what a harmless read shows, then what it cannot show.

        Args:
            workspace: Which one.

        Yields:
            First the identity: proven, or refused with the reason; then one finding for each thing not proven.
        """
        facts: dict[str, FactValue] = {"workspace": workspace}
        try:
            self.subject.check(workspace=workspace)
        except HuobanPerfError as error:
            cause = Problem(code=error.code, facts=error.facts)
            yield Finding(plane=self.plane, verdict=Verdict.REFUSED, code=f"plane.{self.plane}_refused", cause=cause)
            return
        yield Finding(plane=self.plane, verdict=Verdict.PROVEN, code=f"plane.{self.plane}_accepted", facts=facts)
        for code in self.unproven:
            yield Finding(plane=self.plane, verdict=Verdict.NOT_PROVEN, code=code)


@dataclass(frozen=True, slots=True)
class Probes:
    """All probed planes of a connection."""

    planes: Sequence[PlaneProbe] = ()

    def probe(self, *, workspace: WorkspaceId) -> tuple[Finding, ...]:
        """Return what harmless reads show of every plane that is switched on.

        Args:
            workspace: Which one.

        Returns:
            The findings, plane by plane.
        """
        return tuple(finding for plane in self.planes for finding in plane.findings(workspace=workspace))
