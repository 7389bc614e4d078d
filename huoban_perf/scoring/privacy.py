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
    "lines": "kind = 'person' AND subject = $who",
    "items": "kind = 'person' AND subject = $who",
    "groups": "kind = 'person' AND subject = $who AND score_n IS NOT NULL",
    "criteria": "kind = 'person' AND subject = $who",
    "forms": "rater = $who",
    "excluded": "kind = 'person' AND subject = $who AND level <> 'form'",
}
"""Output → which rows are the person's: his results, and the forms he wrote himself; never who rated him."""


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
    described = connection.execute(fill("DESCRIBE out_$name", name=name)).fetchall()
    columns = [str(row[0]) for row in described]
    found = connection.execute(
        fill("SELECT * FROM out_$name WHERE $where ORDER BY ALL", name=name, where=where)
    ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]
