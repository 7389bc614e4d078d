"""The three-way comparison of one object, attribute by attribute: wish, last applied, live.

| wish vs last applied | live vs last applied | verdict |
| --- | --- | --- |
| same | same | nothing |
| changed | same | change (ours) |
| same | changed | drift (theirs) |
| changed | changed, same value | converged: only to be recorded |
| changed | changed, other value | conflict: needs a choice |

An attribute that was never applied is compared two ways. One that the platform does not show is compared with what was
last applied; without that it proves nothing either way.

Source: design.md §5.3; field-kinds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.changes import AttributeChange, AttributeValue, Cause
from huoban_perf.deploy.artifact import Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the comparison of one object says.

    Attributes:
        changes: Attributes that differ from the wish, with who moved.
        converged: Attributes that both sides moved to the same value.
        unproven: Stated attributes that neither a read nor the state proves.
    """

    changes: tuple[AttributeChange, ...] = ()
    converged: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


def compare_attributes(
    *,
    wish: Mapping[str, AttributeValue],
    applied: Mapping[str, AttributeValue],
    shown: Mapping[str, AttributeValue],
) -> Comparison:
    """Compare one object over the attributes that the template states.

    Args:
        wish: Attributes as stated.
        applied: Attributes as last applied; empty for an object never seen before.
        shown: Attributes as the platform shows them.

    Returns:
        The verdicts, in the order in which the wish states the attributes.
    """
    changes: list[AttributeChange] = []
    converged: list[str] = []
    unproven: list[str] = []
    for attribute, wanted in wish.items():
        if attribute not in shown:
            if attribute not in applied:
                unproven.append(attribute)
            elif applied[attribute] != wanted:
                changes.append(AttributeChange(attribute=attribute, before=applied[attribute], after=wanted))
        elif shown[attribute] == wanted:
            if applied.get(attribute, wanted) != wanted:
                converged.append(attribute)
        else:
            cause = _cause(attribute, wanted, applied, shown)
            changes.append(AttributeChange(attribute=attribute, before=shown[attribute], after=wanted, cause=cause))
    return Comparison(changes=tuple(changes), converged=tuple(converged), unproven=tuple(unproven))


def _cause(
    attribute: str, wanted: AttributeValue, applied: Mapping[str, AttributeValue], shown: Mapping[str, AttributeValue]
) -> Cause:
    if attribute not in applied or shown[attribute] == applied[attribute]:
        return Cause.CHANGE
    return Cause.DRIFT if applied[attribute] == wanted else Cause.CONFLICT


def after_applying(
    attributes: Mapping[str, AttributeValue], *, shown: Mapping[str, AttributeValue] | None = None
) -> Attributes:
    """Return what to record as applied.

    Args:
        attributes: The wish.
        shown: For an object that was found rather than made: what the platform shows. A value shown is recorded as it
            stands, so that a difference is a change of ours; what is not shown is taken to be as the sheet said.

    Returns:
        The values to record.
    """
    return {**attributes, **{name: value for name, value in (shown or {}).items() if name in attributes}}
