"""Addresses of the site. What a page holds is made in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import (
    Blueprint,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from huoban_perf.core.schema.automations import OpenPage
from huoban_perf.core.schema.roles import Right
from huoban_perf.sandbox.web import guard
from huoban_perf.sandbox.web.asking import answer_of, part_asked, sorry
from huoban_perf.sandbox.web.charts import open_page
from huoban_perf.sandbox.web.grids import open_view
from huoban_perf.sandbox.web.people import people_of
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.records import button, open_record, opened_by
from huoban_perf.sandbox.web.site import Asked, Picked, ProblemsError, ReasonMissingError, Site, own_view
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.refusals import GoneError, RefusalError
from huoban_perf.sandbox.world.rows import API_USER

_GONE, _REFUSED, _WRONG = 404, 403, 422
_REASON_MOST = 500


def web_face(site: Site, *, hosts: frozenset[str] | None = None) -> Blueprint:
    """Return the pages.

    Args:
        site: What they do.
        hosts: Names by which the site may be called; None for any.
    """
    face = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    face.before_request(lambda: guard.check(hosts))
    face.after_request(guard.harden)
    face.app_template_global("token")(guard.token)
    pages = _Pages(site)
    for rule, handler, methods in pages.routes():
        face.add_url_rule(rule, endpoint=handler.__name__.strip("_"), view_func=handler, methods=methods)
    face.register_error_handler(RefusalError, pages.refused)
    face.register_error_handler(HTTPException, pages.stopped)
    return face


Handler = Callable[..., AnyResponse | str]


class _Pages:
    """One method an address."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[tuple[str, Handler, list[str]]]:
        get, both, post = ["GET"], ["GET", "POST"], ["POST"]
        return [
            ("/", self.choose, get),
            ("/enter", self.enter, post),
            ("/leave", self.leave, post),
            ("/home", self.home, get),
            ("/page/<int:number>", self.page, get),
            ("/t/<int:number>", self.table, get),
            ("/v/<int:number>", self.view, get),
            ("/r/<int:number>", self.record, get),
            ("/r/<int:number>/edit", self.edit, both),
            ("/r/<int:number>/fill/<int:form>", self.edit, both),
            ("/r/<int:number>/act", self.act, post),
            ("/r/<int:number>/press/<int:by>", self.press, post),
            ("/r/<int:number>/delete", self.delete, post),
            ("/f/<int:form>", self.form, get),
            ("/file/<int:number>", self.file, get),
            ("/new/<int:number>", self.new, both),
            ("/p/<int:number>", self.public, both),
        ]

    # --- who ---------------------------------------------------------------------------------------------------

    def choose(self) -> AnyResponse | str:
        """Choose a person."""
        world = self._site.world
        search = request.args.get("q", "").strip()[:50]
        with world.control():
            spaces = world.definitions.spaces()
            filled = [entry for entry in spaces if world.definitions.members(entry[0])] or spaces
            space_id = request.args.get("space", type=int) or (filled[0][0] if filled else 0)
            if space_id not in dict(spaces):
                return render_template("web/empty.html", spaces=spaces)
            catalog = self._site.catalog(space_id)
            people, count = people_of(world, catalog, search=search)
            return render_template(
                "web/choose.html",
                spaces=spaces,
                space_id=space_id,
                space=dict(spaces)[space_id],
                people=people,
                count=count,
                search=search,
                tables=len(catalog.tables),
            )

    def enter(self) -> AnyResponse:
        """Go in as a person."""
        user, space = request.form.get("user", type=int), request.form.get("space", type=int)
        if user is None or space is None or user == API_USER:
            raise GoneError
        with self._site.seen_by(user, space):
            session["user"], session["space"] = user, space
        return redirect("/home", 303)

    def leave(self) -> AnyResponse:
        """Go out again."""
        session.clear()
        return redirect("/", 303)

    @staticmethod
    def _who() -> tuple[int, int]:
        if "user" not in session:
            raise NobodyError
        return int(session["user"]), int(session["space"])

    def _shown(self, template: str, person: Person, **more: Any) -> str:
        tables = person.catalog.grouped(person.tables)
        nav = [(heading, [(table, person.views(table)) for table in found]) for heading, found in tables]
        space = person.world.definitions.space_name(person.catalog.space_id)
        own = {"person": person, "nav": nav, "space": space, "messages": get_flashed_messages()}
        return render_template(f"web/{template}", **own, **more)

    # --- looking -----------------------------------------------------------------------------------------------

    def home(self) -> AnyResponse | str:
        """Show what a person starts from: the first page, else the first table."""
        with self._site.seen_by(*self._who()) as person:
            if person.pages:
                return redirect(f"/page/{person.pages[0].number}", 303)
            if person.tables:
                return redirect(f"/t/{person.tables[0].table_id}", 303)
            return self._shown("nothing.html", person)

    def page(self, number: int) -> AnyResponse | str:
        """Show a page."""
        with self._site.seen_by(*self._who()) as person:
            kept, page = person.page(number)
            return self._shown("page.html", person, here=kept, blocks=open_page(person, page))

    def table(self, number: int) -> AnyResponse | str:
        """Show a table: its first view, else all that the person sees of it."""
        with self._site.seen_by(*self._who()) as person:
            table = person.table(number)
            views = person.views(table)
            if views:
                return redirect(f"/v/{views[0].number}", 303)
            grid = open_view(person, own_view(person, table), table, part_asked())
            return self._list(person, table, grid=grid, here=None, view=None)

    def view(self, number: int) -> AnyResponse | str:
        """Show a view."""
        with self._site.seen_by(*self._who()) as person:
            kept, view, table = person.view(number)
            grid = open_view(person, view, table, part_asked())
            return self._list(person, table, grid=grid, here=kept, view=view)

    def _list(self, person: Person, table: TableDef, **more: Any) -> str:
        may_create = person.may(Right.CREATE, table)
        forms = [kept for kept, _ in person.forms(table, creating=True)] if may_create else []
        shared = [
            kept for kept in person.catalog.forms.get(table.table_id, []) if getattr(kept.declared, "public", False)
        ]
        views = person.views(table)
        base = request.path
        return self._shown(
            "view.html",
            person,
            table=table,
            views=views,
            forms=forms,
            may_create=may_create,
            shared=shared,
            base=base,
            **more,
        )

    def record(self, number: int) -> AnyResponse | str:
        """Show an item."""
        with self._site.seen_by(*self._who()) as person:
            detail = open_record(person, person.row(number), self._site.behaviour)
            return self._shown("record.html", person, detail=detail, table=detail.table, here=None)

    def file(self, number: int) -> AnyResponse:
        """Hand out a file that the person may know of, to be saved and never shown by the browser."""
        with self._site.seen_by(*self._who()) as person:
            name, content = self._site.file(person, number)
        answer = make_response(content)
        answer.headers["Content-Type"] = "application/octet-stream"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    # --- filling in --------------------------------------------------------------------------------------------

    def _sheet(self, person: Person, asked: Asked, *, said: str = "", status: int = 200) -> AnyResponse:
        sheet = asked.sheet
        more = {"actions": asked.actions, "said": said, "here": None, "at": request.full_path}
        return make_response(self._shown("sheet.html", person, sheet=sheet, table=sheet.table, **more), status)

    def edit(self, number: int, form: int | None = None) -> AnyResponse | str:
        """Change an item: every field, or the questions of a form."""

        def asked_of(person: Person) -> Asked:
            row = person.row(number)
            return self._site.editing(person, row) if form is None else self._site.filling(person, row, form=form)

        if request.method == "GET":
            with self._site.seen_by(*self._who()) as person:
                return self._sheet(person, asked_of(person))
        try:
            with self._site.written_by(*self._who()) as (person, pen):
                asked = asked_of(person)
                self._site.change(pen, person, asked, answer_of(pen), seen=request.form.get("seen", ""))
                if choice := request.form.get("do"):
                    self._site.act(pen, person, person.row(number), picked=Picked(choice=choice, reason=""))
        except ProblemsError as error:
            return self._again(error, asked_of)
        self._settle(asked.sheet.table, number)
        flash(asked.sheet.thanks or "已保存")
        return self._back_to(number)

    def _again(self, error: ProblemsError, asked_of: Callable[[Person], Asked]) -> AnyResponse:
        """Show a sheet once more, with what the person wrote and what is wrong with it."""
        with self._site.seen_by(*self._who()) as person:
            asked = replace(asked_of(person), sheet=error.sheet)
            return self._sheet(person, asked, said=error.said, status=_WRONG)

    def _settle(self, table: TableDef, number: int) -> None:
        """Let automations follow a write, outside its call: they write as everybody else does."""
        self._site.behaviour.settle(table=table.alias, item=str(number))

    def _back_to(self, number: int) -> AnyResponse:
        """Show an item after a write, or the start when the person no longer sees it."""
        with self._site.seen_by(*self._who()) as person:
            try:
                person.row(number)
            except GoneError:
                flash("已经写入; 这条数据现在不在您能看到的范围里")
                return redirect("/home", 303)
        return redirect(f"/r/{number}", 303)

    def form(self, form: int) -> AnyResponse:
        """Open a form that makes an item."""
        with self._site.seen_by(*self._who()) as person:
            kept = person.catalog.kept.get(form)
            if kept is None:
                raise GoneError
            return redirect(f"/new/{person.table(kept.place).table_id}?form={form}", 303)

    def new(self, number: int) -> AnyResponse | str:
        """Make an item."""

        def asked_of(person: Person) -> Asked:
            table = person.table(number)
            start: dict[str, Any] = {}
            by, item = request.args.get("by", type=int), request.args.get("item", type=int)
            if by is not None and item is not None:
                table, start = self._site.started(person, by=by, item=item)
            return self._site.creating(person, table, form=request.args.get("form", type=int), start=start)

        if request.method == "GET":
            with self._site.seen_by(*self._who()) as person:
                return self._sheet(person, asked_of(person))
        try:
            with self._site.written_by(*self._who()) as (person, pen):
                asked = asked_of(person)
                made = self._site.create(pen, person, asked, answer_of(pen))
        except ProblemsError as error:
            return self._again(error, asked_of)
        self._settle(asked.sheet.table, made)
        flash(asked.sheet.thanks or "已提交")
        return self._back_to(made)

    def public(self, number: int) -> AnyResponse | str:
        """A form that is answered through a link, without an account."""
        who = API_USER, self._site.public_space(number)
        code = request.args.get("code", "")[:100]
        if request.method == "GET":
            with self._site.seen_by(*who) as stranger:
                return render_template("web/public.html", sheet=self._site.public(stranger, number, token=code).sheet)
        try:
            with self._site.written_by(*who) as (stranger, pen):
                asked = self._site.public(stranger, number, token=code)
                made = self._site.create(pen, stranger, asked, answer_of(pen))
        except ProblemsError as error:
            page = render_template("web/public.html", sheet=error.sheet, said=error.said)
            return make_response(page, _WRONG)
        self._settle(asked.sheet.table, made)
        return render_template("web/thanks.html", sheet=asked.sheet)

    # --- acting ------------------------------------------------------------------------------------------------

    def act(self, number: int) -> AnyResponse:
        """Take an action on an item."""
        reason = request.form.get("reason", "").strip()[:_REASON_MOST]
        picked = Picked(choice=request.form.get("do", ""), reason=reason)
        try:
            with self._site.written_by(*self._who()) as (person, pen):
                row = person.row(number)
                table = person.table(row.table_id)
                self._site.act(pen, person, row, picked=picked)
        except ReasonMissingError:
            flash("这个操作要写明原因, 请填写操作说明")
            return redirect(f"/r/{number}", 303)
        self._settle(table, number)
        return self._back_to(number)

    def press(self, number: int, by: int) -> AnyResponse:
        """Press a button on an item: its page is opened for making an item, everything else happens at once."""
        user_id, space_id = self._who()
        with self._site.seen_by(user_id, space_id) as person:
            row = person.row(number)
            table = person.table(row.table_id)
            spec = button(person, row, by)
            opened = opened_by(spec, person, row)
        if any(not isinstance(step, OpenPage) for step in spec.steps):
            self._site.behaviour.press(str(spec.address), item=str(number), member=str(user_id))
            self._settle(table, number)
        if opened is not None:
            return redirect(f"/new/{opened[0].table_id}?by={by}&item={number}", 303)
        return self._back_to(number)

    def delete(self, number: int) -> AnyResponse:
        """Remove an item."""
        with self._site.written_by(*self._who()) as (person, pen):
            table = person.table(person.row(number).table_id)
            pen.delete(number)
        self._settle(table, number)
        flash("已删除")
        return redirect(f"/t/{table.table_id}", 303)

    # --- refusing ----------------------------------------------------------------------------------------------

    def refused(self, error: RefusalError) -> AnyResponse:
        """Say that something is not there, or may not be done."""
        if isinstance(error, NobodyError):
            return redirect("/", 303)
        return sorry(_GONE if isinstance(error, GoneError) else _REFUSED)

    def stopped(self, error: HTTPException) -> AnyResponse:
        """Say why a request was stopped."""
        return sorry(error.code or 400)


class NobodyError(RefusalError):
    """Nobody has been chosen yet."""
