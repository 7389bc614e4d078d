"""Receipt lines: shares are exact whatever lane they take, and printed lines add up whatever the last digits are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.scoring import subject_ranges
from huoban_perf.scoring.receipt_parts import PRINTED, sql_share
from huoban_perf.scoring.receipt_print import number_and_print
from huoban_perf.scoring.rounding import half_away
from huoban_perf.scoring.workbench import Workbench, fill
from tests.cases.scoring.harness import score


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET threads = 1")
        yield opened


SCORES = st.one_of(
    st.integers(-200_000_000_000, 200_000_000_000),
    st.integers(-(10**17), 10**17),
    st.sampled_from([0, 1, -1, 45 * 10**17 // (13 * 10**6), 45 * 10**17 // 13, -(45 * 10**17) // 13]),
)


@given(
    value=st.none() | SCORES,
    weight=st.sampled_from([0, 1, 125_000, 333_333, 10**6, 10**9, 10**9 + 1, 10**12]),
    wholes=st.tuples(st.sampled_from([0, 50_000, 10**6, 10**13]), st.sampled_from([0, 1, 10**6, 10**8, 10**8 + 1])),
    days=st.sampled_from([(1, 1), (1, 90), (51, 90)]),
)
def test_a_share_is_one_exact_quotient_in_either_lane(
    connection: duckdb.DuckDBPyConnection,
    value: int | None,
    weight: int,
    wholes: tuple[int, int],
    days: tuple[int, int],
) -> None:
    share = sql_share("v", by=650_000, weights=("w",), wholes=("d", "k"), unit=50_000)
    cells = f"SELECT CAST({'NULL' if value is None else value} AS BIGINT) AS v, CAST({weight} AS BIGINT) AS w,"
    cells += f" CAST({wholes[0]} AS BIGINT) AS d, CAST({wholes[1]} AS BIGINT) AS k,"
    cells += f" CAST({days[0]} AS BIGINT) AS share, CAST({days[1]} AS BIGINT) AS whole"
    bottom = wholes[0] * wholes[1] * days[1]
    wanted = None if value is None or not bottom else half_away(650_000 * weight * value * days[0], bottom)
    if wanted is not None and abs(wanted) >= 2**63:
        with pytest.raises(duckdb.ConversionException):
            connection.execute(f"SELECT {share} FROM ({cells})").fetchall()
        return
    assert connection.execute(f"SELECT {share} FROM ({cells})").fetchall() == [(wanted,)]


@st.composite
def families(draw: st.DrawFn) -> list[tuple[int, list[int | None]]]:
    """Parents (contribution) with their leaves; the sum of the leaves misses the parent by the leaves' own rounding."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        leaves = draw(st.lists(st.none() | st.integers(-5_000, 120_000), min_size=1, max_size=6))
        counted = [leaf for leaf in leaves if leaf is not None]
        off = draw(st.integers(-(len(counted) // 2), len(counted) // 2))
        found.append((sum(counted) + off, leaves))
    return found


@given(families())
def test_lines_below_a_parent_add_up_to_what_it_prints(
    connection: duckdb.DuckDBPyConnection, drawn: list[tuple[int, list[int | None]]]
) -> None:
    total = half_away(sum(parent for parent, _ in drawn), 1000)
    tables = {
        "c_result (sid BIGINT, worst BIGINT, unrounded_m BIGINT)": [(7, 0, total)],
        "c_line (sid BIGINT, node BIGINT, parent BIGINT, level BIGINT, part VARCHAR, contribution_n BIGINT)": [
            (7, number * 1000, 0, 1, "kpi", parent) for number, (parent, _) in enumerate(drawn, 1)
        ],
        "leaf (sid BIGINT, parent BIGINT, place BIGINT, contribution_n BIGINT)": [
            (7, number * 1000, place * 3, leaf)
            for number, (_, leaves) in enumerate(drawn, 1)
            for place, leaf in enumerate(leaves, 1)
        ],
        "out_line_families (sid BIGINT, parent BIGINT, places BIGINT[], above BIGINT, level BIGINT, each BIGINT,"
        " least BIGINT)": [],
    }
    for table, rows in tables.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
        if rows:
            connection.executemany(f"INSERT INTO {table.split()[0]} VALUES ({', '.join('?' for _ in rows[0])})", rows)
    number_and_print(Workbench(connection=connection), ["SELECT * FROM leaf"])
    parents = connection.execute("SELECT node, line_no, printed_m FROM c_numbered ORDER BY node").fetchall()
    assert sum(printed for _, _, printed in parents) == total
    lines = connection.execute(
        f"SELECT f.parent, f.above + list_position(f.places, l.place), l.contribution_n, {fill(PRINTED, place='place')}"
        " FROM leaf AS l JOIN out_line_families AS f ON f.sid = l.sid AND f.parent = l.parent ORDER BY 2"
    ).fetchall()
    numbers = sorted([line for _, line, _ in parents] + [line for _, line, _, _ in lines])
    assert numbers == list(range(1, len(parents) + len(lines) + 1))
    for node, _, whole in parents:
        own = [
            (Fraction(found, 1000), printed)
            for parent, _, found, printed in lines
            if parent == node and found is not None
        ]
        assert all(printed is None for parent, _, found, printed in lines if parent == node and found is None)
        assert sum(printed for _, printed in own) == (whole if own else 0)
        moved = [(exact - exact.__floor__(), printed - exact.__floor__()) for exact, printed in own]
        for (rest, up), (other, other_up) in pairwise(sorted(moved, key=lambda each: -each[0])):
            assert up >= other_up or rest == other


def test_subjects_are_cut_into_ranges_in_order() -> None:
    run = score(
        {"items": ["kind subject item weight manual_score", *(f"个人 E{number} 1 100 80" for number in range(5))]},
        {"s": {}},
        traced=False,
    )
    found = [
        run.connection.execute(f"SELECT list(subject ORDER BY subject) FROM out_results WHERE {where}").fetchall()[0][0]
        for where in subject_ranges(run.connection, size=2)
    ]
    assert found == [["E0", "E1"], ["E2", "E3"], ["E4"]]
    run.connection.execute("DELETE FROM out_results")
    assert list(subject_ranges(run.connection, size=2)) == ["false"]
