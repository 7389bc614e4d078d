"""Cutting a person's time into segments: one for each scheme or set of items, short ones joined to their neighbour.

The book is silent on whose least days count where segments of several schemes meet; we chose the home scheme's, since it
decides everything else that happens once a person (S0, S10).

Source: scoring.md S11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.frames import GivenFrame
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Row, Workbench, sql_values

_PLAIN: Final = """
CREATE OR REPLACE TEMP VIEW $name AS
SELECT sid, 1 AS seg, kind, subject, scheme, starts, ends, starts AS core_from, ends AS core_to, days, eligible, eligible AS service,
  cycle_days
FROM $subjects WHERE excluded IS NULL
"""

_CUTS: Final = """
CREATE OR REPLACE TEMP TABLE s_cut AS
SELECT DISTINCT s.sid, c.day FROM s_subject AS s JOIN (
  SELECT kind, subject, valid_from AS day FROM t_items WHERE valid_from IS NOT NULL
  UNION
  SELECT kind, subject, CAST(valid_to + 1 AS DATE) FROM t_items WHERE valid_to IS NOT NULL
) AS c USING (kind, subject)
WHERE s.excluded IS NULL AND c.day > s.starts AND c.day <= s.ends
"""

_ATOMS: Final = """
CREATE OR REPLACE TEMP TABLE s_atom AS
SELECT sid, seg, any_value(scheme) AS scheme, min(starts) AS starts, max(ends) AS ends,
  CAST(sum(ends - starts + 1) AS BIGINT) AS days
FROM (
  SELECT *, CAST(sum(CASE WHEN is_cut OR scheme IS DISTINCT FROM before THEN 1 ELSE 0 END)
      OVER (PARTITION BY sid ORDER BY starts) AS BIGINT) AS seg
  FROM (
    SELECT sid, scheme, day AS starts, coalesce(lead(day) OVER (PARTITION BY sid, piece ORDER BY day) - 1, ends) AS ends, is_cut,
      lag(scheme) OVER (PARTITION BY sid ORDER BY day) AS before
    FROM (
      SELECT sid, starts AS piece, scheme, ends, starts AS day,
        (sid, starts) IN (SELECT (sid, day) FROM s_cut) AS is_cut FROM s_piece
      UNION ALL
      SELECT p.sid, p.starts, p.scheme, p.ends, c.day, true FROM s_piece AS p JOIN s_cut AS c ON c.sid = p.sid
        AND c.day > p.starts AND c.day <= p.ends
    )
  )
) GROUP BY sid, seg
"""

_SEGMENTS: Final = """
CREATE OR REPLACE TEMP TABLE s_segment AS
SELECT a.sid, a.seg, s.kind, s.subject, a.scheme, a.starts, a.ends, a.core_from, a.core_to, a.days,
  CASE WHEN count(*) OVER (PARTITION BY a.sid) = 1 THEN s.eligible ELSE a.days END AS eligible, s.eligible AS service,
  s.cycle_days
FROM (
  SELECT sid, seg, scheme, starts, ends, starts AS core_from, ends AS core_to, days FROM s_atom
  WHERE sid NOT IN (SELECT sid FROM $joined)
  UNION ALL
  SELECT sid, seg, scheme, starts, ends, core_from, core_to, days FROM $joined
) AS a JOIN s_subject AS s USING (sid) WHERE s.excluded IS NULL
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a person's time.

    Attributes:
        scheme: Key of its scheme.
        starts: First day, ISO text.
        ends: Last day.
        core_from: First day of the part whose items score it.
        core_to: Last day of that part.
        days: Days in service.
    """

    scheme: str
    starts: str
    ends: str
    core_from: str
    core_to: str
    days: int


def cut_segments(bench: Workbench, given: Mapping[str, GivenFrame], schemes: Mapping[str, Scheme]) -> bool:
    """Cut every subject's time into segments.

    Args:
        bench: The workbench with ``s_subject`` and ``s_piece``.
        given: Which frames are given.
        schemes: Schemes by key.

    Returns:
        Whether items may apply to a part of the cycle only.

    Makes ``s_segment``: (sid, seg): ``scheme``, ``starts``–``ends``, ``core_from``–``core_to`` (whose items score it),
    ``days`` in service, ``eligible`` days for proration, ``service`` = eligible days of the
    person, ``cycle_days``.

    Source: scoring.md S11.
    """
    items = given["items"]
    has_dates = items.has("from") or items.has("to")
    if not has_dates and not given["assignments"].is_given:
        bench.run(_PLAIN, name="s_segment", subjects="s_subject")
        return False
    bench.run(_CUTS)
    bench.run(_ATOMS)
    joined = sql_values(
        _join_short(bench, schemes),
        "sid BIGINT, seg BIGINT, scheme VARCHAR, starts DATE, ends DATE, core_from DATE, core_to DATE, days BIGINT",
    )
    bench.run(_SEGMENTS, joined=joined)
    return True


def place_segments(bench: Workbench, *, is_segmented: bool) -> None:
    """Take the segments of the people in the current range.

    Args:
        bench: The workbench with ``c_subject`` and ``s_segment``.
        is_segmented: Somebody may have several segments; else each person's only one follows from the person.

    Makes ``a_seg``, as ``s_segment``.
    """
    if is_segmented:
        bench.run(
            "CREATE OR REPLACE TEMP TABLE a_seg AS SELECT g.* FROM s_segment AS g SEMI JOIN c_subject AS s USING (sid)"
        )
    else:
        bench.run(_PLAIN, name="a_seg", subjects="c_subject")


def _join_short(bench: Workbench, schemes: Mapping[str, Scheme]) -> list[Row]:
    """Join short segments; only people who have one are looked at."""
    least = [(key, scheme.periods.segment_min_days) for key, scheme in schemes.items()]
    rows = bench.rows(
        "SELECT a.sid, l.least, a.scheme, CAST(a.starts AS VARCHAR), CAST(a.ends AS VARCHAR), a.days"
        " FROM s_atom AS a JOIN s_subject AS s USING (sid) JOIN $least AS l ON l.home = s.scheme"
        " QUALIFY count(*) OVER (PARTITION BY a.sid) > 1 AND min(a.days) OVER (PARTITION BY a.sid) < l.least"
        " ORDER BY a.sid, a.seg",
        least=sql_values(list(least), "home VARCHAR, least BIGINT"),
    )
    people: dict[tuple[int, int], list[Segment]] = {}
    for sid, bound, scheme, starts, ends, days in rows:
        first, last = str(starts), str(ends)
        part = Segment(str(scheme), first, last, first, last, int(str(days)))
        people.setdefault((int(str(sid)), int(str(bound))), []).append(part)
    return [
        (sid, seg, part.scheme, part.starts, part.ends, part.core_from, part.core_to, part.days)
        for (sid, bound), parts in people.items()
        for seg, part in enumerate(join_short(parts, bound), 1)
    ]


def join_short(parts: list[Segment], least: int) -> list[Segment]:
    """Join segments that are too short, shortest first, to the longer neighbour.

    Args:
        parts: Segments in order of time.
        least: Least days of a segment, of the person's home scheme.

    Returns:
        The remaining segments; a joined one keeps the longer part's scheme and items.

    Source: scoring.md S11 (equal neighbours: the later; all short → one segment).
    """
    parts = list(parts)
    if len(parts) > 1 and all(part.days < least for part in parts):
        at = max(range(len(parts)), key=lambda index: (parts[index].days, index))
        kept = parts[at]
        days = sum(part.days for part in parts)
        return [Segment(kept.scheme, parts[0].starts, parts[-1].ends, kept.core_from, kept.core_to, days)]
    while len(parts) > 1:
        short = [index for index, part in enumerate(parts) if part.days < least]
        if not short:
            break
        at = min(short, key=lambda index: parts[index].days)
        sides = [side for side in (at - 1, at + 1) if 0 <= side < len(parts)]
        keeper = max(sides, key=lambda side: (parts[side].days, side))
        low, high = min(at, keeper), max(at, keeper)
        kept = parts[keeper]
        parts[low : high + 1] = [
            Segment(
                kept.scheme,
                parts[low].starts,
                parts[high].ends,
                kept.core_from,
                kept.core_to,
                parts[low].days + parts[high].days,
            )
        ]
    return parts
