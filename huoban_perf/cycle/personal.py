"""Who gets a view of their own where the platform has no filter by reader: superiors their team's, a person theirs.

A view for superiors is kept while its person leads somebody, any other while they work here; then it goes, and its link
with it. Nothing is remembered beside the platform, so that a run may be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from huoban_perf.core.addresses import MemberId
from huoban_perf.core.errors import CycleError
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.personal import PersonalSink, PersonalView, StandingView, view_key
from huoban_perf.core.rules import Me, for_person, tests_of
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book, Row

TEAM_BOARD = "appraisal.team"
"""The kanban every superior gets unless another view is asked for."""

_LEFT = "left"
_MANAGER = "manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for.

    Attributes:
        people: Staff numbers; empty means every superior.
        views: ``table.view``, each of one whose rows turn on its reader.
        remove: Take them away instead; without people from everybody, without views all of them.
    """

    people: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    remove: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What was done, or would be.

    Attributes:
        made: New ones; before writing with an empty link.
        mended: Those that stood otherwise than wanted.
        kept: Those that stand as wanted.
        dropped: Those taken away.
        without_account: Staff numbers of people a view cannot be made for.
        names: Staff number → name, of everybody above.
        titles: ``table.view`` → its name.
    """

    made: tuple[StandingView, ...]
    mended: tuple[StandingView, ...]
    kept: tuple[StandingView, ...]
    dropped: tuple[StandingView, ...]
    without_account: tuple[str, ...]
    names: dict[str, str]
    titles: dict[str, Labels]


def personal_views(app: DeployedApp) -> dict[str, ViewSpec]:
    """Return the declared views whose rows turn on their reader: ``table.view`` → view."""
    return {
        view_key(view): view
        for view in app.schema.views
        if any(isinstance(test.operand, Me) for test in tests_of(view.rows))
    }


def arrange_personal(app: DeployedApp, sink: PersonalSink, asked: Asked, *, locale: Locale, apply: bool) -> Arranged:
    """Bring the views of people to what is asked and what the organisation is now.

    Args:
        app: The deployed app.
        sink: The platform.
        asked: Whose and which.
        locale: Language of their texts.
        apply: Do it; otherwise only look.

    Returns:
        What was done, or would be; passwords of links in it are secrets.

    Raises:
        CycleError: A view or person is unknown, or leads nobody.
        UnsupportedChangeError: The platform has no words for a view's rows.
    """
    return _Office(app, sink, locale=locale).arrange(asked, apply=apply)


class _Office:
    """The organisation as read, and what stands on the platform."""

    def __init__(self, app: DeployedApp, sink: PersonalSink, *, locale: Locale) -> None:
        self._app, self._sink, self._locale = app, sink, locale
        self._specs = personal_views(app)
        here = [row for row in Book(app).all("employee") if row.key and row.text("employment_status") != _LEFT]
        self._people: dict[str, Row] = {row.key: row for row in here}
        managers = (row.related("manager") for row in here)
        self._leaders = {manager.key for manager in managers if manager is not None} & self._people.keys()

    def arrange(self, asked: Asked, *, apply: bool) -> Arranged:
        self._check(asked)
        standing = list(self._standing())
        wanted = {} if asked.remove else self._asked(asked)
        gone = [one for one in standing if self._goes(one, asked)]
        first = {(one.person, one.key): one.view_id for one in reversed(standing)}  # two runs at once made a second
        gone += [one for one in standing if one not in gone and first[one.person, one.key] != one.view_id]
        for one in standing:
            if one not in gone:
                wanted.setdefault((one.person, one.key), None)
        without = tuple(sorted({person for person, _ in wanted if not self._account(person)}))
        gone += [one for one in standing if one not in gone and one.person in without]
        done = self._put(wanted, [one for one in standing if one not in gone], without, apply=apply)
        if apply:
            for one in gone:
                self._sink.drop(one)
        return replace(done, dropped=tuple(gone))

    def _put(
        self,
        wanted: dict[tuple[str, str], None],
        standing: list[StandingView],
        without: tuple[str, ...],
        *,
        apply: bool,
    ) -> Arranged:
        by_key = {(one.person, one.key): one for one in standing}
        secrets = {one.person: one.password for one in standing if one.password}
        lists: dict[str, list[StandingView]] = {"made": [], "mended": [], "kept": []}
        for person, key in sorted(wanted):
            if person in without:
                continue
            view = self._personal(person, key)
            found = by_key.get((person, key))
            bindings = self._app.bindings
            if found is not None and self._sink.is_current(found, view, bindings=bindings, locale=self._locale):
                lists["kept"].append(found)
                continue
            kind = "made" if found is None else "mended"
            result = found or StandingView(person=person, key=key, view_id="", link="", password="", wish="")
            if apply:
                result = self._sink.put(
                    view, standing=found, bindings=bindings, locale=self._locale, password=secrets.get(person)
                )
                secrets[person] = result.password
            lists[kind].append(result)
        return Arranged(
            **{kind: tuple(views) for kind, views in lists.items()},
            dropped=(),
            without_account=without,
            names={number: row.text("name") for number, row in self._people.items()},
            titles={key: view.labels for key, view in self._specs.items()},
        )

    def _standing(self) -> Iterator[StandingView]:
        tables = dict.fromkeys(view.address.table for view in self._specs.values())
        for table in tables:
            if table in self._app.bindings:
                yield from self._sink.standing(table_id=str(self._app.bindings[table]))

    def _asked(self, asked: Asked) -> dict[tuple[str, str], None]:
        views = asked.views or (TEAM_BOARD,)
        people = asked.people or tuple(self._leaders)
        return {(person, view): None for person in people for view in views}

    def _goes(self, one: StandingView, asked: Asked) -> bool:
        if asked.remove and one.person in (asked.people or (one.person,)) and one.key in (asked.views or (one.key,)):
            return True
        view = self._specs.get(one.key)
        return view is None or one.person not in (self._leaders if self._is_for_leaders(view) else self._people)

    def _is_for_leaders(self, view: ViewSpec) -> bool:
        return view.roles == (_MANAGER,)

    def _check(self, asked: Asked) -> None:
        for view in asked.views or (() if asked.remove else (TEAM_BOARD,)):
            if view not in self._specs:
                raise CycleError("personal.no_view", facts={"view": view, "known": tuple(sorted(self._specs))})
            alone = [one for one in asked.people if one in self._people and one not in self._leaders]
            if alone and not asked.remove and self._is_for_leaders(self._specs[view]):
                title = self._specs[view].labels.zh
                raise CycleError("personal.no_team", facts={"people": tuple(alone), "view": title})
        unknown = [one for one in asked.people if one not in self._people]
        if unknown and not asked.remove:
            raise CycleError("personal.no_person", facts={"people": tuple(unknown)})

    def _account(self, person: str) -> str:
        return self._people[person].member("account")

    def _personal(self, person: str, key: str) -> PersonalView:
        view, whose = self._specs[key], f"{self._people[person].text('name')} {person}"
        labels = Labels(zh=f"{view.labels.zh} · {whose}", en=f"{view.labels.in_locale('en')} · {whose}")
        rows = for_person(view.rows, MemberId(self._account(person)))
        return PersonalView(person=person, view=replace(view, rows=rows, labels=labels))
