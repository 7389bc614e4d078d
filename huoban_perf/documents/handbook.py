"""The handbook of an app, as data: what each role finds and does, and what each table holds.

One content for every form; ``handbook_parts`` makes it from a template, ``handbook_page`` prints it as HTML. Names are
in the language in which the app is deployed, the words around them Chinese.

Source: issue of the app, point 8; workflows.md §3, §4.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from huoban_perf.template import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something a role finds: a view, form or page.

    Attributes:
        name: Its name.
        kind: What it is.
        table: Name of its table; empty for a page.
        says: Which rows it shows, or what it asks.
        help: What its reader does there; empty when nothing is said.
    """

    name: str
    kind: str
    table: str
    says: str
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a role does: an action in a state."""

    table: str
    name: str
    way: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePart:
    """One role: what it finds and does, and what its group must not see."""

    key: str
    name: str
    group: str
    members: str
    pages: tuple[Found, ...]
    views: tuple[Found, ...]
    forms: tuple[Found, ...]
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field of a table."""

    name: str
    kind: str
    writer: str
    marks: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RightLine:
    """What groups may do in a table; groups that may do the same share a line."""

    groups: tuple[str, ...]
    rows: str
    visible: str
    editable: str
    rights: str
    must_not_see: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayLine:
    """One transition of a table's machine."""

    name: str
    way: str
    who: str
    needs: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart:
    """One table."""

    key: str
    name: str
    group: str
    help: str
    fields: tuple[FieldLine, ...]
    rights: tuple[RightLine, ...]
    states: Markup | None
    ways: tuple[WayLine, ...]
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One notice: when, to whom, what it says."""

    table: str
    when: str
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseLine:
    """What the process promises, and what keeps it."""

    part: str
    line: str
    claim: str
    kept_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """The whole handbook."""

    app: str
    name: str
    version: str
    digest: str
    counts: dict[str, int]
    stages: Markup | None
    promises: tuple[PromiseLine, ...]
    relations: Markup
    roles: tuple[RolePart, ...]
    public: tuple[Found, ...]
    tables: tuple[TablePart, ...]
    notices: tuple[NoticeLine, ...]
