"""Views of one person: the community edition has no filter by reader, so each is built with its person's account.

The link asks for a password from its first moment on: the password is set before the view is shared. Whoever has both
sees the view's rows and visible columns, can change nothing, and cannot download the rows as a file. Editors of the
base see the passwords in the server's own page.

Source: tried on 0.265.1 (shared kanban and grid, with and without password).
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from huoban_perf.core.addresses import Address, Bindings, RemoteId
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Locale
from huoban_perf.core.personal import PersonalView, StandingView
from huoban_perf.platforms.nocodb.endpoints import VIEW_LIST, VIEW_SHARE_SET, VIEW_UPDATE
from huoban_perf.platforms.nocodb.meta import TableReader
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.view_build import Build
from huoban_perf.platforms.nocodb.views import PERSONAL, NocodbViews, settings_of

Json = dict[str, Any]

_PASSWORD_BYTES = 9
_PAGE = {2: "gallery", 3: "view", 4: "kanban", 6: "calendar"}
"""Number of a view's kind → the page that shows it to whoever has the link."""


class NocodbPersonal:
    """Personal sink."""

    def __init__(self, transport: Transport, reader: TableReader, views: NocodbViews) -> None:
        """Keep them.

        Args:
            transport: Of the server.
            reader: Shows columns as they stand.
            views: Builds views.
        """
        self._transport = transport
        self._reader = reader
        self._views = views

    def standing(self, *, table_id: str) -> tuple[StandingView, ...]:
        """Return those of a table.

        Args:
            table_id: The table.

        Returns:
            One entry a view, in the server's order.

        Raises:
            PlatformError: The call failed.
        """
        listed = self._transport.call(VIEW_LIST, ids={"table": table_id}).get("list", [])
        return tuple(self._standing(view) for view in listed if PERSONAL in settings_of(view))

    def is_current(self, standing: StandingView, wanted: PersonalView, *, bindings: Bindings, locale: Locale) -> bool:
        """Return whether one is as wanted, unchanged by hand, shared, and asks for a password.

        Args:
            standing: As listed.
            wanted: As it should be.
            bindings: Platform ids.
            locale: Language of its texts.

        Returns:
            False when any of that does not hold.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        if not standing.link or not standing.password:
            return False
        build = Build(wanted.view, ids=bindings, locale=locale, reader=self._reader)
        if standing.wish != _wish(build):
            return False
        listed = self._transport.call(VIEW_LIST, ids={"table": build.table_id}).get("list", [])
        settings = next((settings_of(view) for view in listed if str(view["id"]) == standing.view_id), {})
        is_kanban = build.kind == "kanban"
        return self._views.is_as_built(standing.view_id, settings, build.table_id, is_kanban=is_kanban)

    def put(
        self,
        wanted: PersonalView,
        *,
        standing: StandingView | None,
        bindings: Mapping[Address, RemoteId],
        locale: Locale,
        password: str | None,
    ) -> StandingView:
        """Make one, or make one that stands as wanted again. One that was begun and not finished is found again.

        Args:
            wanted: As it should be.
            standing: What stands of it, or None.
            bindings: Platform ids.
            locale: Language of its texts.
            password: What its link asks for; None draws one.

        Returns:
            The view, shared.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        build = Build(wanted.view, ids=bindings, locale=locale, reader=self._reader)
        mark: Json = {
            PERSONAL: {"person": wanted.person, "view": wanted.key, "wish": _wish(build)},
            "allowCSVDownload": False,
        }
        if standing is None:
            view_id = str(self._views.create(wanted.view, ids=bindings, locale=locale, mark=mark))
        else:
            view_id = standing.view_id
            self._views.update(view_id, wanted.view, ids=bindings, locale=locale, mark=mark)
        secret = password or urlsafe_b64encode(os.urandom(_PASSWORD_BYTES)).decode()
        self._transport.call(VIEW_SHARE_SET, {"password": secret}, ids={"view": view_id})
        self._views.share(view_id)
        self._transport.call(VIEW_UPDATE, {"lock_type": "locked"}, ids={"view": view_id})
        return next(one for one in self.standing(table_id=build.table_id) if one.view_id == view_id)

    def drop(self, standing: StandingView) -> None:
        """Delete one; its link ends with it."""
        self._views.delete(standing.view_id)

    def _standing(self, view: Json) -> StandingView:
        whose = settings_of(view)[PERSONAL]
        uuid, page = view.get("uuid"), _PAGE.get(int(view.get("type") or 0), "view")
        return StandingView(
            person=str(whose.get("person")),
            key=str(whose.get("view")),
            view_id=str(view["id"]),
            link=f"{self._transport.root}/dashboard/#/nc/{page}/{uuid}" if uuid else "",
            password=str(view.get("password") or ""),
            wish=str(whose.get("wish")),
        )


def _wish(build: Build) -> str:
    """Return a digest of everything the view is built from, texts of options and the person's account included."""
    return digest([build.kind, build.head(), build.filters(), build.sorts(), build.columns()])
