"""The deployed app of a site: template, schema and bindings loaded for the commands that read or write items."""

from __future__ import annotations

from dataclasses import dataclass, replace

from huoban_perf.core.addresses import Address
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import StateError
from huoban_perf.core.progress import Progress
from huoban_perf.core.schema import COMPUTED_KINDS, DesiredSchema, FieldKind
from huoban_perf.deploy import (
    SnapshotStore,
    StateFile,
    StateObject,
    StateOwner,
    StateStore,
    bindings_of,
    read_names,
    state_path,
    with_own_names,
)
from huoban_perf.profile import Profile, Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.extract_map import ExtractMap, extract_map_of
from huoban_perf.template import AppTemplate, compile_schema, load_template

_HOLD_NOTHING = COMPUTED_KINDS | {FieldKind.SEPARATOR}
"""Kinds no job writes: not every platform computes each, or knows separators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A profile's template and the schema it compiles to."""

    template: AppTemplate
    schema: DesiredSchema

    @property
    def extract_map(self) -> ExtractMap:
        """Which field feeds which scoring column."""
        return extract_map_of(self.template, self.schema)


def wish_of(profile: Profile) -> Wish:
    """Load and compile a profile's template; TemplateError lists every mistake."""
    template = load_template(profile.template, parameters=profile.parameters)
    schema = compile_schema(template)
    if profile.names is not None:
        schema = with_own_names(schema, read_names(profile.names, desired=schema))
    return Wish(template=template, schema=schema)


def owner_of(site: Site, wish: Wish) -> StateOwner:
    """Return whose state a site's is."""
    return StateOwner(
        app=wish.schema.app,
        platform=site.profile.platform,
        workspace=site.workspace,
        locale=site.profile.locale,
    )


def store_of(site: Site, wish: Wish) -> StateStore:
    """Return the state store of a site; an app that grows from a smaller one begins with what stands of that."""
    owner = owner_of(site, wish)

    def inherited() -> dict[Address, StateObject]:
        wished = {table.address for table in wish.schema.tables} | {field.address for field in wish.schema.fields()}
        wished |= {option.address for option in wish.schema.options()}
        former = (former_state(site, wish, key) for key in wish.template.app.model.grows_from)
        return {address: known for state in former for address, known in state.objects.items() if address in wished}

    return StateStore(state_path(site.profile.state_dir, owner), inherited=inherited)


def former_state(site: Site, wish: Wish, app: str) -> StateFile:
    """Return the state of another app in a site's workspace; a fresh one when it was never deployed there."""
    owner = replace(owner_of(site, wish), app=app)
    return StateStore(state_path(site.profile.state_dir, owner)).load(owner)


def snapshots_of(site: Site, wish: Wish) -> SnapshotStore:
    """Return the snapshots of a site, one folder a state."""
    owner = owner_of(site, wish)
    return SnapshotStore(state_path(site.profile.snapshots_dir, owner).with_suffix(""))


def deployed_app(site: Site, wish: Wish, *, clock: Clock, progress: Progress) -> DeployedApp:
    """Return the app as jobs see it.

    Args:
        site: The connected workspace.
        wish: The profile's template.
        clock: For time and waiting.
        progress: Told about long work.

    Returns:
        The app.

    Raises:
        StateError: A table, or a field that holds values, or an option is not bound yet.
    """
    bindings = bindings_of(store_of(site, wish).load(owner_of(site, wish)))
    addresses = [table.address for table in wish.schema.tables]
    addresses += [field.address for field in wish.schema.fields() if field.kind not in _HOLD_NOTHING]
    addresses += [option.address for option in wish.schema.options()]
    missing = [address for address in addresses if address not in bindings]
    if missing:
        raise StateError("cli.not_deployed", facts={"count": len(missing), "first": str(missing[0])})
    return DeployedApp(
        connection=site.connection, schema=wish.schema, bindings=bindings, clock=clock, progress=progress
    )
