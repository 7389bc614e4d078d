"""What each file of a template may hold. Every model refuses unknown keys and is frozen; scalars arrive as text.

Here: the app, its tables and its parameters. ``scheme_model``, ``view_model``, ``role_model``, ``page_model`` and
``automation_model`` have the other files, ``rule_model`` how conditions and values are written.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from huoban_perf.core.schema import FieldKind, Writer
from huoban_perf.core.schema.fields import Summary
from huoban_perf.template.rule_model import FieldName, Given, Rules
from huoban_perf.template.text_model import Color, Flag, Key, LabelsText, Number, Relation, Shown, Text, Weight, Whole

Size = Literal["tables", "fields", "views", "forms", "permissions", "pages", "transitions", "automations", "buttons"]
"""What a budget may limit."""

IncludeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
"""Name of a folder below ``app_templates/_parts`` or ``app_templates``."""


class OptionText(Text):
    """One choice: its key, its texts, its colour, and its points when it answers a rating criterion."""

    key: Key
    zh: Shown
    en: Shown
    color: Color | None = None
    points: Number | None = None


class RollupText(Text):
    """One value from the rows of another table that relate to this row."""

    through: FieldName
    """Relation field of the other table that points here: ``goal.appraisal``."""
    summary: Summary
    value: Key | None = None
    """Field of the other table; none for ``count``."""
    rows: Rules = ()
    """Which of the related rows count."""


class AttachedText(Text):
    """A field of a related row, shown here."""

    through: Key
    """Relation field of this table."""
    value: Key
    """Field of the related table."""


class FieldText(Text):
    """One field of a table.

    ``include: criteria`` in place of ``key`` stands for one choice field a rating criterion of the parameters;
    ``customer_criteria`` for those that customers are asked, ``staff_criteria`` for those that colleagues are.
    ``options_from`` names the list of the parameters that gives the options: ``grades``, ``position_families`` or an
    entry of ``lists``.
    """

    key: Key | None = None
    include: Literal["criteria", "customer_criteria", "staff_criteria"] | None = None
    labels: LabelsText | None = None
    kind: FieldKind = FieldKind.TEXT
    help: LabelsText | None = None
    """Said to the person who fills the field in."""
    required: Flag = False
    unique: Flag = False
    writer: Writer = Writer.PEOPLE
    """Who fills it: a job's field is read-only to people."""
    options: tuple[OptionText, ...] = ()
    options_from: Key | None = None
    target: Key | None = None
    """Table a relation points to."""
    many: Flag = False
    decimals: Annotated[Whole, Field(ge=0, le=9)] | None = None
    default: Given = None
    """Value of a new row: an option key, a number, ``true``, ``$me``, ``$today``."""
    least: Number | None = None
    """Smallest number that people may enter."""
    most: Number | None = None
    """Largest number that people may enter."""
    target_rows: Rules = ()
    """Rows of the target that a relation offers; ``$row.field`` is a field of the row being filled in."""
    formula: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Arithmetic on fields of the row, for kind ``formula``: ``{target_value} - {baseline_value}``."""
    rollup: RollupText | None = None
    """For kind ``rollup``."""
    attached: AttachedText | None = None
    """For kind ``attached``."""
    feature: Key | None = None
    """Present only in an app that lists this feature."""


class TableText(Text):
    """One table: ``tables/<key>.yaml``."""

    key: Key
    labels: LabelsText
    group: LabelsText | None = None
    """Heading under which the workspace lists the table."""
    title: Key
    """Field whose value names an item in relations."""
    key_field: Key | None = None
    """Field that holds the natural key or business code."""
    details: tuple[FieldName, ...] = ()
    """Relation fields of other tables whose rows are filled in inside this table's form: ``review_score.task``."""
    help: LabelsText | None = None
    """What the table is for."""
    fields: tuple[FieldText, ...] = Field(min_length=1)
    """In form order."""


class MovedText(Text):
    """A renamed key: both are printed addresses, for example ``field:goal.weight``."""

    from_: str = Field(alias="from")
    to: str


class LifecycleText(Text):
    """Addresses whose removal from the template may delete them on the platform."""

    allow_delete: tuple[str, ...] = ()


class AppText(Text):
    """The app: ``app.yaml``."""

    key: Key
    version: Shown
    labels: LabelsText
    include: tuple[IncludeName, ...] = ()
    """Shared parts (``app_templates/_parts/<name>``) or other templates whose files are taken as if they stood here;
    a file of this app replaces an included one of the same name; what speaks of tables not in ``order`` is left out."""
    replaces: tuple[Key, ...] = ()
    """Tables that this app states otherwise than what it includes: of those no included view is taken."""
    grows_from: tuple[Key, ...] = ()
    """Keys of smaller apps whose tables this one takes over where they stand: what was deployed for them counts."""
    parameters: IncludeName | None = None
    """Template or part whose ``parameters.yaml`` this app shares; none: its own, or an included one."""
    features: tuple[Key, ...] = ()
    """Words that switch on what carries them as ``feature``."""
    order: tuple[Key, ...] = Field(min_length=1)
    """Tables in the order in which a person would build them."""
    headings: tuple[LabelsText, ...] = ()
    """Groups of tables in the order in which the process needs them."""
    automations: tuple[Key, ...] = ()
    """Names of the files in ``automations`` that belong to this app."""
    edition: Literal["free", "team", "standard", "custom", "flagship"] = "standard"
    """Edition of the platform whose limits the linter applies."""
    budget: dict[Size, Annotated[Whole, Field(ge=0)]] = Field(default_factory=dict)
    """Sizes the app keeps below, for example ``{tables: 8, fields: 120}``."""
    moved: tuple[MovedText, ...] = ()
    lifecycle: LifecycleText = LifecycleText()


class CriterionText(Text):
    """One rating criterion, asked of everyone under the named relations; its options carry the points."""

    key: Key
    labels: LabelsText
    help: LabelsText | None = None
    relations: tuple[Relation, ...] = Field(min_length=1)
    weight: Weight = Decimal(1)
    """Share of the criterion within a form: all equal, or adding up to 100 for each relation."""
    options: tuple[OptionText, ...] = Field(min_length=2)
    """Best first."""


class PassingText(Text):
    """What 合格 means: the option of a criterion, and the grade that people with nothing but it must get."""

    option: Key
    grade: Key


class ProcessText(Text):
    """How strict the process runs. Source: workflows.md §1 (parameters and their defaults)."""

    announce_days: Annotated[Whole, Field(ge=0, le=60)] = 3
    """Days between 公示 and the start of goal setting."""
    second_announcement: Flag = True
    """Whether the locked goals are announced again."""
    goals_min: Annotated[Whole, Field(ge=0, le=50)] = 1
    goals_max: Annotated[Whole, Field(ge=1, le=50)] = 8
    goals_warn_below: Annotated[Whole, Field(ge=0, le=50)] = 3
    actor_check: Literal["auto", "enforce", "record"] = "auto"
    """Whether an action by somebody else is refused or only recorded; auto: refused where the platform says."""
    settle_polls: Annotated[Whole, Field(ge=0, le=10)] = 0
    """Polls that 确认目标, 批准变更, 公布 and decisions on appeals wait."""
    permission_columns: Literal["auto", "on", "off"] = "auto"
    """Whether permission columns are filled; auto: off where the platform has no row permissions."""
    calibration_approval: Literal["session", "row"] = "session"
    sign_off: Literal["cycle", "row"] = "cycle"
    interview_for: tuple[Key, ...] = ()
    """Keys of the grades that get a talk; none: all."""
    confirm_reminders: Annotated[Whole, Field(ge=0, le=10)] = 2
    retention_months: Annotated[Whole, Field(ge=1, le=120)] = 24
    """Months after the archive until single ratings are detached from their raters."""
    message_months: Annotated[Whole, Field(ge=1, le=120)] = 6
    """Months until a message that was sent is deleted; one that was not is kept twice as long."""
    customer_link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)] | None = None
    """Address of the public form that customers answer on; printed in their invitations."""


class ParametersText(Text):
    """What a company sets in one file: ``parameters.yaml``."""

    position_families: tuple[OptionText, ...] = Field(min_length=1)
    grades: tuple[OptionText, ...] = Field(min_length=2)
    """Best first."""
    lists: dict[Key, tuple[OptionText, ...]] = Field(default_factory=dict)
    """Further choices that a company sets: dimensions, job levels, calibration pools."""
    passing: PassingText | None = None
    criteria: tuple[CriterionText, ...] = Field(min_length=1)
    process: ProcessText = ProcessText()
    """How strict the process runs."""
    role_members: dict[Key, tuple[Shown, ...]] = Field(default_factory=dict)
    """Role → its holders, by the names that the platform shows; only roles that no relation to rows makes."""
    scheme: Shown | None = None
    """Scheme document beside this file that belongs to these criteria; none: the template's own ``scheme.yaml``."""

    def options(self, name: str) -> tuple[OptionText, ...]:
        """Return the choices of a list; none when there is no such list."""
        fixed = {"grades": self.grades, "position_families": self.position_families}
        return fixed.get(name) or self.lists.get(name, ())
