"""``views/<table>.yaml``: the views and forms of one table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from huoban_perf.core.schema import ViewKind
from huoban_perf.template.rule_model import FieldKey, FieldName, Given, Rules
from huoban_perf.template.text_model import Flag, Key, LabelsText, Relation, SayingText, Text


class SortText(Text):
    """One key of an order."""

    field: Key
    descending: Flag = False


class ViewText(Text):
    """One view: which rows a role finds under one name.

    A ``kanban`` needs ``group_by`` a choice field; a ``calendar`` needs ``start``; a ``gantt`` ``start`` and ``end``; a
    ``gallery`` may name a ``cover``.
    """

    key: Key
    labels: LabelsText
    kind: ViewKind = ViewKind.GRID
    roles: tuple[Key, ...] = Field(min_length=1)
    """Roles it is made for, keys of ``roles.yaml``."""
    rows: Rules = ()
    """Rows it shows, beyond what the reader's permission lets through."""
    sort: tuple[SortText, ...] = ()
    group_by: Key | None = None
    fields: tuple[FieldKey, ...] = Field(min_length=1)
    """Visible fields in order."""
    start: Key | None = None
    end: Key | None = None
    progress: Key | None = None
    cover: Key | None = None
    help: LabelsText | None = None
    """What its reader does here."""
    feature: Key | None = None


class FormFieldText(Text):
    """One question; ``include: criteria`` stands for the rating criteria asked under the form's ``relation``."""

    key: Key | None = None
    include: Literal["criteria"] | None = None
    help: SayingText | None = None
    """Said beside it in place of the field's own help."""
    required: Flag = False
    read_only: Flag = False
    """Shown for the filler's benefit, not editable here."""
    shown_when: Rules = ()
    prefill: Given = None
    """Value it starts with: a constant, ``$me``, ``$today``; ``$row.field`` a field of the row it was opened from."""
    feature: Key | None = None


class FormText(Text):
    """One form: what a person is asked on one page."""

    key: Key
    labels: LabelsText
    roles: tuple[Key, ...] = ()
    """Roles that fill it in; none for a public form."""
    relation: Relation | None = None
    """评价关系 it serves."""
    rows: Rules = ()
    """Existing rows it is offered for."""
    creates: Flag = False
    """Whether it makes a new row."""
    intro: SayingText | None = None
    thanks: SayingText | None = None
    fields: tuple[FormFieldText, ...] = Field(min_length=1)
    details: tuple[FieldName, ...] = ()
    """Relation fields of child tables whose rows are filled in on the same page: ``review_score.task``."""
    public: Flag = False
    """Answered through a link, without an account."""
    token: Key | None = None
    """Field with the answerer's token, in a public form: one answer a token."""
    feature: Key | None = None


class ViewsText(Text):
    """The views and forms of one table: ``views/<table>.yaml``."""

    table: Key
    views: tuple[ViewText, ...] = ()
    forms: tuple[FormText, ...] = ()
