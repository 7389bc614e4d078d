"""What HR may look at after a run: how severe raters are, how far they agree, whether groups fare alike. Advisory.

Nothing here changes a score, so floats are allowed; figures are rounded to four decimals where they leave.

The book is silent on whose forms are fitted together; we chose all counted forms of the cycle without self forms, of every
relation and scheme: a rater is lenient to everybody. Schemes of different scales cannot be fitted together.

Source: scoring.md S5 (L2, L3, components), S6, S14, S16 (published averages).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring.averages import publish_averages
from huoban_perf.scoring.fairness import Disparity, GroupRate, check_fairness
from huoban_perf.scoring.frames import CycleFrames
from huoban_perf.scoring.reliability import ENOUGH_UNITS, MOST_VALUES, Ratings, intraclass, krippendorff
from huoban_perf.scoring.rounding import GRID, text_of
from huoban_perf.scoring.scheme import THRESHOLDS, Scheme
from huoban_perf.scoring.severity import LEAST_FORMS, Adjustment, Fit, Score, fit_effects, snapshot, standardise
from huoban_perf.scoring.variances import WHY_NOT, fit_shrunk
from huoban_perf.scoring.words import RELATIONS
from huoban_perf.scoring.workbench import Connection, Row, Workbench, sql_values

EVERYONE: Final = "all"
"""Relation of the row over all relations."""

LEVELS: Final = ("nominal", "ordinal", "interval", "ratio")

_FORMS: Final = """
SELECT o.scheme, f.group_relation, f.rater, f.kind || ':' || f.subject, f.raw_n
FROM out_forms AS f JOIN out_results AS o USING (kind, subject)
WHERE f.is_counted AND f.raw_n IS NOT NULL AND f.group_relation <> 'self' ORDER BY ALL
"""

_SEVERITY: Final = (
    "rater VARCHAR, n BIGINT, component BIGINT, mean DECIMAL(18,4), additive DECIMAL(18,4), shrunk DECIMAL(18,4),"
    " proposal DECIMAL(18,4), note VARCHAR"
)
_STANDARDISED: Final = (
    "relation VARCHAR, rater VARCHAR, subject VARCHAR, points DECIMAL(18,4), standardised DECIMAL(18,4)"
)
_RELIABILITY: Final = (
    "relation VARCHAR, forms BIGINT, units BIGINT, raters BIGINT, dropped BIGINT, icc_1_1 DECIMAL(18,6), icc_1_k DECIMAL(18,6),"
    " icc_2_1 DECIMAL(18,6), icc_2_k DECIMAL(18,6), icc_3_1 DECIMAL(18,6), icc_3_k DECIMAL(18,6),"
    " alpha_nominal DECIMAL(18,6), alpha_ordinal DECIMAL(18,6), alpha_interval DECIMAL(18,6), alpha_ratio DECIMAL(18,6),"
    " note VARCHAR"
)
_AVERAGES: Final = "dept_code VARCHAR, relation VARCHAR, people BIGINT, mean DECIMAL(18,9), note VARCHAR"
_FAIRNESS: Final = (
    "field VARCHAR, outcome VARCHAR, group_name VARCHAR, role VARCHAR, n BIGINT, favourable BIGINT, rate DECIMAL(18,6),"
    " ratio DECIMAL(18,6), p_two_sided DECIMAL(18,6), p_one_sided DECIMAL(18,6), note VARCHAR"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityFit:
    """Severity of all raters of a cycle.

    Attributes:
        scores: The form scores used.
        additive: L2.
        shrunk: L3, None when its variances cannot be estimated.
        why_not: Code of the reason, empty when ``shrunk`` is there.
    """

    scores: tuple[Score, ...]
    additive: Fit
    shrunk: Fit | None
    why_not: str

    @property
    def components(self) -> int:
        """Parts of the graph of raters and subjects; figures compare only within one."""
        return len(set(self.additive.components.values()))

    def proposal(self, level: str) -> tuple[Adjustment, ...]:
        """Return what could be adopted.

        Args:
            level: ``l2`` or ``l3``.

        Returns:
            One adjustment a rater; the mean of each component stays.

        Raises:
            ScoringError: L3 could not be estimated.
        """
        fit = self.additive if level == "l2" else self.shrunk
        if fit is None:
            raise ScoringError(self.why_not, facts=self.sizes)
        return snapshot(fit)

    @property
    def sizes(self) -> dict[str, int]:
        """How many raters and subjects there are."""
        return {"raters": len(self.additive.raters), "subjects": len(self.additive.subjects)}


def fit_severity(connection: Connection, schemes: Mapping[str, Scheme]) -> SeverityFit | None:
    """Fit the severity of all raters of the last run.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.
        schemes: Schemes by key.

    Returns:
        The fits, on scores before any adopted adjustment; None when nobody but the subjects themselves rated.

    Raises:
        ScoringError: Schemes that share the forms have different scales or fixed λ.

    Source: scoring.md S5.
    """
    rows = Workbench(connection=connection).rows(_FORMS)
    if not rows:
        return None
    used = [schemes[key] for key in sorted({str(row[0]) for row in rows})]
    if len({(s.scale_d4, s.severity.rater_lambda_d4, s.severity.subject_lambda_d4) for s in used}) > 1:
        raise ScoringError("severity.schemes_differ", facts={"schemes": tuple(scheme.key for scheme in used)})
    scores = tuple(Score(str(rater), str(subject), int(str(points)) / GRID) for _, _, rater, subject, points in rows)
    try:
        return SeverityFit(
            scores=scores, additive=fit_effects(scores), shrunk=fit_shrunk(scores, used[0].severity), why_not=""
        )
    except ScoringError as error:
        if error.code not in WHY_NOT:
            raise
        return SeverityFit(scores=scores, additive=fit_effects(scores), shrunk=None, why_not=error.code)


def write_standardised(connection: Connection) -> None:
    """Make ``out_standardised``: a row a counted form, of raters with five forms or more in a relation and some spread.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.

    ``points`` is the form's score, ``standardised`` what L1 makes of it. Display only: it takes all teams for equally good.

    Source: scoring.md S5 L1.
    """
    by_relation: dict[str, dict[tuple[str, str], Score]] = {}
    for _, relation, rater, subject, points in Workbench(connection=connection).rows(_FORMS):
        score = Score(str(rater), str(subject), int(str(points)) / GRID)
        by_relation.setdefault(str(relation), {})[score.rater, score.subject] = score
    rows: list[Row] = [
        (relation, made.rater, made.subject, _four(scores[made.rater, made.subject].points), made.points)
        for relation, scores in by_relation.items()
        for made in standardise(tuple(scores.values()))
    ]
    _store(connection, "standardised", rows, _STANDARDISED)


def write_severity(connection: Connection, fit: SeverityFit | None) -> None:
    """Make ``out_rater_severity``: a row a rater, most lenient first within a component.

    Args:
        connection: The connection of the run.
        fit: The fits, or None.

    ``additive`` and ``shrunk`` are β̂ of L2 and L3 (positive = lenient), ``proposal`` what 采用 would subtract.
    """
    rows: list[Row] = []
    if fit is not None:
        totals: dict[str, float] = {}
        for score in fit.scores:
            totals[score.rater] = totals.get(score.rater, 0.0) + score.points
        proposal = {} if fit.shrunk is None else {entry.rater: entry.beta for entry in fit.proposal("l3")}
        for rater, beta in fit.additive.raters.items():
            n = fit.additive.forms[rater]
            shrunk = None if fit.shrunk is None else _four(fit.shrunk.raters[rater])
            component = fit.additive.components[rater] + 1
            note = _severity_note(fit, n, component)
            rows.append((rater, n, component, _four(totals[rater] / n), _four(beta), shrunk, proposal.get(rater), note))
    _store(connection, "rater_severity", rows, _SEVERITY)


def _severity_note(fit: SeverityFit, n: int, component: int) -> str | None:
    notes = [f"第 {component} 组, 与其他组不可比"] if fit.components > 1 else []
    notes += [f"份数少于 {LEAST_FORMS}, 仅供参考"] if n < LEAST_FORMS else []
    notes += [f"未估计收缩值: {WHY_NOT[fit.why_not]}"] if fit.why_not else []
    return "; ".join(notes) or None


def _four(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.0001"))


def ratings_by_relation(connection: Connection) -> dict[str, dict[str, dict[str, Fraction]]]:
    """Return relation → subject → rater → form score of the last run, and ``all`` over every relation.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.

    Returns:
        Counted forms, self forms left out.
    """
    tables: dict[str, dict[str, dict[str, Fraction]]] = {}
    for _, relation, rater, subject, points in Workbench(connection=connection).rows(_FORMS):
        for name in (str(relation), EVERYONE):
            units = tables.setdefault(name, {})
            units.setdefault(str(subject), {})[str(rater)] = Fraction(int(str(points)), GRID)
    return tables


def write_reliability(connection: Connection) -> None:
    """Make ``out_reliability``: a row a rater group, and one over all of them where there are several.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.

    Figures are those of whole form scores; null where not defined or not applicable, with the reason in ``note``.

    Source: scoring.md S6.
    """
    tables = ratings_by_relation(connection)
    order = [name for name in (*RELATIONS, *[EVERYONE][: len(tables) > 2]) if name in tables]
    _store(connection, "reliability", [_agreement(name, tables[name]) for name in order], _RELIABILITY)


def _agreement(relation: str, ratings: Ratings) -> Row:
    found = intraclass(ratings)
    values = {x for by_rater in ratings.values() for x in by_rater.values()}
    alphas = {
        level: krippendorff(ratings, level=level) for level in LEVELS if level != "ratio" or len(values) <= MOST_VALUES
    }
    forms = sum(len(by_rater) for by_rater in ratings.values())
    crossed = (found.single_2, found.mean_2, found.single_3, found.mean_3)
    figures = [_six(figure) for figure in (found.single_1, found.mean_1, *crossed)]
    figures += [_six(alphas.get(level)) for level in LEVELS]
    notes = [] if found.is_enough else [f"不足 {ENOUGH_UNITS} 人, 数据不够"]
    notes += [] if found.complete else ["各人的评价人不同, ICC(2) 和 ICC(3) 不适用"]
    notes += [_reading(alphas["interval"])] if found.is_enough else []
    return relation, forms, found.units, found.raters, found.dropped, *figures, "; ".join(notes) or None


def _reading(alpha: Fraction | None) -> str:
    if alpha is None:
        return "没有差异, 一致性无法定义"
    if alpha >= Fraction(80, 100):
        return "单份评分的一致性可用 (α ≥ 0.80)"
    return (
        "单份评分的一致性勉强 (0.667 ≤ α < 0.80)"
        if alpha >= Fraction(667, 1000)
        else "单份评分的一致性不足 (α < 0.667), 不宜直接用于薪酬"
    )


def _six(value: Fraction | None) -> str | None:
    if value is None:
        return None
    return text_of(round(value * 10**6), digits=6)


def write_averages(connection: Connection, schemes: Mapping[str, Scheme]) -> None:
    """Make ``out_averages``: what may be published of rater groups by department and over the company.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.
        schemes: Schemes by key; of each relation the greatest threshold counts.

    Source: scoring.md S4.6 (published averages), S16.
    """
    least = dict(THRESHOLDS)
    for scheme in schemes.values():
        for group in scheme.raters.groups:
            least[group.relation] = max(group.least, least.get(group.relation, 1))
    rows: list[Row] = []
    for each in publish_averages(connection, least=least):
        place = (each.dept_code or None, each.relation)
        if each.mean_n is None:
            rows.append((*place, None, None, "人数太少或可被推算, 不显示"))
        else:
            rows.append((*place, each.people, text_of(each.mean_n, digits=9), None))
    _store(connection, "averages", rows, _AVERAGES)


def write_fairness(connection: Connection, *, frames: CycleFrames, schemes: Mapping[str, Scheme]) -> None:
    """Make ``out_fairness``: a row a field, outcome and group. For HR only.

    Args:
        connection: The connection ``score_cycle`` ran in.
        frames: Where the frames are; ``fairness`` gives the groups.
        schemes: Schemes by key.

    Raises:
        ScoringError: There is no frame ``fairness``.

    Source: scoring.md S14.
    """
    if not frames.relations.get("fairness"):
        raise ScoringError("fairness.no_groups")
    rows = [
        row for found in check_fairness(connection, frames=frames, schemes=schemes) for row in _fairness_rows(found)
    ]
    _store(connection, "fairness", rows, _FAIRNESS)


def _fairness_rows(found: Disparity) -> list[Row]:
    rows = [_group_row(found, rate) for rate in found.groups]
    nothing = (None,) * 6
    rows += [
        (found.field, found.outcome, group, "hidden", *nothing, "人数太少或可被推算, 不显示") for group in found.hidden
    ]
    unknown = (found.field, found.outcome, None, "unknown", found.unknown, *nothing[1:], "没有分组, 不参加比较")
    return [*rows, unknown] if found.unknown else rows


def _group_row(found: Disparity, rate: GroupRate) -> Row:
    role = "reference" if rate.group == found.reference else "flagged" if rate.is_flagged else "compared"
    note = None
    if rate.is_flagged:
        note = "低于参照组的五分之四, 请人工复核; 这是筛查, 不是结论"
        note = note if rate.is_robust else f"{note}; 变动 1 人就不再低于, 结果不稳健, 继续观察"
    figures = (rate.tally.rate, rate.ratio, rate.p_two_sided, rate.p_one_sided)
    tally = (rate.tally.n, rate.tally.favourable)
    return found.field, found.outcome, rate.group, role, *tally, *map(_six, figures), note


def _store(connection: Connection, name: str, rows: list[Row], columns: str) -> None:
    bench = Workbench(connection=connection)
    bench.run("CREATE OR REPLACE TEMP TABLE out_$name AS $rows", name=name, rows=sql_values(rows, columns))
