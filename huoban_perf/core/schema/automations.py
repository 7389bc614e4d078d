"""Automations: what happens by itself, in words of no platform.

One declaration serves twice: as the recipe a person builds in the platform's editor, and as what our own runner
executes. Fields are named by address only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, FieldOf, Me, Rule, ThisRow, Today
from huoban_perf.core.values import Value


class ItemEvent(StrEnum):
    """What can happen to a row."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class Period(StrEnum):
    """How often a schedule comes round."""

    DAY = "day"
    WORKDAY = "workday"
    WEEK = "week"
    MONTH = "month"


class Page(StrEnum):
    """Pages on which a fill-time rule acts. Source: automation-plane.md §2 [verified by practitioners]."""

    CREATE = "create"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItem:
    """Started by a row.

    Attributes:
        events: What must have happened.
        fields: For CHANGED: one of these must have changed; empty means any field.
    """

    events: frozenset[ItemEvent]
    fields: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSchedule:
    """Started by the clock, once for every row of the table that satisfies the conditions.

    Attributes:
        period: How often.
        at: Time of day in China, ``HH:MM``.
        day: Day of the week (1 = Monday) or of the month; None for daily periods.
        date: Date field of the row that must lie ``offsets`` days before or after today, or None.
        offsets: Days from ``date`` to today at which it starts: −3 is three days ahead. Empty without ``date``.
    """

    period: Period
    at: str
    day: int | None = None
    date: Address | None = None
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnButton:
    """Started by a person on a row.

    Attributes:
        roles: Keys of the roles that see the button.
        batch: Whether it may be used on several rows at once.
    """

    roles: tuple[str, ...]
    batch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Started by another automation, on the row that it hands over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFill:
    """Acts while a form is being filled in, before saving; never executed by our runner.

    Attributes:
        fields: Fields whose input starts it.
        pages: Where it acts.
    """

    fields: tuple[Address, ...]
    pages: frozenset[Page]


Trigger = OnItem | OnSchedule | OnButton | OnCall | OnFill


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of execution, for date-time fields."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What the person wrote into 操作说明 with the action."""


@dataclass(frozen=True, slots=True)
class EachOf:
    """A field of the row of the loop, inside ``each``.

    Attributes:
        path: As ``FieldOf.path``, from the loop's table.
    """

    path: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text with fields in it.

    Attributes:
        labels: Text in both languages, with placeholders ``{name}``.
        parts: Placeholder → the field it stands for.
    """

    labels: Labels
    parts: Mapping[str, FieldOf | EachOf] = field(default_factory=dict)


Expression = Value | Me | Today | Now | Reason | FieldOf | EachOf | ThisRow | Phrase
"""What can be written into a field."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One field and what is written into it; None empties it."""

    field: Address
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A loop over the rows of a table.

    Attributes:
        table: The table.
        rows: Which of its rows; ``FieldOf`` in it speaks of the row at hand.
    """

    table: Address
    rows: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a row, unless the table already has one with the same natural key.

    Attributes:
        table: Where.
        values: What it holds.
        each: One row for each row of the loop, or None: one row.
    """

    table: Address
    values: tuple[Assignment, ...]
    each: Each | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change rows.

    Attributes:
        table: Their table.
        path: Relations from the row at hand to the row changed; empty with ``rows`` None: the row itself.
        rows: Which rows of the table, or None: the one that ``path`` leads to.
        values: What is written.
    """

    table: Address
    path: tuple[Address, ...] = ()
    rows: Rule | None = None
    values: tuple[Assignment, ...]


class Urgency(StrEnum):
    """When a notice is handed over. Source: workflows.md §6."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"
    NEXT_WORKDAY = "next_workday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell people.

    Attributes:
        event: Key of the event: with receiver, object and date it is the key that keeps a notice from being sent twice.
        to: Member fields that hold the receivers, seen from the row at hand.
        roles: Roles all of whose holders are told.
        outside: Field with the address of a receiver without an account (e-mail), or None.
        text: What is said; never a score, a grade, an amount, a rater, or the fact of an appeal.
        urgency: When.
        each: One notice for each row of the loop (``to`` is seen from there), or None.
    """

    event: str
    to: tuple[FieldOf | EachOf, ...] = ()
    roles: tuple[str, ...] = ()
    outside: FieldOf | None = None
    text: Phrase
    urgency: Urgency
    each: Each | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Start another automation (``OnCall``) on the row that the path leads to.

    Attributes:
        automation: Its address.
        path: Relations from the row at hand; empty: the row itself.
        each: Once for each row of the loop, or None.
    """

    automation: Address
    path: tuple[Address, ...] = ()
    each: Each | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """Start a job of ``automations/jobs.yaml``."""

    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """Open a prefilled page for making a row; only in a button, a person saves it.

    Attributes:
        table: Where.
        values: What is filled in.
    """

    table: Address
    values: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Write into the open form (``OnFill``)."""

    values: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop here with a message when the rule holds.

    Attributes:
        rows: Condition on the row at hand.
        text: What the person is told.
    """

    rows: Rule
    text: Labels


Step = Create | Update | Notify | Call | RunJob | OpenPage | Fill | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationSpec:
    """An automation as declared.

    Attributes:
        address: ``automation:table.key``; the table is that of the row at hand.
        labels: Name shown.
        trigger: What starts it.
        rows: Conditions on the row at hand.
        steps: What it does, in order.
        failure: What people are told when it fails, or None.
        help: Why it exists, for the documentation, or None.
    """

    address: Address
    labels: Labels
    trigger: Trigger
    rows: Rule = ALWAYS
    steps: tuple[Step, ...]
    failure: Labels | None = None
    help: Labels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A job of the program that automations and people start by name (``job run NAME``)."""

    key: str
    labels: Labels
    help: Labels | None = None


def loops_of(steps: tuple[Step, ...]) -> Iterator[Each]:
    """Yield the loops of an automation's steps, in order."""
    for step in steps:
        if isinstance(step, Create | Notify | Call) and step.each is not None:
            yield step.each
