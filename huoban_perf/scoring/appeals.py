"""What stays fixed after release, and what an appeal may do to a 360 score.

Source: scoring.md S4.7: group figures are frozen at release; an appeal keeps or strikes a whole group, corrects data, or
types a decided 360 with a reason. It never removes one rating.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.rounding import D4_TO_GRID
from huoban_perf.scoring.workbench import Workbench

_FROZEN: Final = """
CREATE OR REPLACE TEMP TABLE c_frozen AS
SELECT s.sid, f.relation, f.n, f.score_n FROM $frozen AS f JOIN c_subject AS s USING (kind, subject)
"""

_REPLACED: Final = """
CREATE OR REPLACE TEMP TABLE c_group AS
SELECT * FROM c_group WHERE sid NOT IN (SELECT sid FROM c_frozen)
UNION ALL BY NAME
SELECT f.sid, f.relation, f.n, g.weight, g.least, false AS merges, f.score_n AS own_n, f.score_n IS NOT NULL AS is_shown, f.score_n AS raw_n
FROM c_frozen AS f JOIN s_group AS g USING (relation)
"""

_STRUCK: Final = """
UPDATE c_group AS g SET is_shown = false, merges = false FROM (
  SELECT s.sid, a.relation FROM t_appeal_decisions AS a JOIN c_subject AS s USING (kind, subject) WHERE a.action = 'strike_group'
) AS a WHERE g.sid = a.sid AND g.relation = a.relation
"""

_DECIDED: Final = """
UPDATE c_review AS r SET state = 'ok', review_n = a.value_d4 * $unit, num = NULL, divisor = NULL FROM (
  SELECT s.sid, max(a.value_d4) AS value_d4 FROM t_appeal_decisions AS a JOIN c_subject AS s USING (kind, subject)
  WHERE a.action = 'decide_score' GROUP BY s.sid
) AS a WHERE r.sid = a.sid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeals:
    """What an earlier release and the decisions since then fix.

    Attributes:
        frozen: Relation (kind, subject, relation, n, score_n) with the group figures as released, or empty.
        has_decisions: ``t_appeal_decisions`` exists.
    """

    frozen: str = ""
    has_decisions: bool = False

    def settle_groups(self, bench: Workbench) -> None:
        """Put released figures in place of recomputed ones, then strike groups.

        Args:
            bench: The workbench with ``c_group``, ``s_group``, ``c_subject``.

        Source: scoring.md S4.7.
        """
        if self.frozen:
            bench.run(_FROZEN, frozen=self.frozen)
            bench.run(_REPLACED)
        if self.has_decisions:
            bench.run(_STRUCK)

    def settle_reviews(self, bench: Workbench) -> None:
        """Put decided 360 scores in place of computed ones; their groups no longer add up to them and lose their share.

        Args:
            bench: The workbench with ``c_review``.

        Source: scoring.md S4.7.
        """
        if self.has_decisions:
            bench.run(_DECIDED, unit=D4_TO_GRID)
