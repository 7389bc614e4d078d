"""``automations/<name>.yaml``: the state machine of one table and its other automations; ``automations/jobs.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from huoban_perf.core.schema.automations import ItemEvent, Page, Period, Urgency
from huoban_perf.template.rule_model import Assignments, FieldName, PathText, Rules
from huoban_perf.template.text_model import Flag, Key, LabelsText, Said, SayingText, Text, Whole

JobName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
"""Name of a job as ``job run`` takes it: ``access-sync``."""

ReceiverText = Annotated[str, StringConstraints(pattern=r"^(each\.)?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$")]
"""Path to a member field: ``p_mgr``, ``appraisal.p_self``; ``each.p_self`` starts at the row of the loop."""


class EachText(Text):
    """A loop over the rows of a table; ``$row.field`` in ``rows`` is a field of the row at hand."""

    table: Key
    rows: Rules = ()


class CreateText(Text):
    """Make a row (or one for each row of a loop)."""

    table: Key
    values: Assignments = Field(min_length=1)
    each: EachText | None = None


class UpdateText(Text):
    """Change the row at hand, the row that ``path`` leads to, or the rows of a table that satisfy ``rows``."""

    path: PathText | None = None
    """Relations from the row at hand: ``appraisal``, ``appraisal.cycle``."""
    table: Key | None = None
    rows: Rules = ()
    values: Assignments = Field(min_length=1)


class NotifyText(Text):
    """Tell people; the text holds ``{field}`` or ``{relation.field}`` of the row at hand, ``{each.field}`` of the loop.

    Never in a text: a score, a grade, an amount, a rater, the fact of an appeal (workflows.md §6).
    """

    event: Key
    """With receiver, object and date the key that keeps a notice from being sent twice."""
    to: tuple[ReceiverText, ...] = ()
    roles: tuple[Key, ...] = ()
    """Roles all of whose holders are told."""
    outside: PathText | None = None
    """Field with the e-mail address of a receiver without an account."""
    urgency: Urgency = Urgency.DIGEST
    zh: Said
    en: Said
    each: EachText | None = None


class CallText(Text):
    """Start an automation whose trigger is ``called``, on the row at hand or the one that ``path`` leads to."""

    automation: FieldName
    path: PathText | None = None
    each: EachText | None = None


class OpenText(Text):
    """Open a prefilled page for making a row; only in a button."""

    table: Key
    values: Assignments = Field(min_length=1)


class StopText(Text):
    """Stop here and tell the person, when the conditions hold."""

    rows: Rules = ()
    zh: Said
    en: Said


class StepText(Text):
    """One thing that happens; exactly one of the keys."""

    create: CreateText | None = None
    update: UpdateText | None = None
    notify: NotifyText | None = None
    call: CallText | None = None
    run: JobName | None = None
    """Name of a job."""
    open: OpenText | None = None
    fill: Assignments | None = None
    """Values written into the open form; only under the trigger ``fill``."""
    stop: StopText | None = None
    feature: Key | None = None


class TriggerText(Text):
    """What starts an automation; exactly one of ``item``, ``schedule``, ``button``, ``called``, ``fill``."""

    item: tuple[ItemEvent, ...] = ()
    """What happened to a row; with ``fields``, only when one of these changed."""
    schedule: Period | None = None
    """How often, for every row that satisfies the conditions."""
    button: tuple[Key, ...] = ()
    """Roles that see the button."""
    called: Flag = False
    """Started by ``call``."""
    fill: tuple[Page, ...] = ()
    """While a form is filled in on these pages, when one of ``fields`` gets a value."""
    fields: tuple[Key, ...] = ()
    at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    """Time of day in China, with ``schedule``."""
    day: Annotated[Whole, Field(ge=1, le=31)] | None = None
    """Day of the week (1 = Monday) or month."""
    date: Key | None = None
    """Date field that today must be ``offsets`` days from."""
    offsets: tuple[Annotated[Whole, Field(ge=-365, le=365)], ...] = ()
    """Days: −3 is three days before the date, 1 the day after."""
    batch: Flag = False
    """Whether a button may be used on several rows."""


class AutomationText(Text):
    """One automation beside the transitions of the machine."""

    key: Key
    labels: LabelsText
    trigger: TriggerText
    rows: Rules = ()
    """Conditions on the row at hand."""
    then: tuple[StepText, ...] = Field(min_length=1)
    failure: SayingText | None = None
    """What people are told when it fails."""
    help: SayingText | None = None
    """Why it exists."""
    feature: Key | None = None


class StageText(Text):
    """A state that belongs to a stage which a cycle may switch off."""

    stage: Key
    """Key of an option of 启用环节."""
    skip_to: Key
    """State reached in its place while the stage is off."""


class ActorText(Text):
    """Who acts under one name: holders of member fields of the row, holders of roles."""

    key: Key
    """``employee``, ``manager``, ``head``, ``hr``, ``decider``, ``rater``, ``handler`` and ``payroll`` have a name and
    field that need not be stated; others need ``labels``."""
    labels: LabelsText | None = None
    fields: tuple[Key, ...] = ()
    roles: tuple[Key, ...] = ()


class DemandText(Text):
    """Conditions on the row, with what is said when they do not hold."""

    rows: Rules = Field(min_length=1)
    zh: Said
    en: Said
    feature: Key | None = None


class GuardText(Text):
    """A named check of things beyond the row, carried out by the program; ``{name}`` in its text is a fact it found."""

    key: Key
    zh: Said
    en: Said
    stage: Key | None = None
    """Stage it belongs to: not asked when that is off."""


class TransitionText(Text):
    """One way from a state to another; it is also an automation and an option of its actors' action fields."""

    key: Key
    labels: LabelsText
    from_: tuple[str, ...] = Field(default=(), alias="from")
    """States it leaves, or ``$open``; none: it makes the row."""
    to: Annotated[str, StringConstraints(pattern=r"^(\$former|[a-z][a-z0-9_]*)$")]
    """State it reaches; ``$former`` goes back to the state kept in the machine's ``former`` field."""
    by: tuple[Key, ...] = Field(min_length=1)
    """Actors who may; ``job`` is the program."""
    needs: tuple[Key, ...] = ()
    """Fields that must be filled."""
    reason: Flag = False
    """Whether 操作说明 must say why."""
    when: tuple[DemandText, ...] = ()
    guards: tuple[Key, ...] = ()
    then: tuple[StepText, ...] = ()
    """What else happens, before the state moves."""
    job: JobName | None = None
    """Job that carries out the whole of it."""
    button: Flag = False
    """Whether it is worth one of the platform's few buttons."""
    help: SayingText | None = None
    feature: Key | None = None


class MachineText(Text):
    """The state machine of the table; its states are the options of the status field."""

    field: Key = "status"
    closed: tuple[Key, ...] = ()
    """States in which nothing is left to do."""
    stages: dict[Key, StageText] = Field(default_factory=dict)
    """State → the stage it belongs to."""
    former: Key | None = None
    """Choice field that keeps the state to come back to."""
    history: Key | None = None
    """Text field that gets a line when a state is first entered."""
    actors: tuple[ActorText, ...] = ()
    """Only where they differ from what their name says."""
    guards: tuple[GuardText, ...] = ()
    transitions: tuple[TransitionText, ...] = Field(min_length=1)


class AutomationsText(Text):
    """Automations of one table: ``automations/<name>.yaml``; ``app.yaml`` names the files it uses."""

    key: Key
    """The file's name."""
    table: Key
    machine: MachineText | None = None
    automations: tuple[AutomationText, ...] = ()


class JobText(Text):
    """A job of the program."""

    key: JobName
    labels: LabelsText
    help: SayingText | None = None


class JobsText(Text):
    """All jobs: ``automations/jobs.yaml``."""

    jobs: tuple[JobText, ...] = Field(min_length=1)
