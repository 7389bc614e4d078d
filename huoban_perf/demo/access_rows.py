"""Permission columns of seeded rows, written along with the rows, as the job ``access-sync`` would fill them.

Whom a row is about stands in its natural key: the first staff number, else the department. So no second pass over the
workspace is needed; a test holds the result against the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from huoban_perf.core.schema import PERMISSION_COLUMNS, DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.demo.life_rows import Life, leavers
from huoban_perf.demo.rows import Batch
from huoban_perf.sync.wanted import Refs, WantedRow


def with_access(batches: Iterable[Batch], life: Life, schema: DesiredSchema) -> list[Batch]:
    """Return the batches with the permission columns of each row.

    Args:
        batches: Rows of a seeded company.
        life: The company.
        schema: Says which tables have which columns.

    Returns:
        The same batches in the same order.
    """
    access = _Access(life)
    found = []
    for part in batches:
        columns = [f.address.key for f in schema.table(part.table).fields if f.address.key in PERMISSION_COLUMNS]
        rows = tuple(access.filled(row, columns) for row in part.rows) if columns else part.rows
        found.append(Batch(table=part.table, rows=rows, first_only=part.first_only))
    return found


class _Access:
    def __init__(self, life: Life) -> None:
        self._life = life
        company = life.company
        self._people = {person.number: person for person in (*company.people, *leavers(company))}
        self._parent = {entry.code: entry.parent for entry in company.outline.departments}
        self._chains: dict[str, tuple[str, ...]] = {}

    def filled(self, row: WantedRow, columns: list[str]) -> WantedRow:
        parts = row.key.strip("[]").split("|")
        person = next((self._people[part] for part in parts if part in self._people), None)
        if person is not None:
            found = {
                "p_self": self._life.member(person.number),
                "p_mgr": self._life.member(person.manager),
                "p_heads": self._heads(person.department),
            }
        else:
            code = next((part[2:] for part in parts if part.startswith("D:")), "")
            above = self._parent.get(code, "")
            found = {
                "p_self": self._head(code),
                "p_mgr": self._head(above),
                "p_heads": self._heads(code),
            }
        found["p_subject"] = found["p_self"]
        values: Mapping[str, Value | Refs] = {column: found[column] for column in columns if column in found}
        return WantedRow(key=row.key, values={**row.values, **values})

    def _head(self, code: str) -> tuple[str, ...]:
        return self._life.member(self._life.heads[code]) if code in self._life.heads else ()

    def _heads(self, code: str) -> tuple[str, ...]:
        """Return the heads of a department and of all above it, nearest first, each once."""
        if code not in self._chains:
            above = self._heads(self._parent[code]) if self._parent.get(code) else ()
            here = self._head(code)
            self._chains[code] = here + tuple(member for member in above if member not in here)
        return self._chains[code]
