"""Scheme documents: what all schemes of a cycle share, and what each has of its own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.draws import Document, Maker, decimal

RELATIONS = ("superior", "self", "peer", "subordinate", "customer", "upper", "dotted")
ROUNDED = (
    "rating",
    "rater",
    "group",
    "review",
    "item",
    "dimension",
    "kpi",
    "goal",
    "kr",
    "objective",
    "okr",
    "formula",
    "composite",
    "segments",
    "department",
    "result",
)
MODES = ("half_away", "truncate", "up", "half_even")
NAMES = ("kpi", "okr", "mr", "self", "superior", "upper", "peer", "subordinate", "customer")


@dataclass(frozen=True)
class Common:
    """What all schemes of one cycle share, so that one set of frames fits them all.

    Attributes:
        scale: What 100 means.
        mode: Mode of items.
        equal: Whether items are weighed equally.
        dimensions: Name and weight of each dimension; none outside that mode.
        dimensions_equal: Whether dimensions are weighed equally.
        dimensions_in_scheme: Whether their weights stand in the scheme, else in the items.
        out_of_range: ``kr_out_of_range``.
        owner: ``goals.owner``.
        dotted_as: Group of 虚线上级.
        grades: The grade list, None for the default.
        linkage: Whether quotas follow department grades.
    """

    scale: Fraction
    mode: str
    equal: bool
    dimensions: tuple[tuple[str, str], ...]
    dimensions_equal: bool
    dimensions_in_scheme: bool
    out_of_range: str
    owner: str
    dotted_as: str
    grades: list[Document] | None
    linkage: bool

    @property
    def bounds(self) -> list[tuple[str, Fraction | None]]:
        """Grades and lower bounds, best first."""
        if self.grades is None:
            rows = (("S", 95), ("A", 85), ("B", 70), ("C", 60), ("D", None))
            return [(n, None if b is None else Fraction(b) * self.scale / 100) for n, b in rows]
        return [(g["name"], None if g["lower"] is None else Fraction(g["lower"])) for g in self.grades]


def common(maker: Maker) -> Common:
    """Draw what all schemes share."""
    scale = Fraction(maker.choose("scale", (100, 10, 5)))
    modes = ["total"] + ["dimension"] * maker.on("dimensions") + ["sum"] * maker.on("item_sum")
    mode = maker.pick(modes)
    names = ("业绩", "行为", "成长")[: maker.whole(1, 3)] if mode == "dimension" else ()
    weights = maker.weights(len(names), positive=True) if names else []
    return Common(
        scale=scale,
        mode=mode,
        equal=maker.maybe("equal"),
        dimensions=tuple(zip(names, weights, strict=True)),
        dimensions_equal=maker.maybe("equal"),
        dimensions_in_scheme=maker.maybe("dimensions"),
        out_of_range=maker.choose("goals", ("clip", "refuse")),
        owner=maker.choose("goals", ("across", "same")),
        dotted_as=maker.choose("relations", ("superior", "peer")),
        grades=grades(maker, scale),
        linkage=maker.maybe("linkage"),
    )


def grades(maker: Maker, scale: Fraction) -> list[Document] | None:
    """A grade list with quotas, or None for the default."""
    if not (maker.on("distribution") or maker.maybe("grades") or maker.on("bonus") or maker.on("linkage")):
        return None
    names = maker.choose("grades", (("S", "A", "B", "C", "D"), ("优", "良", "中", "差"), ("A", "B")))
    bounds = (95, 85, 70, 60)[4 - len(names) + 1 :] if len(names) > 2 else (75,)
    targets = {5: ("10", "20", "50", "15", "5"), 4: ("20", "30", "30", "20"), 2: ("50", "50")}[len(names)]
    capped = maker.whole(0, len(names) - 1)
    caps = [maker.number(0, 25, 1) if i < capped else None for i in range(len(names))]
    coefficients = ("1.5", "1.2", "1", "0.8", "0.5")
    department = ("1.2", "1.1", "1", "0.9", "0.8")
    linkage = ("40", "35", "30", "20", "10")
    return [
        {
            "name": name,
            "lower": None if i == len(names) - 1 else decimal(bounds[i] * scale / 100),
            "coefficient": coefficients[i],
            "cap_percent": caps[i],
            "target_percent": targets[i],
            "department_coefficient": department[i],
            "linkage_percent": linkage[i],
        }
        for i, name in enumerate(names)
    ]


def scheme(maker: Maker, key: str, shared: Common) -> Document:
    """One scheme document."""
    scale = shared.scale
    document: Document = {
        "key": key,
        "scale": decimal(scale),
        "result_decimals": maker.choose("rounding", (2, 0, 1, 4)),
        "parts": parts(maker),
        "items": items(maker, shared),
        "raters": raters(maker, shared),
        "goals": {
            "kr_method": maker.choose("okr", ("baseline", "ratio")),
            "kr_out_of_range": shared.out_of_range,
            "empty_parent": maker.choose("goals", ("own", "zero", "missing")),
            "owner": shared.owner,
        },
        "total": total(maker, scale),
        "distribution": distribution(maker, shared),
        "departments": {
            "use": maker.choose("departments", ("none", "bonus", "score")),
            "no_grade": "error" if maker.on("departments") else "one",
            "linkage": shared.linkage,
            "linked_grades": [name for name, _ in shared.bounds[: 2 if len(shared.bounds) > 2 else 1]],
        },
        "periods": {
            "home": maker.choose("transfers", ("end", "longest")),
            "absence_above": maker.choose("absence", (None, 30, 10)),
            "segment_min_days": maker.choose("short_segments", (15, 1, 30)),
        },
        "bonus": bonus(maker, shared),
    }
    if shared.grades is not None:
        document["grades"] = shared.grades
    if maker.maybe("grades"):
        document["pass_grade"] = maker.pick([name for name, bound in shared.bounds if bound is not None])
    if maker.maybe("boundary"):
        document["boundary_distance"] = maker.scaled(0, 5, scale)
    if maker.maybe("rounding"):
        document["rounding"] = rounding(maker)
    if maker.maybe("severity") and maker.on("raters"):
        document["severity"] = {"mode": maker.pick(("adopt", "hint", "off")), "snapshot": "快照1"}
    return document


def rounding(maker: Maker) -> Document:
    """Policies at one to four points."""
    points = {maker.pick(ROUNDED) for _ in range(maker.whole(1, 4))}
    return {p: {"decimals": maker.whole(0, 6), "mode": maker.pick(MODES)} for p in sorted(points)}


def parts(maker: Maker) -> Document:
    """Weights of the parts, and a formula now and then."""
    choices = [("100", "0", "0")]
    if maker.on("raters"):
        choices += [("70", "30", "0"), ("0", "100", "0"), ("33.33", "66.67", "0"), ("40", "60", "0")]
    if maker.on("okr"):
        choices += [("50", "25", "25"), ("60", "0", "40"), ("33.333", "33.333", "33.333")]
    kpi, review, okr = maker.choose("parts", choices)
    block: Document = {
        "kpi_weight": kpi,
        "review_weight": review,
        "okr_weight": okr,
        "equal": "0" not in {kpi, review, okr} and maker.maybe("equal"),
        "missing": maker.choose("missing_part", ("renormalise", "zero", "hold")),
        "min_coverage": maker.choose("missing_part", ("60", "0", "40", "70")),
    }
    if maker.maybe("formula"):
        block["formula"] = expression(maker, 3)
    return block


def expression(maker: Maker, depth: int) -> str:
    """A formula whose names are all guarded and whose divisors are constants."""
    kind = maker.whole(0, 8) if depth else 0
    if kind == 0:
        name = maker.pick(NAMES)
        return f"if(missing({name}), {maker.number(0, 90)}, {name})"
    left = expression(maker, depth - 1)
    if kind == 1:
        return f"{left} * {maker.number(0, 2)}"
    if kind == 2:
        return f"({left}) / {maker.pick(('3', '7', '2', '1.5'))}"
    if kind == 3:
        return f"round({left}, {maker.whole(0, 3)})"
    right = expression(maker, depth - 1)
    return {
        4: f"({left} + {right})",
        5: f"abs({left} - ({right}))",
        6: f"mean({left}, {right})",
        7: f"max({left}, min({right}, 88.5))",
        8: f"if({left} >= {right}, {left}, {maker.number(0, 90)})",
    }[kind]


def items(maker: Maker, shared: Common) -> Document:
    """Mode, policies and limits of items."""
    block: Document = {
        "mode": shared.mode,
        "equal": shared.equal,
        "dimensions_equal": shared.dimensions_equal,
        "missing": maker.choose("missing_item", ("hold", "renormalise", "zero")),
    }
    if maker.maybe("limits"):
        block["floor"] = decimal(maker.pick((0, -20, 10)) * shared.scale / 100)
        block["cap"] = decimal(maker.pick((120, 100, 150)) * shared.scale / 100)
    if shared.dimensions and shared.dimensions_in_scheme:
        bands = [{"name": "好", "lower": maker.scaled(60, 90, shared.scale)}, {"name": "差", "lower": None}]
        block["dimensions"] = [{"name": n, "weight": weight, "bands": bands} for n, weight in shared.dimensions]
    return block


def raters(maker: Maker, shared: Common) -> Document:
    """Groups with weights, thresholds, trimming and policies."""
    if not maker.on("raters"):
        return {}
    names = maker.subset(RELATIONS[: 7 if maker.on("relations") else 5], least=1)
    if shared.dotted_as not in names and "dotted" not in names:
        names = [shared.dotted_as, *names]
    weights = maker.weights(len(names))
    equal = maker.maybe("equal")
    rows: list[Document] = []
    for name, weight in zip(names, weights, strict=True):
        row: Document = {"relation": name, "weight": weight}
        if maker.on("anonymity"):
            row["threshold"] = maker.whole(1, 3)
        if maker.maybe("trim"):
            row["trim"] = maker.pick(("20", "10", "33.3", "40"))
        if maker.on("merge"):
            row["when_short"] = maker.pick(("renormalise", "merge"))
        if maker.maybe("coverage"):
            row["required"] = maker.coin() and (weight != "0" or equal)
        rows.append(row)
    return {
        "groups": rows,
        "equal": equal,
        "missing": maker.choose("missing_group", ("renormalise", "zero", "hold")),
        "min_coverage": maker.choose("coverage", ("60", "0", "85", "50")),
        "threshold_unit": maker.choose("threshold_unit", ("rater", "criterion")),
        "dotted_as": shared.dotted_as,
    }


def total(maker: Maker, scale: Fraction) -> Document:
    """Bounds of the total and of ± points."""
    block: Document = {}
    if maker.maybe("limits"):
        block |= {"floor": maker.scaled(-10, 20, scale), "cap": maker.scaled(90, 130, scale)}
    if maker.maybe("points"):
        block["adjustment_cap"] = maker.scaled(0, 10, scale)
    return block


def distribution(maker: Maker, shared: Common) -> Document:
    """Control, rounding, ties and checks."""
    if not maker.on("distribution"):
        return {}
    control = "cap" if shared.linkage and maker.coin() else maker.pick(("exact", "cap", "hint", "exact", "cap"))
    roundings = ("largest_remainder", "largest_remainder", "down", "up") if control == "exact" else ("down", "up")
    names = [name for name, _ in shared.bounds]
    block: Document = {
        "control": control,
        "rounding": maker.pick(roundings),
        "remainder_tie": maker.pick(("larger_share", "better_grade")),
        "remainder_divisor": maker.pick(("n", "n_plus_1")),
        "ties": maker.choose("ties", ("lower", "upper", "ordered")),
        "min_n": maker.choose("pools", (1, 2, 1, 3)),
    }
    if maker.maybe("distribution"):
        block["checks"] = [
            {
                "grades": maker.subset(names, least=1),
                "sign": maker.pick(("<=", "=", ">=")),
                "percent": maker.number(0, 100),
                "rounding": maker.pick(("down", "up", "half_away")),
            }
        ]
    return block


def bonus(maker: Maker, shared: Common) -> Document:
    """Form, factors and table of the bonus."""
    if not maker.on("bonus"):
        return {}
    block: Document = {"form": maker.pick(("product", "sum")), "currency_decimals": maker.pick((2, 0))}
    if block["form"] == "sum":
        block["weights"] = [{"factor": "grade", "weight": "0.6"}, {"factor": "department", "weight": "0.4"}]
    if maker.maybe("bonus"):
        block["factors"] = {"公司系数": maker.number(1, 2)}
        if block["form"] == "sum":
            block["weights"].append({"factor": "公司系数", "weight": "0.25"})
    if maker.maybe("bonus"):
        block["coefficients"] = [
            {"grade": name, "job_level": level, "coefficient": maker.number(1, 2)}
            for name, _ in shared.bounds
            for level in ("P5", "P6")
        ]
    return block
