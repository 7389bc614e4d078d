"""Cells and kinds without a server: what odd cells become, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.addresses import Bindings, RemoteId, field_address, option_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec
from huoban_perf.platforms.cells import ReadOnlyFieldError, UnholdableError, UnknownOptionError
from huoban_perf.platforms.nocodb.kinds import alias_of, colour_word, column_body, column_name, kinds_of
from huoban_perf.platforms.nocodb.meta import WireColumn
from huoban_perf.platforms.nocodb.values import codec_of, decode_links, encode_links, moment_from

K = FieldKind


def column(uidt: str = "SingleLineText", **more: Any) -> WireColumn:
    return WireColumn.model_validate({"id": "c1", "title": "列", "uidt": uidt, **more})


def field(kind: FieldKind, *keys: str) -> FieldSpec:
    options = tuple(
        OptionSpec(address=option_address("t", "f", key), labels=Labels(zh=key, en=key), color="red") for key in keys
    )
    return FieldSpec(address=field_address("t", "f"), labels=Labels(zh="列", en="F"), kind=kind, options=options)


def codec(kind: FieldKind) -> Any:
    return codec_of(field(kind), column(), Bindings({}))


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (K.NUMBER, Decimal("0.30000000000000004"), Decimal("0.3")),
        (K.NUMBER, "88.5", Decimal("88.5")),
        (K.NUMBER, 7, Decimal(7)),
        (K.PERCENT, Decimal("12.3456"), Decimal("0.123456")),
        (K.RATING, 0, None),
        (K.RATING, 3, Decimal(3)),
        (K.SWITCH, None, False),
        (K.SWITCH, 1, True),
        (K.TEXT, 12, "12"),
        (K.TEXT, "", None),
        (K.TIME, "1999-01-01 09:30:00+00:00", "09:30"),
        (K.TIME, "09:30:15", "09:30:15"),
        (K.DATE, "", None),
        (K.DATETIME, "", None),
        (K.LOCATION, "", None),
        (K.FORMULA, 3, Decimal(3)),
        (K.ATTACHED, ["甲", "乙"], "甲、乙"),
        (K.ROLLUP, None, None),
        (K.FORMULA, True, "True"),
        (K.FILE, [{"path": "download/a"}, {"url": "http://x/b"}], ("download/a", "http://x/b")),
        (
            K.FILE,
            [{"path": "d/a_3hiPb.txt", "title": "a.txt"}, {"path": "d/b", "title": "b"}],
            ("d/a_3hiPb.txt//a.txt", "d/b"),
        ),
        (K.MEMBER, [], None),
        (K.RELATION, "5", ("5",)),
    ],
)
def test_odd_cells_read_as_they_are_meant(kind: FieldKind, cell: Any, value: Any) -> None:
    found = codec(kind).decode(cell)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (K.NUMBER, "八"),
        (K.NUMBER, True),
        (K.NUMBER, "NaN"),
        (K.TEXT, {"a": 1}),
        (K.SWITCH, 2),
        (K.SWITCH, "yes"),
        (K.DATE, "xx"),
        (K.TIME, "26:00"),
        (K.LOCATION, "[1]"),
        (K.RELATION, {"Id": 1}),
        (K.MEMBER, [{"name": "x"}]),
    ],
)
def test_a_cell_of_another_kind_is_not_taken(kind: FieldKind, cell: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, ArithmeticError)):
        codec(kind).decode(cell)


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (K.NUMBER, Decimal("1.000000000000001"), UnholdableError),
        (K.NUMBER, Decimal("Infinity"), TypeError),
        (K.NUMBER, 1.5, TypeError),
        (K.RATING, Decimal(0), ValueError),
        (K.SWITCH, "yes", TypeError),
        (K.DATE, datetime(2026, 1, 1, tzinfo=UTC), TypeError),
        (K.DATE, date(1, 1, 1), ValueError),
        (K.DATETIME, datetime(2026, 1, 1), TypeError),
        (K.TEXT, 5, TypeError),
        (K.LOCATION, "x", TypeError),
        (K.MEMBER, "x", TypeError),
        (K.FORMULA, "x", ReadOnlyFieldError),
        (K.RELATION, ("a",), ValueError),
    ],
)
def test_a_value_that_does_not_fit_is_not_sent(kind: FieldKind, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        codec(kind).encode(value)


def test_a_column_of_15_digits_is_the_widest() -> None:
    assert codec(K.MONEY).encode(Decimal("1234567890123.45")) == Decimal("1234567890123.45")
    assert codec(K.PERCENT).encode(Decimal("0.5")) == 50


def test_choices_are_bound_by_id_and_read_by_the_text_they_have_now() -> None:
    spec = field(K.CHOICES, "a", "b", "gone")
    bound = {option.address: RemoteId(f"o-{option.address.key}") for option in spec.options}
    now = column("MultiSelect", colOptions={"options": [{"id": "o-b", "title": "乙"}, {"id": "o-a", "title": "甲改"}]})
    both = codec_of(spec, now, Bindings(bound))
    assert both.encode(("b", "a")) == "乙,甲改"
    assert both.decode("乙,甲改") == ("a", "b")
    assert both.decode(["乙"]) == ("b",)
    assert both.encode(()) is None
    with pytest.raises(UnknownOptionError):
        both.decode("丙")
    with pytest.raises(UnknownOptionError):
        both.encode(("gone",))
    single = codec_of(field(K.CHOICE, "a"), now, Bindings(bound))
    assert (single.decode(""), single.encode("")) == (None, None)
    with pytest.raises(TypeError):
        single.encode(("a",))


def test_links_come_in_either_spelling() -> None:
    assert decode_links([{"Id": 1}, {"id": 2}]) == ("1", "2")
    assert decode_links([]) is None
    assert encode_links(("3", "1")) == (3, 1)


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert moment_from("2026-01-01 00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)


def test_names_kinds_and_colours() -> None:
    assert (alias_of("nc_ab12___goal"), alias_of("goal"), column_name("id"), column_name("code")) == (
        "goal",
        "goal",
        "id_",
        "code",
    )
    assert kinds_of(column("User", meta='{"is_multi": true}')) == {K.MEMBERS}
    assert kinds_of(column("Barcode")) == frozenset()
    body = column_body(field(K.CHOICE, "a"), locale="zh")
    code = body["colOptions"]["options"][0]["color"]
    assert (colour_word(code), colour_word("#123456"), colour_word(None)) == ("red", "#123456", None)
    assert column_body(field(K.AUTO_NUMBER), locale="zh")["formula"] == "{Id}"
