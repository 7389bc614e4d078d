"""The steps for a workspace in which nothing stands, from the template alone, without a connection."""

from __future__ import annotations

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DEFINITION_KINDS, DesiredSchema, FieldKind, ObservedSchema
from huoban_perf.deploy import StateFile, StateOwner, Step, survey
from huoban_perf.deploy.order import ordered
from huoban_perf.deploy.steps import steps_of

_NOWHERE = WorkspaceId("-")
_A_PERSON = Capabilities(
    observes=frozenset(),
    performs=frozenset(),
    field_kinds=frozenset(FieldKind),
    page_size=1,
    batch_size=1,
    asynchronous_batches=False,
    upserts_by_key=False,
    attests=frozenset(DEFINITION_KINDS),
)
"""Nothing by program, everything by hand."""


def steps_from_scratch(desired: DesiredSchema, *, names: Locale) -> tuple[Step, ...]:
    """Return what a plan would list for an empty workspace that no program can write.

    Args:
        desired: The wish.
        names: Language in which the app is deployed.

    Returns:
        Manual steps in plan order.
    """
    owner = StateOwner(app=desired.app, platform="-", workspace=_NOWHERE, locale=names)
    empty = ObservedSchema(workspace=_NOWHERE, tables=())
    seen = survey(desired=desired, observed=empty, state=StateFile.fresh(owner), locale=names, moved={})
    return ordered(steps_of(seen, capabilities=_A_PERSON, delete=frozenset()), desired=desired)
