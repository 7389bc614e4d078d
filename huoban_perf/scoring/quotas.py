"""How many of each grade a pool may have, and who gets which grade by rank.

Source: scoring.md S10 (Rounding, Quotas, Ties).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.rounding import D4
from huoban_perf.scoring.scheme import Check, Scheme

_WHOLE: Final = 100 * D4


def round_share(percent_d4: int, n: int, rounding: str) -> int:
    """Round one share of people.

    Args:
        percent_d4: Per cent, ten-thousandths.
        n: People.
        rounding: ``down``, ``up`` or ``half_away``.

    Returns:
        Number of people.

    Source: scoring.md S10 (down ⌊p·n⌋, up ⌈p·n⌉).
    """
    share = percent_d4 * n
    if rounding == "down":
        return share // _WHOLE
    if rounding == "up":
        return -(-share // _WHOLE)
    return (2 * share + _WHOLE) // (2 * _WHOLE)


def largest_remainder(percents_d4: Sequence[int], n: int, *, tie: str, divisor: str) -> list[int]:
    """Split n people by targets so that the quotas sum to n.

    Args:
        percents_d4: Target of each grade, best first; they sum to 100 %.
        n: People.
        tie: ``larger_share`` or ``better_grade`` first among equal remainders.
        divisor: ``n`` or ``n_plus_1``.

    Returns:
        Quota of each grade.

    Source: scoring.md S10 (remainder_tie, remainder_divisor; too many whole parts: the smallest remainders give back).
    """
    base = n if divisor == "n" else n + 1
    parts = [divmod(percent * base, _WHOLE) for percent in percents_d4]
    quotas = [whole for whole, _ in parts]
    left = n - sum(quotas)

    def rank(grade: int) -> tuple[int, int, int]:
        share = -percents_d4[grade] if tie == "larger_share" else 0
        return -parts[grade][1], share, grade

    order = sorted(range(len(parts)), key=rank)
    for grade in order[: max(left, 0)]:
        quotas[grade] += 1
    giving = [grade for grade in reversed(order) if quotas[grade] > 0]
    for grade in giving[: max(-left, 0)]:
        quotas[grade] -= 1
    return quotas


def cumulative_quotas(scheme: Scheme, n: int, *, linked: int | None = None) -> list[int | None]:
    """Return how many people may have a grade or a better one.

    Args:
        scheme: The scheme with its distribution settings.
        n: People of the merged pool.
        linked: Cap on the linked best grades from the departments' own grades, or None.

    Returns:
        Cumulative places per grade, best first; None = no limit.

    Source: scoring.md S10 (cumulative from the top), S8 (linkage).
    """
    rules = scheme.distribution
    by_target = rules.control == "exact" or rules.rounding == "largest_remainder"
    percents = [grade.target_percent_d4 if by_target else grade.cap_percent_d4 for grade in scheme.grades]
    if rules.rounding == "largest_remainder":
        targets = [percent or 0 for percent in percents]
        quotas: list[int | None] = list(
            largest_remainder(targets, n, tie=rules.remainder_tie, divisor=rules.remainder_divisor)
        )
    else:
        unset = 0 if by_target else None
        quotas = [unset if percent is None else round_share(percent, n, rules.rounding) for percent in percents]
    total: int | None = 0
    cumulative: list[int | None] = []
    for place, quota in enumerate(quotas, 1):
        total = None if total is None or quota is None else total + quota
        is_last_linked = linked is not None and place == len(scheme.departments.linked_grades)
        cumulative.append(linked if is_last_linked and (total is None or linked is None or linked < total) else total)
    cumulative[-1] = None
    return cumulative


@dataclass(frozen=True, slots=True)
class Block:
    """People of one pool who cannot be told apart by the ranking.

    Attributes:
        ord: Position of the block in the pool, 1 = best.
        place: Best place they may get: their 初评 under ``cap``, their grade cap (else 1) under ``exact``.
        n: How many.
    """

    ord: int
    place: int
    n: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """A block's grade.

    Attributes:
        block: The block.
        place: Place of the grade it gets, 1 = best.
        is_over: A quota was overrun to keep the block together (``upper``).
        is_unsplit: The block was lowered only because it did not fit as a whole.
    """

    block: Block
    place: int
    is_over: bool = False
    is_unsplit: bool = False


def assign_capped(blocks: Sequence[Block], cumulative: Sequence[int | None], *, ties: str) -> list[Assigned]:
    """Walk by result: each block gets the best grade, not better than its 初评, that has room.

    Args:
        blocks: Best first; blocks of equal position by place.
        cumulative: Cumulative places.
        ties: ``lower`` and ``ordered`` need room for the whole block, ``upper`` for one of it.

    Returns:
        One entry a block.

    Source: scoring.md S10 (``cap``).
    """
    taken = [0] * len(cumulative)
    found = []
    for block in blocks:
        need = 1 if ties == "upper" else block.n
        fits = [place for place in range(block.place, len(taken) + 1) if _room(taken, cumulative, place) >= need]
        wanted = [place for place in range(block.place, len(taken) + 1) if _room(taken, cumulative, place) >= 1]
        place = fits[0]
        over = _room(taken, cumulative, place) < block.n
        for index in range(place - 1, len(taken)):
            taken[index] += block.n
        found.append(Assigned(block, place, is_over=over, is_unsplit=wanted[0] < place))
    return found


def _room(taken: Sequence[int], cumulative: Sequence[int | None], place: int) -> int:
    """Places left at this grade, counting every cumulative limit from it down."""
    limits = [
        limit - used
        for limit, used in zip(cumulative[place - 1 :], taken[place - 1 :], strict=True)
        if limit is not None
    ]
    return min(limits, default=1 << 62)


def assign_exact(blocks: Sequence[Block], cumulative: Sequence[int | None], *, ties: str) -> list[Assigned]:
    """Fill grade by grade from the top, by rank; a block with a grade cap waits for its grade.

    Args:
        blocks: Best first.
        cumulative: Cumulative places; the last grade takes everyone left.
        ties: ``upper`` takes a block when one place is left, else it must fit as a whole.

    Returns:
        One entry a block, in the order given.

    Source: scoring.md S10 (``exact``, Ties).
    """
    found: dict[Block, Assigned] = {}
    lowered: set[Block] = set()
    taken = 0
    for place, limit in enumerate(cumulative, 1):
        for block in blocks:
            if block in found or block.place > place:
                continue
            room = (1 << 62) if limit is None else limit - taken
            if room < (1 if ties == "upper" else block.n):
                if room > 0:
                    lowered.add(block)
                break
            found[block] = Assigned(block, place, is_over=room < block.n, is_unsplit=block in lowered)
            taken += block.n
    return [found[block] for block in blocks]


def check_holds(check: Check, count: int, n: int) -> bool:
    """Tell whether a distribution check holds.

    Args:
        check: The check.
        count: People with one of its grades.
        n: People of the pool.

    Returns:
        True when it holds.

    Source: scoring.md S10 (``dist_rules`` as checks).
    """
    limit = round_share(check.percent_d4, n, check.rounding)
    return {"<=": count <= limit, "=": count == limit, ">=": count >= limit}[check.sign]
