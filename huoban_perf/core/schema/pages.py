"""Pages: what a role sees first, as blocks on the platform's grid of 24 columns (schema-plane.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, Rule


class BlockKind(StrEnum):
    """What a block of a page is."""

    INDICATOR = "indicator"
    PROGRESS = "progress"
    BAR = "bar"
    LINE = "line"
    PIE = "pie"
    FUNNEL = "funnel"
    PIVOT = "pivot"
    LIST = "list"
    FORM = "form"
    TEXT = "text"


class Measure(StrEnum):
    """How the rows of a block become a number."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    LARGEST = "largest"
    SMALLEST = "smallest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpec:
    """One block of a page.

    Attributes:
        kind: What it is.
        labels: Heading.
        table: Table it reads; None for a text.
        rows: Rows it counts or lists.
        measure: How rows become a number.
        value: Field measured; None for COUNT, lists, forms and texts.
        group_by: Field of the categories of a chart or the rows of a pivot, or None.
        split_by: Field that splits a category into series or the columns of a pivot, or None.
        view: View that a list shows, or None.
        form: Form that a form block offers, or None.
        text: What a text block says, or None.
        most: Rows that a list shows at most.
        width: Columns of 24.
        height: Rows of about 20 pixels.
    """

    kind: BlockKind
    labels: Labels
    table: Address | None = None
    rows: Rule = ALWAYS
    measure: Measure = Measure.COUNT
    value: Address | None = None
    group_by: Address | None = None
    split_by: Address | None = None
    view: Address | None = None
    form: Address | None = None
    text: Labels | None = None
    most: int = 10
    width: int = 8
    height: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """A page as wished by the template.

    Attributes:
        address: ``page:key``.
        labels: Name shown.
        roles: Keys of the roles it is made for.
        blocks: From the top left, row by row.
    """

    address: Address
    labels: Labels
    roles: tuple[str, ...]
    blocks: tuple[BlockSpec, ...]
