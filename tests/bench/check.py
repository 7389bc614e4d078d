"""A sample of the measured run beside the oracle: whole teams, every cell, so that speed changes no bit."""

from __future__ import annotations

from pathlib import Path

import duckdb

from huoban_perf.scoring import parse_scheme, scheme_document
from tests.bench.contenders import score
from tests.bench.inputs import CRITERIA, FRAMES, SCHEME, TEAM
from tests.oracle.cycle import score_cycle
from tests.oracle.draws import Cycle
from tests.property.scoring.compare import differences
from tests.property.scoring.engine import TABLES, Rows, Said

_WHOLE = ("pools", "checks")
"""Relations without a subject."""


def check_sample(folder: Path, *, people: int, teams: int) -> tuple[int, int]:
    """Compare some teams of the run with the oracle, and the run without receipts with the one with them.

    Args:
        folder: The inputs.
        people: People in them.
        teams: How many teams; a team is its own pool, so that ranks compare too.

    Returns:
        People compared and disagreements.
    """
    chosen = [number * (people // TEAM) // teams for number in range(teams)]
    listed = ", ".join(f"'E{member}'" for team in chosen for member in range(team * TEAM, (team + 1) * TEAM))
    with duckdb.connect(config={"threads": 2, "temp_directory": str(folder / "spill")}) as connection:
        score(connection, folder, explain=True, details=True)
        said = Said({name: _rows(connection, name, listed) for name in TABLES})
        results = _digest(connection)
    with duckdb.connect(config={"threads": 2, "temp_directory": str(folder / "spill")}) as connection:
        score(connection, folder, explain=False)
        differ = int(_digest(connection) != results)
    cycle = _cycle(folder, listed)
    found = differences(said, cycle, score_cycle(cycle.frames, cycle.schemes))
    for subject, what, mine, theirs in found[:10]:
        print(f"{subject}: {what}: engine {mine}, oracle {theirs}")
    return teams * TEAM, len(found) + differ


def _rows(connection: duckdb.DuckDBPyConnection, name: str, listed: str) -> Rows:
    where = "" if name in _WHOLE else f" WHERE subject IN ({listed})"
    found = connection.execute(f"SELECT * FROM out_{name}{where}")
    names = [str(column[0]) for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _digest(connection: duckdb.DuckDBPyConnection) -> object:
    """A digest of all results that does not depend on the order of rows."""
    return connection.execute("SELECT count(*), bit_xor(hash(o)) FROM out_results AS o").fetchone()


def _cycle(folder: Path, listed: str) -> Cycle:
    """The sample as the oracle takes it: its own rows, one row a rating, and everybody who rated somebody in it."""
    forms = f"FROM '{folder}/forms.parquet' WHERE subject IN ({listed})"
    wheres = {
        "people": f"WHERE emp_no IN (SELECT rater {forms} UNION SELECT subject {forms})",
        **dict.fromkeys(("appraisals", "items", "forms"), f"WHERE subject IN ({listed})"),
    }
    frames = {}
    with duckdb.connect() as connection:
        for name in FRAMES:
            query = f"SELECT COLUMNS(*)::VARCHAR FROM '{folder / name}.parquet' {wheres.get(name, '')}"
            found = connection.execute(query)
            names = [str(column[0]) for column in found.description or ()]
            frames[name] = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    frames["ratings"] = [
        {"task_no": form["task_no"], "criterion": name, "score": form.pop(name)}
        for form in frames["forms"]
        for name in CRITERIA
    ]
    return Cycle(frames, {"std": scheme_document(parse_scheme(SCHEME))})
