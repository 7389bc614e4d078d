"""Forms: what one person is asked on one page, in which order, with which help."""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, FieldOf, Me, Rule, Today
from huoban_perf.core.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFieldSpec:
    """One question of a form.

    Attributes:
        field: The field's address.
        help: Said beside it; the field's own help unless the form says more.
        required: Whether this form refuses an empty value.
        read_only: Shown for the filler's benefit and not editable here.
        shown_when: Shown only while this holds, where the platform can; else always shown.
        prefill: Value it starts with, or None: a constant, me, today, or a field of the row the form was
            opened from.
        criterion: Whether it is a rating criterion of the parameters.
    """

    field: Address
    help: Labels | None = None
    required: bool = False
    read_only: bool = False
    shown_when: Rule = ALWAYS
    prefill: Value | Me | Today | FieldOf = None
    criterion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSpec:
    """A form as wished by the template.

    Attributes:
        address: ``form:table.key``.
        labels: Title shown.
        roles: Keys of the roles that fill it in; empty for a public form.
        relation: The 评价关系 it serves, or None.
        rows: Existing rows it is offered for; ``ALWAYS`` for a form that creates a row.
        creates: Whether it makes a new row (else it fills in an existing one).
        intro: Said above the first question, or None.
        thanks: Said after sending, or None.
        fields: Questions in order.
        details: Tables of the child rows that are filled in on the same page.
        public: Whether it is answered through a link, without an account.
        token: Field that holds the answerer's token in a public form: one answer a token; None otherwise.
    """

    address: Address
    labels: Labels
    roles: tuple[str, ...] = ()
    relation: str | None = None
    rows: Rule = ALWAYS
    creates: bool = False
    intro: Labels | None = None
    thanks: Labels | None = None
    fields: tuple[FormFieldSpec, ...]
    details: tuple[Address, ...] = ()
    public: bool = False
    token: Address | None = None
