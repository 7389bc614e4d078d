"""What a job is given: the book, the day, the cycle, the company's process parameters, and what was asked for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from huoban_perf.core.errors import CycleError, FactValue
from huoban_perf.core.values import CHINA
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.foreign import ForeignTable
from huoban_perf.sync.rescore import Decision, Rescored
from huoban_perf.sync.runs import RunStore

_CODE_BYTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The company's process parameters. Source: workflows.md §1.

    Attributes:
        announce_days: Days between 公示 and the opening of goals.
        goals_min: Fewest items of a contract.
        goals_max: Most items of a contract.
        review_load: Most review tasks of one rater in a cycle, self and superior not counted.
        peers: How many peers are proposed where the scheme says no number.
        interview_days: Days after release until which talks are due.
        appeal_workdays: Working days until an appeal is accepted or refused.
        decide_workdays: Working days until an appeal is decided.
        retention_months: Months after archiving until single ratings are detached.
        message_months: Months until a message that was sent is deleted; one that was not is kept twice as long.
        confirm_reminders: Reminders before silence counts as having read.
        weak_grades: Grades after which an improvement plan is proposed.
        interview_grades: Grades after which a talk is due; empty = all.
        criteria: Relation → criterion fields asked, with their share.
        pass_grade: The grade that counts as 合格, as the scheme documents name it.
        actor_check: ``auto``, ``enforce`` or ``record``: what an action by somebody else than the one named comes to.
        settle_polls: Looks that final decisions wait.
        role_members: Role → members, for who is told: ``hr``, ``executive``, ``payroll``.
        customer_link: Address of the public form that customers answer on, for their letters; empty: none are written.
        scheme: The scheme document of an app that keeps its rules in the parameter file; else empty.
    """

    announce_days: int = 3
    goals_min: int = 1
    goals_max: int = 8
    review_load: int = 12
    peers: int = 3
    interview_days: int = 10
    appeal_workdays: int = 3
    decide_workdays: int = 10
    retention_months: int = 24
    message_months: int = 6
    confirm_reminders: int = 2
    weak_grades: tuple[str, ...] = ("c", "d")
    interview_grades: tuple[str, ...] = ()
    criteria: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    pass_grade: str = ""
    actor_check: str = "auto"
    settle_polls: int = 0
    role_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customer_link: str = ""
    scheme: Mapping[str, object] = field(default_factory=dict)


def _fresh_code() -> str:
    return secrets.token_hex(_CODE_BYTES)


def _no_secret(name: str) -> str:
    raise CycleError("cycle.no_secret", facts={"variable": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What a job is given.

    Attributes:
        book: What stands.
        cycle_name: 周期名称, or empty where a job works on none.
        process: Parameters.
        calendar: Working days.
        options: What was asked for beyond the defaults, by option name.
        secret: Name of a variable → the secret it holds, for sources.
        new_code: Makes an invite code that nobody can guess.
        rescore: Decisions of appeals → key of the sheet and its score by the same rules; None where nothing can score.
        foreign: Name of a table that the app does not own → the table; None where only the app's own can be read.
        members: Name of a member of the workspace → member id; also id → id.
        runs: Stored runs of this machine, or None.
    """

    book: Book
    cycle_name: str = ""
    process: Process = field(default_factory=Process)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    options: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    runs: RunStore | None = None
    foreign: Callable[[str], ForeignTable] | None = None
    rescore: Callable[[Sequence[Decision]], Mapping[str, Rescored]] | None = None
    secret: Callable[[str], str] = field(default=_no_secret, repr=False)
    new_code: Callable[[], str] = field(default=_fresh_code, repr=False)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.book.app.clock.now().astimezone(CHINA).date()

    @property
    def cycle(self) -> Row:
        """The cycle's row.

        Raises:
            CycleError: There is no cycle of that name; lists those there are.
        """
        found = self.book.find("cycle", self.cycle_name)
        if found is None:
            known = tuple(sorted(row.key for row in self.book.all("cycle")))
            facts: dict[str, FactValue] = {"cycle": self.cycle_name, "known": known}
            raise CycleError("sync.no_cycle", facts=facts)
        return found

    def stage_on(self, stage: str) -> bool:
        """Return whether a stage of the cycle is on."""
        return stage not in stages_off(self.cycle)


STAGES = (
    *("goal", "nomination", "self", "peer", "subordinate", "customer"),
    *("calibration", "interview", "confirmation", "appeal", "outcome"),
)
"""Every stage that a cycle can leave out."""

_TABLE_OF = {stage: stage for stage in ("goal", "calibration", "interview", "appeal", "outcome")}


def stages_off(cycle: Row | None) -> frozenset[str]:
    """Return the stages that a cycle does not have.

    Args:
        cycle: The cycle; None: nothing is known to be off.

    Returns:
        Stages that 启用环节 leaves out (an empty one leaves out none), and those whose table the app leaves out,
        whatever is ticked.
    """
    if cycle is None:
        return frozenset()
    stages = cycle["enabled_stages"] if cycle.has("enabled_stages") else ()
    ticked = set(stages) if isinstance(stages, tuple) and stages else set(STAGES)
    absent = {stage for stage, table in _TABLE_OF.items() if not cycle.book.has(table)}
    return frozenset((set(STAGES) - ticked) | absent)
