"""Views: which rows of a table a role finds under one name, in which shape and order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, Rule


class ViewKind(StrEnum):
    """How a view draws its rows. Source: schema-plane.md §5 (engines of the platform)."""

    GRID = "grid"
    KANBAN = "kanban"
    CALENDAR = "calendar"
    GANTT = "gantt"
    GALLERY = "gallery"


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of a view's order; empty values come last."""

    field: Address
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSpec:
    """A view as wished by the template.

    Attributes:
        address: ``view:table.key``.
        labels: Name shown; unique in its table.
        kind: Shape.
        roles: Keys of the roles it is made for; a view that several share stands once.
        rows: Which rows it shows, beyond what the reader's permission lets through.
        sort: Order, first key first.
        group_by: Field whose values head the groups; the columns of a kanban. None: no groups.
        fields: Visible fields in order.
        start: Date field of a calendar or the start of a gantt bar; None for other kinds.
        end: End of a gantt bar, or of a calendar entry that lasts; None otherwise.
        progress: Progress of a gantt bar, or None.
        cover: Image field of a gallery card, or None.
        help: What its reader does here, or None.
    """

    address: Address
    labels: Labels
    kind: ViewKind
    roles: tuple[str, ...]
    rows: Rule = ALWAYS
    sort: tuple[Sort, ...] = ()
    group_by: Address | None = None
    fields: tuple[Address, ...]
    start: Address | None = None
    end: Address | None = None
    progress: Address | None = None
    cover: Address | None = None
    help: Labels | None = None
