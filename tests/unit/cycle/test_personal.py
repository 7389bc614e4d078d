"""Who gets a view of their own: superiors by the organisation, others when asked for, and nobody longer than that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from huoban_perf.core.addresses import Bindings, RemoteId
from huoban_perf.core.errors import CycleError
from huoban_perf.core.labels import Locale
from huoban_perf.core.personal import PersonalView, StandingView
from huoban_perf.cycle.personal import TEAM_BOARD, Arranged, Asked, arrange_personal
from huoban_perf.sync.app import DeployedApp
from tests.unit.cycle.company import Firm

OWN = "appraisal.my_results"


@dataclass
class Board:
    """A platform's personal views, in memory."""

    views: list[StandingView] = field(default_factory=list)
    writes: int = 0

    def standing(self, *, table_id: str) -> tuple[StandingView, ...]:
        return tuple(one for one in self.views if one.key.split(".")[0] == table_id)

    def is_current(self, standing: StandingView, wanted: PersonalView, *, bindings: Bindings, locale: Locale) -> bool:
        return standing.wish == self._wish(wanted)

    def put(
        self,
        wanted: PersonalView,
        *,
        standing: StandingView | None,
        bindings: Bindings,
        locale: Locale,
        password: str | None,
    ) -> StandingView:
        self.writes += 1
        made = StandingView(
            person=wanted.person,
            key=wanted.key,
            view_id=str(self.writes),
            link=f"https://{self.writes}",
            password=password or f"secret-{self.writes}",
            wish=self._wish(wanted),
        )
        self.views = [one for one in self.views if one is not standing] + [made]
        return made

    def drop(self, standing: StandingView) -> None:
        self.writes += 1
        self.views.remove(standing)

    def _wish(self, wanted: PersonalView) -> str:
        return repr((wanted.view.rows, wanted.view.labels))


def deployed(company: Firm) -> DeployedApp:
    app = company.app
    return replace(app, bindings=Bindings({table.address: RemoteId(table.key) for table in app.schema.tables}))


def arrange(company: Firm, board: Board, *people: str, view: str = "", remove: bool = False) -> Arranged:
    asked = Asked(people=people, views=(view,) if view else (), remove=remove)
    return arrange_personal(deployed(company), board, asked, locale="zh", apply=True)


def leaders(company: Firm) -> set[str]:
    rows = company.memory.items["employee"]
    named = {row["manager"][0] for _, row in rows.values() if row.get("manager")}  # type: ignore[index]
    return {str(row["emp_no"]) for item, (_, row) in rows.items() if item in named}


def test_every_superior_gets_the_kanban_once_and_a_second_run_writes_nothing(company: Firm) -> None:
    board = Board()
    first = arrange(company, board)
    assert {one.person for one in first.made} == leaders(company)
    assert {one.key for one in first.made} == {TEAM_BOARD}
    assert len({one.password for one in first.made}) == len(first.made)
    before = board.writes
    again = arrange(company, board)
    assert (len(again.kept), board.writes) == (len(first.made), before)


def test_a_preview_writes_nothing_and_counts_the_same(company: Firm) -> None:
    board = Board()
    seen = arrange_personal(deployed(company), board, Asked(), locale="zh", apply=False)
    assert {one.person for one in seen.made} == leaders(company)
    assert {one.link for one in seen.made} == {""}
    assert board.writes == 0


def test_rows_are_about_that_persons_account_and_one_password_opens_all_of_theirs(company: Firm) -> None:
    board = Board()
    person = min(leaders(company))
    (team,) = arrange(company, board, person).made
    (own,) = arrange(company, board, person, view=OWN).made
    assert own.password == team.password
    assert f"('u{person}',)" in team.wish
    assert f"{person}" in own.wish


def test_who_leads_nobody_or_left_loses_theirs(company: Firm) -> None:
    board = Board()
    arrange(company, board)
    top, lead = min(leaders(company)), max(leaders(company))
    staff = {str(row["emp_no"]): item for item, (_, row) in company.memory.items["employee"].items()}
    for number, row in company.rows("employee").items():
        if row.get("manager") == (staff[lead],):
            company.set("employee", number, manager=(staff[top],))
    arrange(company, board, lead, view=OWN)
    done = arrange(company, board)
    assert done.dropped == ()
    assert not [one for one in board.views if (one.person, one.key) == (lead, TEAM_BOARD)]
    company.set("employee", lead, employment_status="left")
    assert [(one.person, one.key) for one in arrange(company, board).dropped] == [(lead, OWN)]


def test_a_new_account_mends_the_view_and_none_takes_it_away(company: Firm) -> None:
    board = Board()
    person = min(leaders(company))
    (before,) = arrange(company, board, person).made
    company.set("employee", person, account=("u-new",))
    (mended,) = arrange(company, board, person).mended
    assert "('u-new',)" in mended.wish
    assert mended.password == before.password
    company.set("employee", person, account=())
    done = arrange(company, board, person)
    assert (done.without_account, [one.person for one in done.dropped]) == ((person,), [person])


def test_a_second_of_the_same_goes(company: Firm) -> None:
    board = Board()
    person = min(leaders(company))
    (made,) = arrange(company, board, person).made
    board.views.append(replace(made, view_id="twin"))
    assert [one.view_id for one in arrange(company, board, person).dropped] == ["twin"]


def test_all_of_a_person_or_of_everybody_are_taken_away(company: Firm) -> None:
    board = Board()
    arrange(company, board)
    person = min(leaders(company))
    assert {one.person for one in arrange(company, board, person, remove=True).dropped} == {person}
    arrange(company, board, remove=True)
    assert board.views == []


@pytest.mark.parametrize(
    ("people", "view", "code"),
    [
        ((), "appraisal.nothing", "personal.no_view"),
        ((), "review_task.board", "personal.no_view"),
        (("E999",), "", "personal.no_person"),
        (("E060",), "", "personal.no_team"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    company: Firm, people: tuple[str, ...], view: str, code: str
) -> None:
    board = Board()
    with pytest.raises(CycleError) as caught:
        arrange(company, board, *people, view=view)
    assert (caught.value.code, board.writes) == (code, 0)
