"""Tickets, applications and login tokens of the planes beside v1: whom they act for, where, with what right, how long.

A ticket acts as an application installed in workspaces; a login token acts as one person, whose admin right is looked
at. Only hashes are stored. Source: schema-plane.md §2, §15.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import AccessRefusedError, GoneError

Sort = Literal["ticket", "login", "application"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A known ticket or login token.

    Attributes:
        credential_id: Our number of it.
        sort: Which of the two.
        user_id: The person, or None for an application.
        company: Hash of the company header that goes with a login token.
        rights: Workspace it reaches → whether it may change what the workspace is made of.
    """

    credential_id: int
    sort: Sort
    user_id: int | None
    company: str
    rights: Mapping[int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A new credential as text; nowhere kept."""

    credential_id: int
    text: str
    company: str


class Credentials:
    """Mints, recognises and changes credentials."""

    def __init__(self, store: Store, ids: Ids, moments: Moments) -> None:
        """Take the store, the source of new texts, and the clock that ends them."""
        self._store = store
        self._ids = ids
        self._moments = moments

    def mint(self, sort: Sort, *, user_id: int | None, rights: Mapping[int, bool], lives_s: int) -> Minted:
        """Make a credential that lives so many seconds of the world's clock."""
        text, company = self._ids.new_key(), self._ids.new_key()
        credential_id = self._ids.next("credential")
        ends_s = int(self._moments.now().timestamp()) + lives_s
        row = (credential_id, sort, hash_of(text), user_id, hash_of(company), ends_s)
        self._store.run("INSERT INTO credentials VALUES (?, ?, ?, ?, ?, ?)", *row)
        for space_id, may_build in rights.items():
            self._store.run("INSERT INTO rights VALUES (?, ?, ?)", credential_id, space_id, may_build)
        return Minted(credential_id=credential_id, text=text, company=company)

    def recognise(self, text: str, *, sort: Sort) -> Credential:
        """Return the credential of a text; AccessRefusedError when nobody minted it, or it has ended."""
        row = self._store.row(
            "SELECT credential_id, user_id, company, ends_s FROM credentials WHERE sha256 = ? AND sort = ?",
            hash_of(text),
            sort,
        )
        if row is None or int(self._moments.now().timestamp()) >= row[3]:
            raise AccessRefusedError
        rights = self._store.rows("SELECT space_id, may_build FROM rights WHERE credential_id = ?", row[0])
        return Credential(
            credential_id=row[0],
            sort=sort,
            user_id=row[1],
            company=row[2],
            rights={space_id: bool(may_build) for space_id, may_build in rights},
        )

    def set_right(self, text: str, *, space_id: int, may_build: bool | None) -> None:
        """Give or take the right to build in a workspace; None takes the workspace away altogether."""
        found = self._store.value("SELECT credential_id FROM credentials WHERE sha256 = ?", hash_of(text))
        if found is None:
            raise GoneError
        self._store.run("DELETE FROM rights WHERE credential_id = ? AND space_id = ?", found, space_id)
        if may_build is not None:
            self._store.run("INSERT INTO rights VALUES (?, ?, ?)", found, space_id, may_build)

    def end(self, text: str) -> None:
        """End a credential at once."""
        self._store.run("UPDATE credentials SET ends_s = 0 WHERE sha256 = ?", hash_of(text))


def hash_of(text: str) -> str:
    """Return what is stored of a secret text."""
    return hashlib.sha256(text.encode()).hexdigest()
