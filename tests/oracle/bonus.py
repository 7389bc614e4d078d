"""S12: bonus with and without a pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError, largest_remainder, round_to, total_of


@dataclass(frozen=True)
class Claim:
    """What one person's bonus is made of: base, factors with their weights (1 under ``product``), d/D."""

    code: str
    base: Fraction
    factors: Sequence[tuple[Fraction, Fraction]]
    prorate: Fraction


def raw(claim: Claim, form: str) -> Fraction:
    """Exact bonus before any rounding.

    Args:
        claim: The claim.
        form: ``product`` or ``sum``.

    Returns:
        base·Πf·prorate, or base·Σwf·prorate.

    Raises:
        BookError: A negative base, or an unknown form.
    """
    if claim.base < 0:
        raise BookError("base_negative", claim.code)
    if form == "sum":
        return claim.base * sum((w * f for w, f in claim.factors), Fraction(0)) * claim.prorate
    if form != "product":
        raise BookError("bonus_form", form)
    value = claim.base * claim.prorate
    for _, factor in claim.factors:
        value *= factor
    return value


def without_pool(claim: Claim, form: str, decimals: int = 2) -> Fraction:
    """One rounding to the currency's smallest unit."""
    return round_to(raw(claim, form), decimals)


def from_pool(claims: Sequence[tuple[Claim, str]], pool: Fraction, decimals: int = 2) -> dict[str, Fraction]:
    """Split a pool to the last unit.

    Args:
        claims: Who shares, each with ``product`` or ``sum``.
        pool: The amount.
        decimals: Decimal places of the currency.

    Returns:
        Amount by person; they sum to the pool.

    Raises:
        BookError: A negative pool, one finer than the currency, or nothing to share by.
    """
    units = pool * 10**decimals
    if pool < 0 or units.denominator != 1:
        raise BookError("pool", str(pool))
    shares = [total_of(raw(claim, form)) for claim, form in claims]
    whole = sum(shares, Fraction(0))
    if whole == 0:
        raise BookError("pool_without_shares")
    order = sorted(range(len(claims)), key=lambda i: claims[i][0].code.encode())
    parts = largest_remainder([units * s / whole for s in shares], units.numerator, order)
    return {claim.code: Fraction(n, 10**decimals) for (claim, _), n in zip(claims, parts, strict=True)}
