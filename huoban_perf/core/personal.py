"""Views of one person, for a platform that cannot let a view turn on its reader: built by name, shared by link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema.views import ViewSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalView:
    """A declared view as one person finds it.

    Attributes:
        person: Staff number.
        view: The view; its rows name that person's account instead of *me*, its labels name the person.
    """

    person: str
    view: ViewSpec

    @property
    def key(self) -> str:
        """Which declared view it is: ``table.view``."""
        return view_key(self.view)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingView:
    """One that stands on the platform.

    Attributes:
        person: Staff number.
        key: ``table.view``.
        view_id: Its id.
        link: Where it is found; empty when it is not shared.
        password: What the link asks for; secret; empty when it asks for nothing.
        wish: Digest of what it was last built from.
    """

    person: str
    key: str
    view_id: str
    link: str
    password: str = field(repr=False)
    wish: str


class PersonalSink(Protocol):
    """Builds views of one person and shares them by a link that asks for a password."""

    def standing(self, *, table_id: str) -> tuple[StandingView, ...]:
        """Return those of a table."""
        ...

    def is_current(self, standing: StandingView, wanted: PersonalView, *, bindings: Bindings, locale: Locale) -> bool:
        """Return whether one is as wanted, unchanged by hand, shared, and asks for a password."""
        ...

    def put(
        self,
        wanted: PersonalView,
        *,
        standing: StandingView | None,
        bindings: Bindings,
        locale: Locale,
        password: str | None,
    ) -> StandingView:
        """Make one, or make one that stands as wanted again; a password is drawn when none is given."""
        ...

    def drop(self, standing: StandingView) -> None:
        """Delete one; its link ends with it."""
        ...


def view_key(view: ViewSpec) -> str:
    """Return ``table.view``."""
    return ".".join(view.address.keys)
