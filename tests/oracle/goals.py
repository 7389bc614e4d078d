"""S3 and S7: the modes of a weighted KPI, the goal tree, and OKR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError, Grid, mean
from tests.oracle.weights import or_equal

ENDED = "ended"


@dataclass(frozen=True)
class Goal:
    """A goal, an objective or a key result.

    Attributes:
        number: Its number.
        parent: Number of its parent.
        kind: ``goal``, ``objective`` or ``kr``.
        owner: Kind and code of its owner.
        weight: Weight among its siblings.
        baseline: Start value.
        target: Target value.
        current: Current value.
        progress: Typed progress, per cent.
        ended: Whether it was terminated.
        target_max: Largest target allowed.
    """

    number: str
    parent: str | None = None
    kind: str = "goal"
    owner: tuple[str, str] = ("person", "")
    weight: Fraction | None = None
    baseline: Fraction | None = None
    target: Fraction | None = None
    current: Fraction | None = None
    progress: Fraction | None = None
    ended: bool = False
    target_max: Fraction | None = None


@dataclass(frozen=True)
class GoalRules:
    """What the scheme says about goals.

    Attributes:
        kr_method: ``baseline`` or ``ratio``.
        out_of_range: ``clip`` or ``refuse``.
        empty_parent: ``own``, ``zero`` or ``missing``.
        same_person: Whether a child must belong to its parent's owner.
        scale: What 100 means.
    """

    kr_method: str = "baseline"
    out_of_range: str = "clip"
    empty_parent: str = "own"
    same_person: bool = False
    scale: Fraction = Fraction(100)


def weighted_total(scores: Sequence[Fraction], weights: Sequence[Fraction]) -> Fraction | None:
    """Mode 总和100: Σws/Σw, None when nothing with weight is present."""
    return mean(scores, weights)


def within_dimensions(
    dimensions: Sequence[tuple[Fraction, Sequence[tuple[Fraction, Fraction]]]], grid: Grid
) -> tuple[list[Fraction | None], Fraction | None]:
    """Mode 维度内100: dimension first.

    Args:
        dimensions: Weight of each dimension and (weight, score) of its present items.
        grid: Rounding of the scheme.

    Returns:
        The score of each dimension, and the exact KPI over those present.
    """
    scores: list[Fraction | None] = []
    for _, items in dimensions:
        value = mean([s for _, s in items], [w for w, _ in items])
        scores.append(None if value is None else grid.at("dimension", value))
    present = [(w, s) for (w, _), s in zip(dimensions, scores, strict=True) if s is not None]
    return scores, mean([s for _, s in present], [w for w, _ in present])


def plain_sum(scores: Sequence[Fraction]) -> Fraction:
    """Mode 合计: Σs without division."""
    return sum(scores, Fraction(0))


def key_result(goal: Goal, rules: GoalRules) -> Fraction | None:
    """Share of a key result reached, in [0, 1].

    Args:
        goal: The key result, or a leaf with numbers.
        rules: What the scheme says.

    Returns:
        The exact share, or None without a current value.

    Raises:
        BookError: The target equals its start, exceeds its maximum, or the share is refused.
    """
    if goal.target is None:
        return None
    if goal.target_max is not None and goal.target > goal.target_max:
        raise BookError("target_max", goal.number)
    start = Fraction(0) if rules.kr_method == "ratio" or goal.baseline is None else goal.baseline
    if goal.target == start:
        raise BookError("target_is_start", goal.number)
    if goal.current is None:
        return None
    share = (goal.current - start) / (goal.target - start)
    inside = min(Fraction(1), max(Fraction(0), share))
    if inside != share and rules.out_of_range == "refuse":
        raise BookError("kr_out_of_range", goal.number)
    return inside


def own_value(goal: Goal, rules: GoalRules, grid: Grid) -> Fraction | None:
    """Value that a goal carries itself: typed progress, else its key result.

    Args:
        goal: The goal.
        rules: What the scheme says.
        grid: Rounding of the scheme.

    Returns:
        Points, or None when it carries none.

    Raises:
        BookError: Typed progress outside 0–100.
    """
    point = "kr" if goal.kind == "kr" else "goal"
    if goal.progress is not None:
        if not 0 <= goal.progress <= 100:
            raise BookError("progress", goal.number)
        return grid.at(point, goal.progress * rules.scale / 100)
    share = key_result(goal, rules)
    return None if share is None else grid.at(point, share * rules.scale)


def find_cycle(goals: Mapping[str, Goal]) -> tuple[str, ...]:
    """Path of a cycle in the tree.

    Args:
        goals: All goals by number.

    Returns:
        The path, beginning and ending with its smallest number; empty without a cycle.
    """
    for start in sorted(goals):
        path = [start]
        while True:
            parent = goals[path[-1]].parent
            if parent is None or parent not in goals:
                break
            path.append(parent)
            if parent == start:
                return tuple(path)
            if parent in path[:-1]:
                break
    return ()


class GoalTree:
    """All goals of a cycle under one scheme's rules."""

    def __init__(self, goals: Sequence[Goal], rules: GoalRules, grid: Grid) -> None:
        """Index the goals.

        Args:
            goals: All goals of the cycle.
            rules: What the scheme says.
            grid: Rounding of the scheme.

        Raises:
            BookError: A number twice, a cycle, or a child of another owner where that is refused.
        """
        self.goals = {goal.number: goal for goal in goals}
        if len(self.goals) < len(goals):
            raise BookError("goal_twice")
        cycle = find_cycle(self.goals)
        if cycle:
            raise BookError("goal_cycle", *cycle)
        self.rules = rules
        self.grid = grid
        self.children: dict[str, list[Goal]] = {}
        for goal in goals:
            if goal.parent in self.goals:
                self.children.setdefault(str(goal.parent), []).append(goal)
        if rules.same_person:
            strangers = [g.number for g in goals if g.parent in self.goals and self.goals[g.parent].owner != g.owner]
            if strangers:
                raise BookError("goal_owner", *strangers)

    def value(self, number: str) -> Fraction | None:
        """Points of a goal.

        Args:
            number: The goal.

        Returns:
            Its own value for a leaf, else the mean of its children; None when missing.
        """
        goal = self.goals[number]
        children = self.children.get(number, [])
        if not children:
            return own_value(goal, self.rules, self.grid)
        live = [child for child in children if not child.ended]
        if not live:
            return self._empty(goal)
        value = self._mean(number, live)
        return None if value is None else self.grid.at("goal", value)

    def _empty(self, goal: Goal) -> Fraction | None:
        """Value of a parent whose children have all ended."""
        match self.rules.empty_parent:
            case "own":
                return own_value(goal, self.rules, self.grid)
            case "zero":
                return Fraction(0)
            case "missing":
                return None
            case other:
                raise BookError("empty_parent", other)

    def _mean(self, name: str, live: Sequence[Goal]) -> Fraction | None:
        """Weighted mean of goals, those without a value left out."""
        weights = or_equal(name, [child.weight for child in live])
        present = [(w, self.value(child.number)) for w, child in zip(weights, live, strict=True)]
        known = [(w, v) for w, v in present if v is not None]
        return mean([v for _, v in known], [w for w, _ in known])

    def progress(self, roots: Sequence[str]) -> Fraction | None:
        """Points of the goals linked to an item, exactly.

        Args:
            roots: Numbers of the goals.

        Returns:
            The weighted mean of those not ended, or None.

        Raises:
            BookError: A goal does not exist.
        """
        unknown = [number for number in roots if number not in self.goals]
        if unknown:
            raise BookError("goal_unknown", *unknown)
        live = [self.goals[number] for number in roots if not self.goals[number].ended]
        return self._mean(";".join(roots), live) if live else None

    def objective(self, number: str) -> Fraction | None:
        """Points of one objective from its key results.

        Args:
            number: The objective.

        Returns:
            Σw·KR/Σw, or None without a key result that has a value.
        """
        results = [g for g in self.children.get(number, []) if g.kind == "kr" and not g.ended]
        if not results:
            return None
        weights = or_equal(number, [kr.weight for kr in results])
        pairs = [(w, own_value(kr, self.rules, self.grid)) for w, kr in zip(weights, results, strict=True)]
        known = [(w, v) for w, v in pairs if v is not None]
        value = mean([v for _, v in known], [w for w, _ in known])
        return None if value is None else self.grid.at("objective", value)

    def okr(self, owner: tuple[str, str]) -> Fraction | None:
        """OKR of one owner.

        Args:
            owner: Kind and code.

        Returns:
            The weighted mean of the owner's objectives, or None without one.
        """
        mine = [g for g in self.goals.values() if g.kind == "objective" and g.owner == owner and not g.ended]
        if not mine:
            return None
        weights = or_equal("/".join(owner), [g.weight for g in mine])
        pairs = [(w, self.objective(g.number)) for w, g in zip(weights, mine, strict=True)]
        known = [(w, v) for w, v in pairs if v is not None]
        value = mean([v for _, v in known], [w for w, _ in known])
        return None if value is None else self.grid.at("okr", value)
