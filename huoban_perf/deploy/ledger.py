"""The ledger of one run: the state as it grows, what stands where, and when it has to be saved.

Entries that touch no platform are gathered and saved with the next effect, for they can be found out again; an effect
is saved at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from huoban_perf.core.addresses import Address, RemoteId
from huoban_perf.core.changes import AttributeChange
from huoban_perf.core.clock import Clock
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema, FieldSpec
from huoban_perf.deploy.pairing import Pair
from huoban_perf.deploy.perform import record_created, record_found, record_updated, spec_of
from huoban_perf.deploy.state import Origin, StateFile
from huoban_perf.deploy.store import StateStore
from huoban_perf.deploy.survey import Survey


class Ledger:
    """What we know, while a plan is carried out."""

    def __init__(self, *, state: StateFile, store: StateStore, clock: Clock, locale: Locale) -> None:
        """Open the ledger on a state.

        Args:
            state: The state as loaded, renames carried out.
            store: Where it is saved; locked by the caller.
            clock: Dates entries.
            locale: Language in which names are deployed.
        """
        self.state = state
        self.ids: dict[Address, str] = {}
        self._store = store
        self._clock = clock
        self._locale: Locale = locale
        self._is_dirty = False

    def look(self, seen: Survey) -> None:
        """Take in what stands: declared objects as seen, undeclared ones as recorded.

        Args:
            seen: The workspace.
        """
        undeclared = {key: known for key, known in seen.recorded_ids().items() if key not in seen.pairing.pairs}
        self.ids = undeclared | seen.pairing.ids()

    def stands(self, needs: Iterable[Address]) -> bool:
        """Return whether everything that a step needs stands."""
        return all(need in self.ids for need in needs)

    def note(self, **values: str) -> None:
        """Set values of the state's head that are not so yet.

        Args:
            **values: Attributes of ``StateFile``.
        """
        if any(getattr(self.state, name) != value for name, value in values.items()):
            self.state = self.state.model_copy(update=values)
            self._is_dirty = True

    def created(self, ids: Mapping[Address, RemoteId], *, desired: DesiredSchema) -> None:
        """Record objects we made: all that was wished is applied.

        Args:
            ids: Their ids.
            desired: The wish.
        """
        for address, remote_id in ids.items():
            spec = spec_of(address, desired, {})
            known = record_created(spec, remote_id=remote_id, at=self._clock.now(), locale=self._locale)
            self.state = self.state.with_object(address, known)
            self.ids[address] = remote_id
        self._is_dirty = True

    def bound(self, pair: Pair, seen: Survey, *, origin: Origin) -> None:
        """Record an object that stands, and with a field its options that stand.

        Args:
            pair: The object.
            seen: The workspace.
            origin: How it came to be ours, if it was not before.
        """
        tables = seen.pairing.address_by_table_id()
        options = pair.spec.options if isinstance(pair.spec, FieldSpec) else ()
        for found in (pair, *(seen.pairing.pairs[option.address] for option in options)):
            if found.live is None:
                continue
            at = self._clock.now()
            known = record_found(found, found.live, tables=tables, origin=origin, at=at, locale=self._locale)
            self.state = self.state.with_object(found.address, known)
            self.ids[found.address] = known.remote_id
        self._is_dirty = True

    def updated(self, address: Address, changes: Iterable[AttributeChange]) -> None:
        """Record attributes that now are as wished.

        Args:
            address: The object.
            changes: The attributes.
        """
        known = record_updated(self.state.objects[address], changes, at=self._clock.now())
        self.state = self.state.with_object(address, known)
        self._is_dirty = True

    def forgotten(self, address: Address, *, is_gone: bool) -> None:
        """Drop an object from the state.

        Args:
            address: The object.
            is_gone: Whether it no longer stands, so that nothing may refer to it.
        """
        self.state = self.state.without(address)
        if is_gone:
            self.ids.pop(address, None)
        self._is_dirty = True

    def save(self) -> None:
        """Write the state when it holds anything new."""
        if self._is_dirty:
            self.state = self._store.save(self.state, clock=self._clock)
            self._is_dirty = False
