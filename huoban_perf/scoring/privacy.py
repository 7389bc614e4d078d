"""One person's own data out of a run: what he may ask for, without anybody else's rating.

Source: scoring.md S16 (explanation; export of one person's data), S4.6 (a hidden cell is absent from exports to anyone
but HR).
"""

from __future__ import annotations

from typing import Any, Final

from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.workbench import Connection, fill

_OWN: Final = {
    "results": "kind = 'person' AND subject = $who",
    "grades": "kind = 'person' AND subject = $who",
    "bonus": "subject = $who",
    "lines": "kind = 'person' AND subject = $who",
    "items": "kind = 'person' AND subject = $who",
    "groups": "kind = 'person' AND subject = $who AND score_n IS NOT NULL",
    "criteria": "kind = 'person' AND subject = $who",
    "forms": "rater = $who",
    "excluded": "kind = 'person' AND subject = $who AND level <> 'form'",
}
"""Output → which rows are the person's: his results, and the forms he wrote himself; never who rated him."""

_COLUMNS: Final = {"grades": "kind, subject, scheme, first_grade, final_grade, final_score"}
"""Output → its columns that are the person's, where not all are: rank, pool and what was weighed against others are for
HR only (scoring.md S10)."""


def person_data(connection: Connection, emp_no: str) -> dict[str, list[dict[str, Any]]]:
    """Collect everything the last run says about one person to that person.

    Args:
        connection: The connection ``score_cycle`` ran in.
        emp_no: Staff number.

    Returns:
        Output name → rows as column → value.

    Source: scoring.md S16.
    """
    return {name: _rows(connection, name, fill(where, who=sql_literal(emp_no))) for name, where in _OWN.items()}


def _rows(connection: Connection, name: str, where: str) -> list[dict[str, Any]]:
    query = fill("SELECT $columns FROM out_$name WHERE $where", name=name, columns=_COLUMNS.get(name, "*"), where=where)
    columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {query}").fetchall()]
    found = connection.execute(f"{query} ORDER BY ALL").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]
