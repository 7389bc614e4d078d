"""NocoDB's own web pages with our app in them, in a real browser: kanbans, one person's grid, the customers' form.

With HUOBAN_PERF_PICTURES the pages are also kept as pictures in that folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.personal import StandingView
from huoban_perf.core.schema import Writer
from huoban_perf.demo.seeding import remove_company, seeded_rows
from tests.flow.nocodb_company import CYCLE, Company, chromium, page_of, unlock
from tests.flow.test_nocodb import kept_in

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def picture(name: str) -> Path | None:
    folder = os.environ.get("HUOBAN_PERF_PICTURES")
    return Path(folder) / f"nocodb-{name}.png" if folder else None


def shown_rows(page: Page, view: StandingView, *, part: str) -> list[dict[str, object]]:
    """Open a person's view; return the rows that its page was sent."""
    with page.expect_response(lambda answer: "/shared-view/" in answer.url and part in answer.url) as sent:
        unlock(page, view)
    said = sent.value.json()
    return list(said["list"]) if isinstance(said, dict) else [row for stack in said for row in stack["value"]["list"]]


def test_a_kanban_shows_its_stacks_with_their_cards(nocodb_company: Company, browser: Browser) -> None:
    company = nocodb_company
    submitted = [row for row in company.rows("review_task").values() if row["status"] == "submitted"]
    with page_of(browser, picture("kanban")) as page:
        page.goto(company.link("view:review_task.board", kind="kanban"))
        for key in ("to_review", "submitted", "declined"):
            expect(page.get_by_text(company.text(f"option:review_task.status.{key}"), exact=True).first).to_be_visible()
        expect(page.get_by_text(str(submitted[0]["name"]), exact=True).first).to_be_visible()
        expect(page.get_by_text(f"/{len(submitted)} record")).to_be_visible()


def test_a_superiors_kanban_shows_their_team_by_status_and_nobody_elses(
    nocodb_company: Company, browser: Browser
) -> None:
    company = nocodb_company
    first = company.share()
    boards = {one.person: one for one in first.made}
    assert len(boards) == len(first.names.keys() & boards.keys()) > 1
    teams = {person: company.team(person) for person in boards}
    large = max(teams, key=lambda person: len(teams[person]))
    other = next(person for person in boards if person != large and teams[person])
    status = company.text("option:appraisal.status.awaiting_confirmation")
    for person, stranger in ((large, other), (other, large)):
        with page_of(browser, picture(f"team-{'a' if person == large else 'b'}")) as page:
            rows = shown_rows(page, boards[person], part="/group/")
            assert {str(row["标题"]) for row in rows} == teams[person]
            assert {str(row["状态"]) for row in rows} == {status}
            for title in teams[person]:
                expect(page.get_by_text(title, exact=True).first).to_be_attached()
            assert not [title for title in teams[stranger] if page.get_by_text(title, exact=True).count()]
            page.get_by_text(min(teams[person]), exact=True).first.scroll_into_view_if_needed()
    again = company.share()
    assert (again.made, again.mended, again.dropped) == ((), (), ())
    assert boards[large].password not in kept_in(company.home)


def test_links_and_passwords_are_shown_when_asked_for(
    nocodb_company: Company, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nocodb_company.settle_in(monkeypatch)
    boards = nocodb_company.share().kept
    assert run(["nocodb", "share"]) is Exit.DONE
    said = capsys.readouterr().out
    assert f"{len(boards)} 个都已如此" in said
    assert not [one for one in boards if one.password in said or one.link in said]
    assert run(["nocodb", "share", "--demo", "--links"]) is Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    for one in boards:
        place = lines.index(f"  {one.link}")
        assert lines[place - 1].startswith(f"{one.person} ")
        assert lines[place + 1] == f"  密码 {one.password}"


def test_an_employee_sees_their_own_results_and_no_others(nocodb_company: Company, browser: Browser) -> None:
    company = nocodb_company
    ranked = company.report.ranking[0]
    (own,) = company.share(ranked.number, view="appraisal.my_results").made
    with page_of(browser, picture("own-results")) as page:
        rows = shown_rows(page, own, part="/rows")
        page.wait_for_timeout(2_000)  # the grid is drawn on a canvas: nothing in the page says when it is done
    mine = [str(row["标题"]) for row in rows]
    assert mine
    assert all(title.startswith(ranked.name) for title in mine)
    released = next(row for row in rows if CYCLE in str(row["标题"]))
    assert (str(released["公布得分"]), released["公布等级"]) == (f"{ranked.score.normalize():f}", ranked.grade)
    table = company.app.schema.table("appraisal")
    assert not {table.field(key).labels.zh for key in ("p_mgr", "hr_action", "natural_key")} & set(rows[0])


def test_a_grid_shows_its_filtered_rows_and_columns_only(nocodb_company: Company, browser: Browser) -> None:
    company = nocodb_company
    view = next(one for one in company.wish.schema.views if str(one.address) == "view:survey.adopted")
    table = company.app.schema.table("survey")
    with page_of(browser, picture("grid")) as page:
        with page.expect_response(lambda answer: "/shared-view/" in answer.url and "/rows" in answer.url) as sent:
            page.goto(company.link(str(view.address), kind="view"))
        shown = sent.value.json()["list"]
        page.wait_for_timeout(2_000)  # the grid is drawn on a canvas: nothing in the page says when it is done
    every = company.rows("survey")
    wanted = {id_ for id_, row in every.items() if row["status"] in {"adopted", "done"}}
    assert 0 < len(wanted) < len(every)
    said = table.field("suggestion").labels.zh
    assert sorted(row[said] for row in shown) == sorted(str(every[id_]["suggestion"]) for id_ in wanted)
    shown_labels = {table.field(field.key).labels.zh for field in view.fields}
    hidden = {one.labels.zh for one in table.fields} - shown_labels - {table.field(table.title).labels.zh}
    assert all(not hidden & set(row) for row in shown)


def test_a_customer_fills_in_the_form_and_the_next_job_scores_it(
    nocodb_company: Company, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = nocodb_company
    company.settle_in(monkeypatch)
    for id_, row in company.rows("cycle").items():
        if row["name"] == CYCLE:  # the demo has released it; customers answer before that
            company.change("cycle", id_, status="reviewing")
    answer = company.app.schema.table("external_review")
    asked = [one for one in answer.fields if one.options and one.writer is Writer.PEOPLE]
    task_id, task = next(
        (id_, row)
        for id_, row in company.rows("review_task").items()
        if row["relation"] == "customer" and CYCLE in str(row["natural_key"]) and row[asked[0].address.key] == "g4"
    )
    company.change("review_task", task_id, status="to_review", **{one.address.key: None for one in asked})
    score = ["job", "run", "score", "--cycle", CYCLE, "--yes", "--allow-large-change", "-o", "json"]
    assert run(score) is Exit.DONE
    before = company.rows("score_result")
    form = next(one for one in company.wish.schema.forms if one.public and one.address.table.key == "external_review")
    answers = {one.address.key: one.options[-1 if one.options[-1].points else 0] for one in asked}
    with page_of(browser, picture("form-sent")) as page:
        page.goto(company.link(str(form.address), kind="form"))
        expect(page.get_by_text(form.labels.zh, exact=True)).to_be_visible()
        code = answer.field("invite_code")
        page.get_by_test_id(f"nc-form-input-cell-{code.labels.zh}").locator("input").fill(str(task["invite_code"]))
        for question in asked:
            page.get_by_test_id(f"nc-form-input-cell-{question.labels.zh}").click()
            offered = page.locator(".ant-select-dropdown:visible .ant-select-item-option")
            offered.filter(has_text=answers[question.address.key].labels.zh).click()
        filled = picture("form")
        if filled is not None:
            page.screenshot(path=filled)
        page.get_by_test_id("shared-form-submit-button").click()
        assert form.thanks is not None
        expect(page.get_by_text(form.thanks.zh)).to_be_visible()
    assert run(["job", "run", "match-external", "--cycle", CYCLE, "--yes", "-o", "json"]) is Exit.DONE
    stands = company.rows("review_task")[task_id]
    assert stands["status"] == "submitted"
    assert {key: stands[key] for key in answers} == {key: one.address.key for key, one in answers.items()}
    assert [row["match_status"] for row in company.rows("external_review").values()] == ["matched"]
    assert run(score) is Exit.DONE
    changed = [row for id_, row in company.rows("score_result").items() if row != before[id_]]
    assert task["appraisal"] in [row["appraisal"] for row in changed]


def test_who_leads_nobody_any_more_loses_the_kanban_and_its_link(nocodb_company: Company) -> None:
    company = nocodb_company
    boards = {one.person: one for one in company.share().kept if one.key == "appraisal.team"}
    employees = company.rows("employee")
    number = {id_: str(row["emp_no"]) for id_, row in employees.items()}
    gone = max(boards)  # the lowest in rank: hired last
    for id_, row in employees.items():
        if [number[one] for one in row["manager"] or ()] == [gone]:  # type: ignore[union-attr]
            company.change("employee", id_, manager=next((one,) for one in number if number[one] == min(boards)))
    done = company.share()
    assert [(one.person, one.key) for one in done.dropped] == [(gone, "appraisal.team")]
    uuid = boards[gone].link.rsplit("/", maxsplit=1)[-1]
    url = f"{company.server.url}/api/v2/public/shared-view/{uuid}/meta"
    assert requests.get(url, headers={"xc-password": boards[gone].password}, timeout=30).status_code == 404
    company.share(remove=True)
    assert company.share(remove=True).dropped == ()


def test_the_company_goes_out_again_whole(nocodb_company: Company) -> None:
    assert sum(len(rows) for rows in seeded_rows(nocodb_company.app).values()) > 400
    remove_company(nocodb_company.app, apply=True)
    assert seeded_rows(nocodb_company.app) == {}
    assert nocodb_company.rows("appraisal") == {}
