"""Wishes for the guide: the app itself, a circle of tables, and names that try to be something else."""

from __future__ import annotations

from functools import cache

from huoban_perf.core.addresses import table_address
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import DesiredSchema, FieldKind, Writer
from huoban_perf.documents import Guide, Place, guide_of, steps_from_scratch
from huoban_perf.template import compile_schema, load_template
from tests.unit.deploy.wishes import make_field, make_option, make_schema, make_table

SCRIPT = "<script>alert('进来了')</script>"
QUOTES = "\"'><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example","点我")'
MARKUP = "`a` **b** [c](http://evil.example) | # {{ 7*7 }} {% raw %} \\ </style></title>&amp;"


@cache
def app() -> DesiredSchema:
    return compile_schema(load_template("performance"))


def hostile() -> DesiredSchema:
    return make_schema(
        make_table(
            "one",
            SCRIPT,
            make_field("one", "title", FORMULA, required=True, unique=True, help=Labels(QUOTES, "x")),
            make_field(
                "one",
                "choice",
                MARKUP,
                FieldKind.CHOICE,
                options=(
                    make_option("one", "choice", "a", SCRIPT, "red"),
                    make_option("one", "choice", "b", FORMULA, '"><b>'),
                    make_option("one", "choice", "c", "``"),
                ),
                help=Labels(MARKUP, "x"),
            ),
            make_field("one", "job", QUOTES, writer=Writer.JOB),
            make_field("one", "other", "  空 格  ", FieldKind.RELATION, target=table_address("two"), many=True),
            group=Labels(QUOTES, "x"),
        ),
        make_table("two", "../../etc/passwd", make_field("two", "title", SCRIPT, FieldKind.MEMBER)),
    )


def whole(desired: DesiredSchema, *, names: Locale = "zh", place: Place | None = None) -> Guide:
    return guide_of(steps_from_scratch(desired, names=names), desired=desired, names=names, place=place)
