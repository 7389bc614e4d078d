"""Every error a user can meet, in one tree.

An error carries facts, not prose: ``code`` names the message in ``cli/messages/{zh,en}.yaml``, ``facts`` fill its
placeholders, ``problems`` lists every fault found (all at once, not the first only). Exceptions are English and
structured; only the CLI translates. Secrets never enter ``facts``.

```
HuobanPerfError
├─ ProfileError
├─ TemplateError
├─ PlatformError
│   ├─ UnreachableError  ThrottledError
│   ├─ AccessError  NotFoundError  RejectedError
│   └─ ProtocolError
├─ PlanError       StalePlanError  UnsafePlanError  ConflictError  UnsupportedChangeError
│                  AmbiguousObjectError  UnfinishedApplyError
├─ StateError      StateLockedError  StateSerialError  StateFormatError
├─ SyncError       ExtractError  AmbiguousRowError  UnconfirmedWriteError  SealedCycleError
├─ ScoringError    SchemeError  ScoringInputError
├─ NoticeError     NoticeLeakError  NoticeThrottledError  NoticeRefusedError  NoticeUnreachableError
├─ CycleError      SourceError
├─ AutomationError
└─ ServiceError    LeaseLostError
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

FactValue = str | int | tuple[str, ...]
"""What an error may state: text, a count, or a list of names."""


class Recovery(StrEnum):
    """What the reader can do about an error."""

    RETRY = "retry"
    FIX_INPUT = "fix_input"
    ASK_HUMAN = "ask_human"
    RESUME = "resume"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in an input: where it is, what was found, what was expected.

    Attributes:
        code: Message id, for example ``template.unknown_key``.
        facts: Placeholders of that message.
        file: Path as the user knows it, or None when the input was not a file.
        line: 1-based line in ``file``, or None.
        address: Printed address (``field:goal.weight``) or row and column (``forms:12:rater``), or None.
    """

    code: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    file: str | None = None
    line: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        """Return an English debugging form; users read the translated message instead."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        where = " ".join(part for part in (place, self.address) if part)
        return f"{where} {self.code} {dict(self.facts)}".strip()


class HuobanPerfError(Exception):
    """Root of every error this package raises on purpose.

    Attributes:
        code: Message id in ``cli/messages``.
        facts: Placeholders of the message.
        problems: Every single fault found, possibly empty.
    """

    recovery: ClassVar[Recovery] = Recovery.REPORT

    def __init__(
        self,
        code: str,
        *,
        facts: Mapping[str, FactValue] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        """Keep the facts; the text shown to people is made by the CLI.

        Args:
            code: Message id.
            facts: Placeholders of the message; never a secret or personal data beyond business codes.
            problems: Every fault found.
        """
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, FactValue] = MappingProxyType(dict(facts or {}))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Return an English debugging form."""
        lines = [f"{self.code} {dict(self.facts)}" if self.facts else self.code]
        lines += [f"  {problem}" for problem in self.problems]
        return "\n".join(lines)


class ProfileError(HuobanPerfError):
    """The profile, a key or a path it names is missing or unusable."""

    recovery = Recovery.FIX_INPUT


class TemplateError(HuobanPerfError):
    """A template or parameter file is not valid; ``problems`` has file, line and address of each fault."""

    recovery = Recovery.FIX_INPUT


class PlatformError(HuobanPerfError):
    """The platform refused, failed or could not be understood.

    Attributes:
        endpoint: Our name of the endpoint that was called.
        trace_id: The platform's own request id, or None.
    """

    def __init__(
        self,
        code: str,
        *,
        endpoint: str = "",
        trace_id: str | None = None,
        facts: Mapping[str, FactValue] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        """Keep where it happened beside the facts.

        Args:
            code: Message id.
            endpoint: Our name of the endpoint.
            trace_id: The platform's request id, if the answer had one.
            facts: Placeholders of the message.
            problems: Every fault found.
        """
        super().__init__(
            code, facts={"endpoint": endpoint, "trace_id": trace_id or "-", **(facts or {})}, problems=problems
        )
        self.endpoint = endpoint
        self.trace_id = trace_id


class UnreachableError(PlatformError):
    """No answer: connection refused, cut or timed out. The effect of a write is unknown."""

    recovery = Recovery.RETRY


class ThrottledError(PlatformError):
    """The platform asked us to slow down.

    Attributes:
        retry_after_s: Seconds the platform asked us to wait, or None.
    """

    recovery = Recovery.RETRY
    retry_after_s: float | None = None


class AccessError(PlatformError):
    """The key is missing, wrong, expired, or has no right to the object."""

    recovery = Recovery.ASK_HUMAN


class NotFoundError(PlatformError):
    """The workspace, table or item does not exist (or the key may not see it)."""

    recovery = Recovery.FIX_INPUT


class RejectedError(PlatformError):
    """The platform understood the request and refused it."""

    recovery = Recovery.FIX_INPUT


class ProtocolError(PlatformError):
    """An answer outside the written contract, for example HTML."""

    recovery = Recovery.REPORT


class BadCellError(PlatformError):
    """Cells hold something else than their field is for; the problems name them. The platform let somebody do that."""

    recovery = Recovery.FIX_INPUT


class PlanError(HuobanPerfError):
    """A plan could not be made or used."""

    recovery = Recovery.FIX_INPUT


class StalePlanError(PlanError):
    """The workspace moved since the plan was made."""


class UnsafePlanError(PlanError):
    """The plan destroys or changes more than was consented to."""

    recovery = Recovery.ASK_HUMAN


class ConflictError(PlanError):
    """Template and workspace both changed, to different values."""

    recovery = Recovery.ASK_HUMAN


class UnsupportedChangeError(PlanError):
    """The change cannot be made in place, for example another field kind."""


class AmbiguousObjectError(PlanError):
    """Several objects of the workspace could be the same declared one, for example two tables of one name."""

    recovery = Recovery.ASK_HUMAN


class UnfinishedApplyError(PlanError):
    """A plan stopped half-way; what was done is recorded, and the same command does the rest."""

    recovery = Recovery.RESUME


class StateError(HuobanPerfError):
    """The state file cannot be used."""

    recovery = Recovery.FIX_INPUT


class StateLockedError(StateError):
    """Another run holds the lock."""

    recovery = Recovery.RETRY


class StateSerialError(StateError):
    """The state file moved under us."""

    recovery = Recovery.RETRY


class StateFormatError(StateError):
    """The state file is damaged, edited by hand, or of another version."""


class SyncError(HuobanPerfError):
    """Extracting, comparing or writing back failed."""

    recovery = Recovery.FIX_INPUT


class ExtractError(SyncError):
    """What was read from the workspace cannot be scored; ``problems`` lists every row."""


class AmbiguousRowError(SyncError):
    """Several rows hold the same natural key."""

    recovery = Recovery.ASK_HUMAN


class UnconfirmedWriteError(SyncError):
    """Accepted writes could not be read back; running the same command again resumes."""

    recovery = Recovery.RESUME


class SealedCycleError(SyncError):
    """The cycle is released; a difference needs a new revision (公布版次)."""

    recovery = Recovery.ASK_HUMAN


class PinnedRulesError(SyncError):
    """The rules are not those that were announced (公示); a change needs a note and an approver."""

    recovery = Recovery.ASK_HUMAN


class ScoringError(HuobanPerfError):
    """Scoring is impossible as asked."""

    recovery = Recovery.FIX_INPUT


class SchemeError(ScoringError):
    """The scheme contradicts itself; ``problems`` lists every contradiction."""


class ScoringInputError(ScoringError):
    """Input frames break their written form; ``problems`` lists every row and column."""


class NoticeError(HuobanPerfError):
    """A notice could not be worded or sent; an error of a channel never names an address."""

    recovery = Recovery.FIX_INPUT


class NoticeLeakError(NoticeError):
    """The text would show a score, a grade, an amount, a rater or an appeal."""

    recovery = Recovery.REPORT


class NoticeThrottledError(NoticeError):
    """The channel must rest."""

    recovery = Recovery.RETRY


class NoticeRefusedError(NoticeError):
    """The other side said no."""

    recovery = Recovery.FIX_INPUT


class NoticeUnreachableError(NoticeError):
    """Nobody answered; whether the message arrived is unknown."""

    recovery = Recovery.RETRY


class CycleError(HuobanPerfError):
    """A job of the cycle cannot do its work; ``problems`` lists every cause and nothing was written."""

    recovery = Recovery.FIX_INPUT


class SourceError(CycleError):
    """A source of people or figures cannot be read or contradicts itself."""


class AutomationError(HuobanPerfError):
    """Declared automations cannot be carried out as they stand."""

    recovery = Recovery.FIX_INPUT


class ServiceError(HuobanPerfError):
    """The service cannot start or go on."""

    recovery = Recovery.FIX_INPUT


class StoreGoneError(ServiceError):
    """The store that several machines share does not answer now."""

    recovery = Recovery.RETRY


class LeaseLostError(ServiceError):
    """Another worker took the occurrence over; what this one still writes must not count."""

    recovery = Recovery.RETRY
