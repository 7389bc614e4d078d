"""The document form of a scheme: reading it, writing it, and the hash that is pinned when a cycle is announced.

Source: scoring.md S0 (policies); design.md §8 (scoring knows neither YAML nor pydantic).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem, SchemeError
from huoban_perf.scoring.options import HUNDRED_D4, Place, read_block, write_block
from huoban_perf.scoring.rounding import parse_d4
from huoban_perf.scoring.scheme import Scheme


def parse_scheme(document: Mapping[str, object]) -> Scheme:
    """Read a scheme document and return the checked scheme.

    Args:
        document: JSON-able mapping; every key is optional and has the default shown; numbers are text, int or Decimal
            with at most 4 decimals (never a float).

    Returns:
        The scheme.

    Raises:
        SchemeError: ``problems`` lists every unknown key, unreadable value, unknown policy word and contradiction.

    Document::

        key: "", name: "", version: "1"
        scale: 100                 every number of points below is in it; default constants scale along
        result_decimals: 2
        rounding: {}               point → {decimals 0–6, mode half_away|truncate|up|half_even}; points: rating, rater,
                                   group, review, item, dimension, kpi, goal, kr, objective, okr, formula, composite,
                                   segments, department, result
        parts:                     S7
          kpi_weight: 100, review_weight: 0, okr_weight: 0, equal: false
          missing: renormalise|hold|zero, min_coverage: 60 (per cent of the weight)
          formula: ""              text over kpi, okr, mr, self, superior, upper, peer, subordinate, customer; replaces
                                   the weighted sum
          kpi_bands, review_bands, okr_bands: [{name, lower}]   a letter for the part, never in the total
        items:                     S1–S3
          mode: total|dimension|sum, equal: false, dimensions_equal: false, missing: hold|renormalise|zero
          floor: 0, cap: 120
          dimensions: [{name, weight, bands: [{name, lower}]}]
        raters:                    S4
          groups: [{relation, weight, threshold (1 or 3), trim: 0 (per cent), when_short: renormalise|merge,
                    required (上级: true)}]; relations self, superior, upper, dotted, peer, subordinate, customer
          equal: false, missing: renormalise|hold|zero, min_coverage: 60, threshold_unit: rater|criterion
          dotted_as: superior (any relation), outlier_points: 20
        goals:                     S3, S7
          kr_method: baseline|ratio, kr_out_of_range: clip|refuse, empty_parent: own|zero|missing, owner: across|same
        total: {floor: 0, cap: 120, adjustment_cap: none}
        grades: best first; [{name, lower (none for the last), coefficient: 1, cap_percent, target_percent,
                 department_coefficient, linkage_percent}]; default S 95 1.5, A 85 1.2, B 70 1.0, C 60 0.8, D 0
        pass_grade: ""             the grade that counts as 合格; default the lowest grade with a bound
        boundary_distance: 1
        distribution:              S10
          control: hint|cap|exact, rounding: down|up|largest_remainder, remainder_tie: larger_share|better_grade
          remainder_divisor: n|n_plus_1, ties: lower|upper|ordered, min_n: 10
          checks: [{grades: [..], sign: "<="|"="|">=", percent, rounding: down|up|half_away}]
        departments: {use: bonus|none|score, no_grade: error|one, linkage: false, linked_grades: [S, A]}
        periods: {segment_min_days: 15, min_days: none, absence_above: none, home: end|longest}
        bonus:                     S12
          form: product|sum, weights: [{factor: grade|department|name, weight}], factors: {name: value}
          coefficients: [{grade, job_level, position, scheme, coefficient}], currency_decimals: 2
        severity: {mode: off|hint|adopt, snapshot: "", rater_lambda: none, subject_lambda: none}
        fairness: {min_people: 5, min_share_percent: 2, ratio: 0.8}
        hints: {severity_points: 5, severity_min_forms: 5, central_ratio: 0.5, halo_spread: 0.1,
                halo_share_percent: 80, self_gap: 15, quick_seconds: 60, recency_share_percent: 70,
                recency_days_percent: 25, extreme_share_percent: 10}
    """
    problems: list[Problem] = []
    place = Place("", _scale_of(document), problems)
    try:
        scheme = cast(Scheme, read_block(Scheme, document, place))  # read_block returns what it is asked for
    except SchemeError as error:
        problems += error.problems
    else:
        if not problems:
            return scheme
    facts: dict[str, FactValue] = {"scheme": str(document.get("key", "")), "count": len(problems)}
    raise SchemeError("scheme.invalid", facts=facts, problems=problems)


def scheme_document(scheme: Scheme) -> dict[str, object]:
    """Write a scheme with every option spelled out.

    Args:
        scheme: The scheme.

    Returns:
        A JSON-able mapping that ``parse_scheme`` reads back to an equal scheme; numbers are text.
    """
    return write_block(scheme)


def scheme_hash(document: Mapping[str, object]) -> str:
    """Return the hash of a scheme's rules: equal rules, equal hash, however the document spells them.

    Args:
        document: A scheme document.

    Returns:
        ``sha256:`` and the digest of the canonical document without values that equal the defaults, so that an option
        added later does not change the hash of an announced scheme.

    Raises:
        SchemeError: The document is not a scheme.
    """
    return digest(_chosen(scheme_document(parse_scheme(document))))


def _chosen(document: dict[str, object]) -> dict[str, object]:
    defaults = write_block(read_block(Scheme, {"scale": document["scale"]}, Place("", parse_d4(document["scale"]), [])))
    return _difference(document, defaults)


def _difference(document: dict[str, object], defaults: dict[str, object]) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for key, value in document.items():
        default = defaults.get(key)
        if isinstance(value, dict) and isinstance(default, dict):
            inner = _difference(value, default)
            if inner:
                chosen[key] = inner
        elif value != default or key == "scale":
            chosen[key] = value
    return chosen


def _scale_of(document: Mapping[str, object]) -> int:
    try:
        return parse_d4(document.get("scale", 100))
    except ValueError:
        return HUNDRED_D4


def change_scheme(scheme: Scheme, changes: Mapping[str, object]) -> Scheme:
    """Return a scheme with some options replaced, for a what-if.

    Args:
        scheme: The scheme as announced.
        changes: Dotted path → new document value, for example ``{"parts.kpi_weight": 60, "parts.review_weight": 40}``;
            list entries by their ``name`` or ``relation``: ``raters.groups.peer.weight``.

    Returns:
        The changed, checked scheme.

    Raises:
        SchemeError: A path does not exist or the changed scheme contradicts itself.
    """
    document = scheme_document(scheme)
    for path, value in changes.items():
        _replace(document, path.split("."), value, path)
    return parse_scheme(document)


def _replace(node: object, steps: list[str], value: object, path: str) -> None:
    step, rest = steps[0], steps[1:]
    if isinstance(node, list):
        found = [entry for entry in node if step in {entry.get("name"), entry.get("relation"), entry.get("factor")}]
        if not found or not rest:
            raise SchemeError("scheme.unknown_path", facts={"path": path})
        _replace(found[0], rest, value, path)
    elif not isinstance(node, dict) or (rest and step not in node):
        raise SchemeError("scheme.unknown_path", facts={"path": path})
    elif rest:
        _replace(node[step], rest, value, path)
    else:
        node[step] = value
