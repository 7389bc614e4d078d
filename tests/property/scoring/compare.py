"""Everything the engine and the oracle both say about a cycle, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from tests.oracle.draws import Cycle
from tests.oracle.outcome import Part, Result
from tests.oracle.raters import Group, Review
from tests.oracle.rows import Subject
from tests.oracle.scheme import Scheme, parse
from tests.property.scoring.engine import Said, grid, machine

STATES = {"已核算": "scored", "待补评": "incomplete", "暂不计分": "held", "不参评": "excluded"}
OTHER = {"同一评价人只计一次", "other_relation"}
"""A form that yields to another of its rater; which of the other reasons is named first is nobody's rule."""
PARTS = {"kpi": "kpi", "review": "mr", "okr": "okr"}
STEPS = {"limit": "points_limit", "department": "department", "clamp": "clamp", "veto": "veto"}

Difference = tuple[Subject | str, str, object, object]
"""Where, what, the engine's value, the oracle's."""


def differences(said: Said, cycle: Cycle, oracle: Mapping[Subject, Result]) -> list[Difference]:
    """List where engine and oracle disagree.

    Args:
        said: What the engine says.
        cycle: The cycle that was scored.
        oracle: What the oracle says.

    Returns:
        Every disagreement, subjects in order; empty when all agree.
    """
    schemes = {key: parse(document) for key, document in cycle.schemes.items()}
    engine = {(row["kind"], row["subject"]) for row in said.tables["results"]}
    found: list[Difference] = [("run", "subjects", sorted(engine), sorted(oracle))] * (engine != set(oracle))
    for subject in sorted(engine & set(oracle)):
        pairs = _subject(said, subject, oracle[subject], cycle, schemes)
        found += [(subject, what, mine, theirs) for what, mine, theirs in pairs if mine != theirs]
    return found


Pairs = Iterator[tuple[str, object, object]]


def _subject(said: Said, subject: Subject, want: Result, cycle: Cycle, schemes: Mapping[str, Scheme]) -> Pairs:
    row = said.one("results", subject)
    yield "status", STATES[row["status"]], want.state
    if want.state == "excluded" or row["status"] == "不参评":
        return
    scheme = schemes[want.scheme]
    want = replace(want, parts=_joined(want.parts, row["segments"]))
    yield "home scheme", row["scheme"], want.scheme
    yield "segments", row["segments"], len(want.parts)
    if row["segments"] == len(want.parts):
        yield from _items(said, subject, want)
        yield from _parts(said, subject, row, want, schemes)
    if "forms" in cycle.frames and want.review is not None:
        yield from _review(said, subject, row, want.review, scheme, cycle)
        yield "360", grid(row["review_n"]), want.mr
    yield from _totals(row, want, scheme)
    yield from _grades(said, subject, want, cycle, scheme)
    yield from _lines(said, subject, want)
    yield from _bonus(said, subject, want, cycle, scheme)


def _joined(parts: Sequence[Part], count: int) -> Sequence[Part]:
    """Neighbours that say the same as one: the engine keeps a transfer under one scheme and one set of items whole."""
    kept: list[Part] = []
    for part in parts:
        last = kept[-1] if kept else None
        if len(parts) != count and last is not None and _alike(last, part):
            whole = replace(last.segment, days=last.segment.days + part.segment.days)
            kept[-1] = replace(last, segment=whole)
        else:
            kept.append(part)
    return kept


def _alike(one: Part, other: Part) -> bool:
    return (one.segment.scheme, one.kpi, one.composite, one.state) == (
        other.segment.scheme,
        other.kpi,
        other.composite,
        other.state,
    )


def _items(said: Said, subject: Subject, want: Result) -> Pairs:
    mine = {(row["segment"], row["item"]): row for row in said.of("items", subject)}
    theirs = {(k, i.item.number): i for k, part in enumerate(want.parts, 1) for i in part.kpi.items}
    yield "items", sorted(mine), sorted(theirs)
    for key in sorted(set(mine) & set(theirs)):
        row, item = mine[key], theirs[key]
        unit = 10**9 if row["source"] == "goals" else 10**4
        actual = None if row["actual_num"] is None else Fraction(row["actual_num"], row["actual_den"] * unit)
        yield f"actual of item {key}", actual, item.actual
        yield f"score of item {key}", grid(row["score_n"]), None if item.actual is None else item.score
        yield f"veto of item {key}", bool(row["veto_hit"]), item.hit


def _parts(said: Said, subject: Subject, row: Mapping[str, Any], want: Result, schemes: Mapping[str, Scheme]) -> Pairs:
    lines = said.of("lines", subject)
    segments = {line["line_no"]: int(line["key"]) for line in lines if line["part"] == "segment"}
    if segments:
        for line in lines:
            if line["part"] == "segment":
                part = want.parts[int(line["key"]) - 1]
                yield f"days of segment {line['key']}", machine(line)["days"], part.segment.days
                whole = want.state == "scored"
                yield (
                    f"composite of {line['key']}",
                    grid(machine(line)["score_n"]) if whole else None,
                    (part.composite if whole else None),
                )
    for line in lines:
        if line["part"] in PARTS and (line["parent"] in segments or line["parent"] == 0):
            part = want.parts[segments.get(line["parent"], 1) - 1]
            theirs = {"kpi": part.kpi.value, "okr": part.okr, "review": want.mr}[line["part"]]
            yield f"{line['part']} in {part.segment.start}", grid(machine(line)["score_n"]), theirs
    if len(want.parts) == 1:
        part = want.parts[0]
        yield "kpi", grid(row["kpi_n"]), part.kpi.value
        yield "okr", grid(row["okr_n"]), part.okr
        yield from _dimensions(said, subject, part, schemes[part.segment.scheme])


def _dimensions(said: Said, subject: Subject, part: Part, scheme: Scheme) -> Pairs:
    if scheme.items.mode == "dimension" and part.kpi.state == "scored":
        lines = [line for line in said.of("lines", subject) if line["part"] == "dimension"]
        if lines:
            yield "dimensions", {line["key"]: grid(machine(line)["score_n"]) for line in lines}, part.kpi.dimensions


def _review(
    said: Said, subject: Subject, row: Mapping[str, Any], review: Review, scheme: Scheme, cycle: Cycle
) -> Pairs:
    shown = {g["relation"]: g for g in said.of("groups", subject) if g["n"] is not None}
    theirs = {name: group for name, group in review.groups.items() if group.state == "shown"}
    yield "shown groups", sorted(shown), sorted(theirs)
    for name in sorted(set(shown) & set(theirs)):
        yield f"n of {name}", shown[name]["n"], theirs[name].n
        yield f"score of {name}", grid(shown[name]["score_n"]), theirs[name].value
    counted = sum((g.weight for g in theirs.values() if g.counted), Fraction(0))
    if row["coverage_weight_d4"] is not None:
        yield "weight counted", Fraction(row["coverage_weight_d4"], 10**4), counted
    missing = [x["key"] for x in said.of("excluded", subject) if x["level"] == "group"]
    yield "groups reported missing", sorted(missing), _missing(review, scheme)
    yield from _forms(said, subject, review.excluded, theirs, cycle)
    flagged = {x["key"] for x in said.of("flags", subject) if x["flag"] == "outlier"}
    yield "outliers flagged", len(flagged), len(review.outliers)


def _missing(review: Review, scheme: Scheme) -> list[str]:
    weighed = [name for name, rule in scheme.raters.groups.items() if rule.weight > 0]
    return sorted(name for name in weighed if review.groups[name].state != "shown")


def _forms(
    said: Said, subject: Subject, excluded: Mapping[str, str], groups: Mapping[str, Group], cycle: Cycle
) -> Pairs:
    sent = {str(f["task_no"]) for f in cycle.frames["forms"] if f["status"] == "已提交"}
    mine = {row["task_no"]: row for row in said.of("forms", subject) if row["task_no"] in sent}
    out = {task: row["reason"] for task, row in mine.items() if not row["is_counted"]}
    theirs = {task: reason for task, reason in excluded.items() if reason != "struck"}
    yield "forms left out", sorted(out), sorted(theirs)
    yield "forms that yield", {t for t in out if out[t] in OTHER}, {t for t in theirs if theirs[t] in OTHER}
    for group in groups.values():
        for task, value in group.raters.items():
            yield f"form {task}", grid(mine[task]["score_n"]) if task in mine else None, value


def _totals(row: Mapping[str, Any], want: Result, scheme: Scheme) -> Pairs:
    if want.state != "scored" or row["status"] != "已核算":
        return
    yield "points", grid(row["adjusted_n"]), want.points
    yield "unrounded", Fraction(row["unrounded"]), want.total
    yield "result", Fraction(row["result"]), want.result
    yield "grade", row["grade"], want.initial
    yield "grade cap", row["grade_cap"], want.grade_cap
    yield "near a bound", bool(row["is_near_bound"]), bool(want.near)
    coefficient = next(band.coefficient for band in scheme.bands if band.name == want.initial)
    yield "coefficient", Fraction(row["coefficient"]), coefficient


def _grades(said: Said, subject: Subject, want: Result, cycle: Cycle, scheme: Scheme) -> Pairs:
    rows = said.of("grades", subject)
    yield "graded", len(rows), int(want.state == "scored")
    if len(rows) != 1 or want.state != "scored":
        return
    row = rows[0]
    yield "first grade", row["first_grade"], want.initial
    yield "suggested grade", row["suggested_grade"], want.grade
    yield "final grade", row["final_grade"], want.final_grade
    yield "final score", Fraction(row["final_score"]), want.final_result
    if subject[0] == "person" and want.pool is not None:
        yield "pool", row["pool"], want.pool[0]
        yield "rank", row["rank"], want.rank
        yield "percentile", Fraction(row["percentile"]), _micro(want.percentile)
        if "calibration" not in cycle.frames:
            yield from _pool(said, row["pool"], want, hint=scheme.distribution.control == "hint")


def _pool(said: Said, pool: str, want: Result, *, hint: bool) -> Pairs:
    rows = [row for row in said.tables["pools"] if row["pool"] == pool]
    if len({row["scheme"] for row in rows}) == 1:
        yield "advisory", rows[0]["is_advisory"], want.advisory
        if not want.advisory and not hint:
            yield "grades over quota", {r["grade"] for r in rows if r["is_over"]}, set(want.overruns)
        mine = [row["holds"] for row in said.tables["checks"] if row["pool"] == pool]
        yield "checks", mine, list(want.checks)


def _micro(value: Fraction | None) -> Fraction | None:
    """Half away from zero at six decimals; percentiles are never negative."""
    return None if value is None else Fraction((2 * value * 10**6 + 1) // 2, 10**6)


def _lines(said: Said, subject: Subject, want: Result) -> Pairs:
    if want.state != "scored" or len(want.parts) != 1:
        return
    lines = [line for line in said.of("lines", subject) if line["printed"]]
    top = {line["line_no"]: line for line in lines if line["level"] == 1}
    mine = sorted((_key(line), Fraction(line["printed"])) for line in top.values())
    theirs = [(path.split(":")[0], value) for path, value in want.lines if "/" not in path and value]
    yield "receipt", mine, sorted(theirs)
    if mine != sorted(theirs):
        return
    for line in top.values():
        below = [x for x in lines if x["parent"] == line["line_no"]]
        name = _key(line)
        inner = [(path.split("/")[1], value) for path, value in want.lines if path.startswith(f"{name}/") and value]
        whole = all(key.split(":")[0] in {"0", key} for key, _ in inner)
        if below and whole and all(x["part"] != "dimension" for x in below):
            shown = sorted((x["key"], Fraction(x["printed"])) for x in below)
            yield f"receipt of {name}", shown, sorted((key.removeprefix("0:"), value) for key, value in inner)


def _key(line: Mapping[str, Any]) -> str:
    return PARTS.get(line["part"]) or STEPS.get(line["part"]) or str(line["part"])


def _bonus(said: Said, subject: Subject, want: Result, cycle: Cycle, scheme: Scheme) -> Pairs:
    if subject[0] != "person" or subject[1] not in {row["emp_no"] for row in cycle.frames.get("pay", [])}:
        return
    row: dict[str, Any] = {"amount": None, **(said.of("bonus", subject) or [{}])[0]}
    yield "bonus", None if row["amount"] is None else Fraction(row["amount"]), want.bonus
    if row["amount"] is not None:
        eligible, _ = row["prorate"].split("/")
        yield "eligible days", Fraction(eligible), want.days
        if scheme.departments.use == "bonus":
            num, den = row["department_coefficient"].split("/")
            yield "department coefficient", Fraction(int(num), int(den)), want.department_coefficient
