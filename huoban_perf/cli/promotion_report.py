"""Promotion at the command line: read the workspace it was proven in, lay both side by side, say what differs."""

from __future__ import annotations

from huoban_perf.cli.desk import Desk, open_desk
from huoban_perf.cli.session import Settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.core.progress import silent
from huoban_perf.deploy import Consent, Plan, Promotion, Stand, attribute_name, promotion_of, survey, value_text

_LISTED = 20


def stand_at(settings: Settings, profile: str) -> Stand:
    """Read another profile's workspace, template and state.

    Args:
        settings: The command's settings.
        profile: Name of the other profile.

    Returns:
        How it stands there.
    """
    with open_desk(settings.of_profile(profile), silent) as desk:
        return stand_of(desk, desk.plan(Consent()))


def stand_of(desk: Desk, plan: Plan) -> Stand:
    """Return how it stands at a desk."""
    locale = desk.site.profile.locale
    return Stand(
        profile=desk.site.profile.name,
        desired=desk.wish.schema,
        state=desk.state,
        seen=survey(
            desired=desk.wish.schema, observed=desk.observed, state=desk.state, locale=locale, moved=desk.moved
        ),
        plan=plan,
    )


def promoted(source: Stand | None, desk: Desk, plan: Plan) -> Promotion | None:
    """Lay the source and a desk side by side; None without a source."""
    return None if source is None else promotion_of(source, stand_of(desk, plan))


def promotion_lines(promotion: Promotion | None, *, locale: Locale) -> list[str]:
    """Return both sides, what differs, and what stands against it, as lines.

    Args:
        promotion: The comparison, or None.
        locale: Language.

    Returns:
        The lines; none without a promotion.
    """
    if promotion is None:
        return []
    lines: list[str] = []
    for code, side in (("cli.promotion_source", promotion.source), ("cli.promotion_target", promotion.target)):
        facts: dict[str, FactValue] = {name: str(value) for name, value in side.model_dump().items()}
        lines.append(text(code, locale=locale, facts=facts))
    for code, addresses in (
        ("cli.promotion_only_source", promotion.only_source),
        ("cli.promotion_only_target", promotion.only_target),
    ):
        if addresses:
            lines.append(text(code, locale=locale, facts={"count": len(addresses), "names": _some(addresses)}))
    for one in promotion.differences[:_LISTED]:
        source, target = (value_text(one.attribute, value, locale) for value in (one.source, one.target))
        lines.append(f"  ≠ {' / '.join(one.named)}  {attribute_name(one.attribute, locale)}: {source} | {target}")
    if len(promotion.differences) > _LISTED:
        more = len(promotion.differences) - _LISTED
        lines.append("  " + text("cli.more_lines", locale=locale, facts={"count": more}))
    lines += [f"  ! {problem_line(note.problem(), locale=locale)}" for note in promotion.problems]
    return [*lines, ""]


def _some(addresses: tuple[Address, ...]) -> tuple[str, ...]:
    """Name the outermost; what lies within them goes without saying."""
    every = set(addresses)
    outer = [str(one) for one in addresses if one.parent not in every]
    return (*outer[:6], "…") if len(outer) > 6 else tuple(outer)
