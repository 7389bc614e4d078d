"""What a request asks, read from its address and form; and the page that refuses it."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import PurePosixPath

from flask import Response, make_response, render_template, request

from huoban_perf.sandbox.web.answers import Answer, Sent
from huoban_perf.sandbox.web.grids import Asked as Part
from huoban_perf.sandbox.web.writing import Pen

_SAID = {
    404: ("没有这一页", "它不存在, 或者您无权查看."),
    403: ("不能这样做", "您没有这项权限, 或者页面已经过期; 请回到首页重新打开."),
    405: ("不能这样打开", "请从页面上的按钮进入."),
    413: ("内容太多", "一次最多提交 1 MB."),
    400: ("看不懂这个请求", "请回到首页重新打开."),
}


def sorry(status: int) -> Response:
    """Return the page that says why something is not shown or not done."""
    title, text = _SAID.get(status, _SAID[400])
    return make_response(render_template("web/sorry.html", title=title, text=text), status)


def answer_of(pen: Pen) -> Answer:
    """Read the posted form; its files are kept by whoever writes."""
    files = {
        name: [Sent(PurePosixPath((one.filename or "").replace("\\", "/")).name[-200:], one.read()) for one in found]
        for name, found in ((name, [one for one in found if one.filename]) for name, found in request.files.lists())
    }
    return Answer(dict(request.form.lists()), files, pen.keep)


def part_asked() -> Part:
    """Read which part of a view is asked for; what makes no sense is as if it were not there."""
    month = None
    with contextlib.suppress(ValueError):
        month = date.fromisoformat(f"{request.args.get('month', '')}-01")
    page = request.args.get("page", 1, type=int)
    return Part(page=max(1, min(page, 10**6)), search=request.args.get("q", "").strip()[:50], month=month)
