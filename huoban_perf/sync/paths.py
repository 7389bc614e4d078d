"""Paths: how a column of a scoring input is found in the workspace's tables.

A path is written in ``extract.yaml`` and read here:

=====================================  ==========================================================
``name``                               a field of the row itself
``appraisal.employee.emp_no``          follow relations, then take a field
``rater<employee.account>.emp_no``     a person: the row of ``employee`` whose ``account`` is that member
``external_rater | rater<…>.emp_no``   the first alternative that is not empty
``'subject'``                          a constant
=====================================  ==========================================================

Every step that leads nowhere gives an empty cell; whether that is allowed is for the scoring input's own check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.errors import TemplateError
from huoban_perf.core.schema import MEMBER_KINDS, DesiredSchema, FieldKind
from huoban_perf.core.values import Value
from huoban_perf.sync.snapshot import TableRows

_STEP = re.compile(r"(?P<field>[a-z][a-z0-9_]*)(?:<(?P<table>[a-z][a-z0-9_]*)\.(?P<by>[a-z][a-z0-9_]*)>)?")
_CONSTANT = re.compile(r"'(?P<text>[^']*)'")


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: the field read, and where it leads (None for the last step)."""

    field: str
    table: str | None = None
    by_member: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: alternatives in order; an alternative is steps or a constant text."""

    alternatives: tuple[tuple[Step, ...] | str, ...]

    def columns(self, table: str) -> set[tuple[str, str]]:
        """Return every (table, field) the path reads, starting at ``table``."""
        used: set[tuple[str, str]] = set()
        for steps in self.alternatives:
            if isinstance(steps, str):
                continue
            here = table
            for step in steps:
                used.add((here, step.field))
                if step.by_member is not None and step.table is not None:
                    used.add((step.table, step.by_member))
                here = step.table or here
        return used


def parse_path(text: str, *, table: str, schema: DesiredSchema) -> Path:
    """Read a path and check every hop against the schema.

    Args:
        text: The path as written.
        table: Key of the table it starts at.
        schema: The app's schema.

    Returns:
        The parsed path.

    Raises:
        TemplateError: The text is not a path, or a hop names a missing field or a field that leads nowhere.
    """
    return Path(tuple(_alternative(part.strip(), table, schema, text) for part in text.split("|")))


def _alternative(part: str, table: str, schema: DesiredSchema, whole: str) -> tuple[Step, ...] | str:
    constant = _CONSTANT.fullmatch(part)
    if constant:
        return constant["text"]
    steps: list[Step] = []
    here = table
    words = re.split(r"\.(?![a-z0-9_]*>)", part)
    for index, word in enumerate(words):
        last = index == len(words) - 1
        step = _step(word, here, schema, last=last)
        if step is None:
            raise TemplateError("sync.bad_path", facts={"path": whole, "step": word, "table": here})
        steps.append(step)
        here = step.table or here
    return tuple(steps)


def _step(word: str, here: str, schema: DesiredSchema, *, last: bool) -> Step | None:
    found = _STEP.fullmatch(word)
    if found is None:
        return None
    try:
        field = schema.table(here).field(found["field"])
        if found["by"] is not None:
            schema.table(found["table"]).field(found["by"])
    except KeyError:
        return None
    if last:
        return Step(found["field"]) if found["by"] is None else None
    if field.kind in MEMBER_KINDS and found["by"] is not None:
        return Step(found["field"], found["table"], found["by"])
    if field.kind is FieldKind.RELATION and field.target is not None:
        return Step(found["field"], field.target.key)
    return None


class PathReader:
    """Evaluates paths over tables that were read."""

    def __init__(self, *, tables: Mapping[str, TableRows]) -> None:
        """Take the tables.

        Args:
            tables: Table key → rows, with every column the paths read.
        """
        self._tables = tables
        self._row_by_member: dict[tuple[str, str], dict[str, int]] = {}

    def read(self, path: Path, *, table: str, row: int) -> Value:
        """Return the cell a path leads to.

        Args:
            path: A parsed path.
            table: Key of the table it starts at.
            row: Row index in that table.

        Returns:
            The neutral value; None when every alternative is empty.
        """
        for steps in path.alternatives:
            value = steps if isinstance(steps, str) else self._walk(steps, table, row)
            if value is not None and value != ():
                return value
        return None

    def _walk(self, steps: tuple[Step, ...], table: str, row: int) -> Value:
        here, index = table, row
        for step in steps[:-1]:
            value = self._tables[here].value(index, step.field)
            if not isinstance(value, tuple) or not value or step.table is None:
                return None
            found = self._next(step, value[0])
            if found is None:
                return None
            here, index = step.table, found
        return self._tables[here].value(index, steps[-1].field)

    def _next(self, step: Step, target: str) -> int | None:
        table = step.table or ""
        if step.by_member is None:
            return self._tables[table].row_of_id(target)
        place = (table, step.by_member)
        if place not in self._row_by_member:
            rows = self._tables[table]
            members: dict[str, int] = {}
            for row in rows:
                value = rows.value(row, step.by_member)
                if isinstance(value, tuple) and value:
                    members.setdefault(value[0], row)
            self._row_by_member[place] = members
        return self._row_by_member[place].get(target)
