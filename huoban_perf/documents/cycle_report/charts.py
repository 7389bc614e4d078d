"""Charts as inline SVG, drawn by Vega-Lite without a browser and without the network; the only user of vl_convert.

Colours are variables of the page's style, so that a chart is right on light, on dark and on paper. All widths are the
same and small enough for a phone; texts stay texts. Vega computes no figure: means, quartiles and shares come in.

Decision: Vega-Lite through vl-convert, because it draws on the server as SVG with real text, gives the same bytes for
the same figures, needs neither script in the page nor numpy, and its charts are data that a test can read; the others
weighed: matplotlib (glyphs as outlines or fonts that must be there), plotly and bokeh (script in the page), pygal (no
intervals).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from huoban_perf.documents.cycle_report.model import Chart

Value = Mapping[str, object]

_WIDTH = 470
_FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
_STEP = 26
_ID = re.compile(r'(?P<before>id="|url\(#|href="#)(?P<id>[^")]+)')
_SIZE = re.compile(r'<svg ([^>]*?)width="(\d+(?:\.\d+)?)" height="(\d+(?:\.\d+)?)"')
_CONFIG: Mapping[str, object] = {
    "font": _FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "mark": {"aria": False},
    "axis": {
        "aria": False,
        "labelColor": "var(--quiet)",
        "titleColor": "var(--quiet)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 130,
    },
    "legend": {
        "aria": False,
        "labelColor": "var(--ink)",
        "titleColor": "var(--quiet)",
        "labelFontSize": 12,
        "orient": "top",
        "title": None,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}
COLOURS = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)")


def draw(chart: Chart, *, name: str, label: str) -> Markup:
    """Draw one chart.

    Args:
        chart: The specification, from a function of this module.
        name: Prefix of the ids inside, unique in the page.
        label: What it shows, for people who do not see it.

    Returns:
        An ``svg`` element that shrinks with the page.
    """
    import vl_convert  # half a second, and only reports draw

    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **chart}
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, ensure_ascii=False, default=str), allowed_base_urls=[])
    ids: dict[str, int] = {}  # Vega counts on from chart to chart; here the same chart always gives the same text
    svg = _ID.sub(lambda found: f"{found['before']}{name}-{ids.setdefault(found['id'], len(ids))}", svg)
    head = rf'<svg \1role="img" aria-label="{escape(label)}" width="\2" height="\3"'
    return Markup(_SIZE.sub(head, svg, count=1))  # noqa: S704 - Vega escapes what it draws


def _frame(values: Sequence[Value], **parts: object) -> Chart:
    fit = {"type": "fit-x", "contains": "padding"}
    return {"data": {"values": list(values)}, "width": _WIDTH, "autosize": fit, **parts}


def _category(field: str, order: Sequence[object]) -> Value:
    return {"field": field, "type": "nominal", "sort": list(order), "title": None, "axis": {"ticks": False}}


def _figure(field: str, title: str, **more: object) -> dict[str, object]:
    return {"field": field, "type": "quantitative", "title": title, **more}


def _colour(field: str, order: Sequence[str], colours: Sequence[str]) -> Value:
    scale = {"domain": list(order), "range": [colours[place % len(colours)] for place in range(len(order))]}
    return {"field": field, "type": "nominal", "scale": scale, "sort": list(order)}


def _whole_numbers(most: float) -> Value:
    return {"format": "d", "tickMinStep": 1, "tickCount": min(max(int(most), 1), 6)}


def bars(values: Sequence[Value], *, title: str, colour: str = COLOURS[0]) -> Chart:
    """Return lying bars with their figures: ``name``, ``count``.

    Args:
        values: One a bar, in order.
        title: What is counted.
        colour: Of the bars.

    Returns:
        The chart.
    """
    order = [value["name"] for value in values]
    most = max((float(str(value["count"])) for value in values), default=1)
    x = _figure("count", title, axis=_whole_numbers(most), scale={"domainMin": 0})
    y = _category("name", order)
    return _frame(
        values,
        height={"step": _STEP},
        encoding={"y": y, "x": x},
        layer=[
            {"mark": {"type": "bar", "color": colour, "cornerRadiusEnd": 3, "height": {"band": 0.7}}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": {"field": "count"}}},
        ],
    )


def grouped(values: Sequence[Value], *, groups: Sequence[str], title: str) -> Chart:
    """Return bars side by side: ``name``, ``group``, ``value``, with a ``label`` each.

    Args:
        values: One a bar.
        groups: The groups in order; one colour each.
        title: What the figure is.

    Returns:
        The chart.
    """
    order = list(dict.fromkeys(value["name"] for value in values))
    offset = {"field": "group", "sort": list(groups)}
    return _frame(
        values,
        height={"step": 17 * len(groups) + 12, "for": "position"},
        encoding={
            "y": _category("name", order),
            "yOffset": offset,
            "x": _figure("value", title, scale={"domainMin": 0}),
            "color": _colour("group", groups, COLOURS),
        },
        layer=[
            {"mark": {"type": "bar", "cornerRadiusEnd": 3}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {"text": {"field": "label"}, "color": {"value": "var(--ink)"}},
            },
        ],
    )


def stacked(values: Sequence[Value], *, groups: Sequence[str], title: str, colours: Sequence[str] = COLOURS) -> Chart:
    """Return lying stacked bars: ``name``, ``group``, ``count``.

    Args:
        values: One a piece; pieces of nothing may be left out.
        groups: The pieces in order; one colour each.
        title: What is counted.
        colours: Of the pieces, in the order of the groups.

    Returns:
        The chart.
    """
    order = list(dict.fromkeys(value["name"] for value in values))
    placed = [{**value, "place": list(groups).index(str(value["group"]))} for value in values]
    sums: dict[object, float] = {}
    for value in values:
        sums[value["name"]] = sums.get(value["name"], 0) + float(str(value["count"]))
    return _frame(
        placed,
        height={"step": _STEP},
        mark={"type": "bar", "height": {"band": 0.7}},
        encoding={
            "y": _category("name", order),
            "x": _figure("count", title, axis=_whole_numbers(max(sums.values(), default=1))),
            "color": _colour("group", groups, colours),
            "order": {"field": "place", "type": "quantitative"},
        },
    )


def heat(values: Sequence[Value], *, columns: Sequence[str], most: float) -> Chart:
    """Return a field of cells: ``name``, ``column``, ``value`` (its strength), ``label`` (what is written in it).

    Args:
        values: One a cell.
        columns: The columns in order.
        most: The strength of a full cell.

    Returns:
        The chart.
    """
    order = list(dict.fromkeys(value["name"] for value in values))
    axis = {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False, "labelLimit": 70}
    strength = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, most], "range": [0.06, 0.62]},
        "legend": None,
    }
    return _frame(
        values,
        height={"step": 30},
        encoding={
            "y": _category("name", order),
            "x": {"field": "column", "type": "nominal", "sort": list(columns), "title": None, "axis": axis},
        },
        layer=[
            {
                "mark": {"type": "rect", "color": COLOURS[0], "cornerRadius": 3, "stroke": "var(--card)"},
                "encoding": {"opacity": strength},
            },
            {"mark": {"type": "text"}, "encoding": {"text": {"field": "label"}}},
        ],
    )


def boxes(values: Sequence[Value], *, title: str) -> Chart:
    """Return one line a group: ``name``, ``low``, ``lower``, ``middle``, ``upper``, ``high``.

    Args:
        values: One a group; quartiles computed before.
        title: What the figure is.

    Returns:
        The chart: a thin line from lowest to highest, a bar over the middle half, a mark at the median.
    """
    order = [value["name"] for value in values]
    scale = {"zero": False, "nice": True, "padding": 8}
    y = _category("name", order)
    return _frame(
        values,
        height={"step": _STEP},
        layer=[
            {
                "mark": {"type": "rule", "color": "var(--quiet)"},
                "encoding": {"y": y, "x": _figure("low", title, scale=scale), "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "bar", "color": COLOURS[0], "opacity": 0.45, "height": 13},
                "encoding": {"y": y, "x": _figure("lower", title, scale=scale), "x2": {"field": "upper"}},
            },
            {
                "mark": {"type": "tick", "color": "var(--ink)", "thickness": 2.5, "height": 17},
                "encoding": {"y": y, "x": _figure("middle", title, scale=scale)},
            },
        ],
    )


def intervals(values: Sequence[Value], *, title: str, marks: Sequence[float]) -> Chart:
    """Return points with their intervals: ``name``, ``value``, ``low``, ``high``.

    Args:
        values: One a point.
        title: What the figure is.
        marks: Where lines stand for comparison.

    Returns:
        The chart.
    """
    order = [value["name"] for value in values]
    y = _category("name", order)
    scale = {"zero": False, "nice": True, "padding": 8}
    lines = {"values": [{"at": mark} for mark in marks]}
    return _frame(
        values,
        height={"step": 22},
        layer=[
            {
                "data": lines,
                "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--c4)"},
                "encoding": {"x": _figure("at", title, scale=scale)},
            },
            {
                "mark": {"type": "rule", "color": "var(--c1)", "strokeWidth": 2, "opacity": 0.6},
                "encoding": {"y": y, "x": _figure("low", title, scale=scale), "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "color": "var(--c1)", "size": 60, "opacity": 1},
                "encoding": {"y": y, "x": _figure("value", title, scale=scale)},
            },
        ],
    )


def bullets(values: Sequence[Value], *, title: str) -> Chart:
    """Return bars against a limit each: ``name``, ``count``, ``limit``, ``over`` (yes or no).

    Args:
        values: One a bar.
        title: What is counted.

    Returns:
        The chart: a bar, red when it passes its limit, and a mark at the limit.
    """
    order = [value["name"] for value in values]
    most = max((float(str(value[key])) for value in values for key in ("count", "limit")), default=1)
    y = _category("name", order)
    colour = {"condition": {"test": "datum.over == 'yes'", "value": "var(--warn)"}, "value": COLOURS[0]}
    return _frame(
        values,
        height={"step": _STEP},
        layer=[
            {
                "mark": {"type": "bar", "height": {"band": 0.6}},
                "encoding": {"y": y, "x": _figure("count", title, axis=_whole_numbers(most)), "color": colour},
            },
            {
                "mark": {"type": "tick", "color": "var(--ink)", "thickness": 3, "height": 20},
                "encoding": {"y": y, "x": _figure("limit", title)},
            },
        ],
    )


def timeline(values: Sequence[Value], *, today: str) -> Chart:
    """Return dates on a line: ``name``, ``day``, ``state`` (over, next, later).

    Args:
        values: One a date, in order.
        today: The day of the figures.

    Returns:
        The chart, with a line at today.
    """
    order = [value["name"] for value in values]
    axis = {"format": "%m-%d", "tickCount": 6, "labelOverlap": True}
    x = {"field": "day", "type": "temporal", "title": None, "axis": axis}
    here = {"values": [{"day": today}]}
    states = ("已到", "未到")
    return _frame(
        values,
        height={"step": 22},
        layer=[
            {"data": here, "mark": {"type": "rule", "color": "var(--c4)", "strokeWidth": 2}, "encoding": {"x": x}},
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"y": _category("name", order), "x": x, "color": _colour("state", states, COLOURS[:2])},
            },
        ],
    )
