"""``pages/<key>.yaml``: one page of a role, as blocks on a grid of 24 columns."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from huoban_perf.core.schema import BlockKind, Measure
from huoban_perf.template.rule_model import FieldName, Rules
from huoban_perf.template.text_model import Key, LabelsText, SayingText, Text, Whole


class BlockText(Text):
    """One block.

    ``indicator`` and ``progress`` show one number; ``bar``, ``line``, ``pie``, ``funnel`` and ``pivot`` need
    ``group_by``; ``list`` needs ``view``, ``form`` needs ``form``, ``text`` needs ``text``.
    """

    kind: BlockKind
    labels: LabelsText
    table: Key | None = None
    """Table it reads; a list and a form have it from their view or form."""
    rows: Rules = ()
    measure: Measure = Measure.COUNT
    value: Key | None = None
    """Field measured; none for ``count``."""
    group_by: Key | None = None
    split_by: Key | None = None
    view: FieldName | None = None
    """``table.key`` of a view."""
    form: FieldName | None = None
    """``table.key`` of a form."""
    text: SayingText | None = None
    most: Annotated[Whole, Field(ge=1, le=100)] = 10
    """Rows that a list shows at most."""
    width: Annotated[Whole, Field(ge=1, le=24)] = 8
    height: Annotated[Whole, Field(ge=1, le=60)] = 10
    feature: Key | None = None


class PageText(Text):
    """One page: ``pages/<key>.yaml``."""

    key: Key
    labels: LabelsText
    roles: tuple[Key, ...] = Field(min_length=1)
    blocks: tuple[BlockText, ...] = Field(min_length=1)
    """From the top left, row by row."""
    feature: Key | None = None
