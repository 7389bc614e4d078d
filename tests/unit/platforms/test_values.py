"""Codecs: decode(encode(v)) = v for every kind, read forms and write forms alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.core.schema import COMPUTED_KINDS, MEMBER_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.core.values import CHINA, Value
from huoban_perf.platforms.calls.wire import dump_json
from huoban_perf.platforms.cells import Codec, ReadOnlyFieldError, UnknownOptionError
from huoban_perf.platforms.huoban.values import codec_of, moment_from, moment_text
from tests.unit.platforms.fakes import bound_ids, table_of

FILE_KINDS = {FieldKind.FILE, FieldKind.IMAGE, FieldKind.SIGNATURE}
RELATION_KINDS = {FieldKind.RELATION, FieldKind.SUB_TABLE}
ID_KEY = {
    **dict.fromkeys(MEMBER_KINDS, "user_id"),
    **dict.fromkeys(RELATION_KINDS, "item_id"),
    **dict.fromkeys(FILE_KINDS, "file_id"),
}
IDS = st.lists(st.integers(1, 10**16).map(str), min_size=1, unique=True).map(tuple)
MOMENTS = st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2999, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=CHINA)
)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(min_size=1).filter(lambda text: text.isprintable())
PLACES = st.dictionaries(TEXTS, TEXTS | NUMBERS, min_size=1)

VALUES: dict[FieldKind, st.SearchStrategy[Any]] = {
    **dict.fromkeys(TEXT_KINDS, TEXTS),
    **dict.fromkeys(NUMBER_KINDS, NUMBERS),
    **dict.fromkeys(ID_KEY, IDS),
    FieldKind.SWITCH: st.booleans(),
    FieldKind.DATE: st.dates(),
    FieldKind.DATETIME: MOMENTS,
    FieldKind.CHOICE: st.sampled_from("abc"),
    FieldKind.CHOICES: st.sets(st.sampled_from("abc"), min_size=1).map(lambda keys: tuple(sorted(keys))),
    FieldKind.LOCATION: PLACES,
}
WRITABLE = sorted(VALUES, key=str)


def codec(kind: FieldKind) -> Codec:
    table = table_of(("x", kind))
    return codec_of(table.field("x"), bound_ids(table))


def over_the_wire(cell: Any) -> Any:
    return simplejson.loads(dump_json(cell), use_decimal=True)


def read_form(kind: FieldKind, cell: Any) -> Any:
    """Turn a written cell into the richer form in which the platform reads it back."""
    if kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        return [{"id": part, "name": f"选{part}", "color": "red"} for part in cell]
    if kind in ID_KEY:
        return [{ID_KEY[kind]: part, "title": "x", "name": "x"} for part in cell]
    return cell


def test_every_kind_that_can_be_written_has_a_law() -> None:
    assert set(FieldKind) - COMPUTED_KINDS - {FieldKind.SEPARATOR} == set(VALUES)


@pytest.mark.property
@pytest.mark.parametrize("kind", WRITABLE)
@given(data=st.data())
def test_what_was_written_reads_back_equal(kind: FieldKind, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    cell = over_the_wire(codec(kind).encode(value))
    assert codec(kind).decode(cell) == value
    assert codec(kind).decode(read_form(kind, cell)) == value


@pytest.mark.property
@given(MOMENTS, st.integers(-14, 14))
def test_moment_keeps_its_instant_whatever_its_zone(moment: datetime, hours: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert moment_from(moment_text(elsewhere)) == moment


@pytest.mark.parametrize("kind", WRITABLE)
@pytest.mark.parametrize("cell", [None, "", []])
def test_every_form_of_empty_is_none(kind: FieldKind, cell: Any) -> None:
    assert codec(kind).decode(cell) is None


@pytest.mark.parametrize("kind", WRITABLE)
def test_none_clears_with_null_or_an_empty_array(kind: FieldKind) -> None:
    is_array = kind in ID_KEY or kind in {FieldKind.CHOICE, FieldKind.CHOICES}
    assert codec(kind).encode(None) == ([] if is_array else None)


@pytest.mark.parametrize("kind", sorted(ID_KEY, key=str))
def test_ids_come_as_objects_texts_numbers_or_one_bare_object(kind: FieldKind) -> None:
    decode, key = codec(kind).decode, ID_KEY[kind]
    for cell in ([{key: "7"}], [{key: 7}], ["7"], [7], {key: "7", "title": "x"}, "7"):
        assert decode(cell) == ("7",)
    assert decode({}) is None


def test_choice_comes_as_object_list_or_id() -> None:
    decode = codec(FieldKind.CHOICE).decode
    for cell in ([{"id": "2", "name": "x"}], [{"id": 2}], ["2"], {"id": "2"}, "2"):
        assert decode(cell) == "b"


def test_choices_read_in_option_order() -> None:
    assert codec(FieldKind.CHOICES).decode(["3", "1"]) == ("a", "c")


def test_percent_is_the_fraction() -> None:
    assert codec(FieldKind.PERCENT).encode(Decimal("0.85")) == Decimal("0.85")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-03-03 10:00:05", datetime(2022, 3, 3, 10, 0, 5, tzinfo=CHINA)),
        ("2022-03-03 10:00", datetime(2022, 3, 3, 10, tzinfo=CHINA)),
        ("2022-03-03", datetime(2022, 3, 3, tzinfo=CHINA)),
    ],
)
def test_moments_of_any_precision_are_china_time(text: str, moment: datetime) -> None:
    assert codec(FieldKind.DATETIME).decode(text) == moment


def test_date_reads_the_first_ten_characters() -> None:
    assert codec(FieldKind.DATE).decode("2022-03-03 23:59:59") == date(2022, 3, 3)


def test_moment_is_written_to_the_second() -> None:
    moment = datetime(2022, 3, 3, 10, 0, 5, 999_999, tzinfo=CHINA)
    assert codec(FieldKind.DATETIME).encode(moment) == "2022-03-03 10:00:05"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("文字", "文字"),
        (3, Decimal(3)),
        (Decimal("1.5"), Decimal("1.5")),
        (None, None),
        (True, "true"),
        ([{"item_id": "1", "title": "甲"}, {"id": "2", "name": "乙"}], "甲、乙"),
        ({"title": "甲"}, "甲"),
        (["甲", 2], "甲、2"),
    ],
)
@pytest.mark.parametrize("kind", sorted(COMPUTED_KINDS, key=str))
def test_computed_cells_read_as_text_or_number(kind: FieldKind, cell: Any, value: Value) -> None:
    assert codec(kind).decode(cell) == value


@pytest.mark.parametrize("kind", [*sorted(COMPUTED_KINDS, key=str), FieldKind.SEPARATOR])
def test_computed_fields_cannot_be_written(kind: FieldKind) -> None:
    with pytest.raises(ReadOnlyFieldError):
        codec(kind).encode("x")


def test_separator_holds_nothing() -> None:
    assert codec(FieldKind.SEPARATOR).decode("x") is None


def test_text_field_that_answers_a_number_reads_as_text() -> None:
    assert codec(FieldKind.TEXT).decode(18600000000) == "18600000000"


def test_switch_reads_one_and_zero() -> None:
    decode = codec(FieldKind.SWITCH).decode
    assert (decode(1), decode(0), decode(False)) == (True, False, False)


BAD_CELLS: list[tuple[FieldKind, Any]] = [
    (FieldKind.TEXT, {"a": 1}),
    (FieldKind.TEXT, True),
    (FieldKind.NUMBER, "x"),
    (FieldKind.NUMBER, "NaN"),
    (FieldKind.NUMBER, True),
    (FieldKind.NUMBER, {}),
    (FieldKind.SWITCH, 2),
    (FieldKind.SWITCH, "yes"),
    (FieldKind.DATE, "2022-13-01"),
    (FieldKind.DATE, 5),
    (FieldKind.DATETIME, "yesterday"),
    (FieldKind.LOCATION, "here"),
    (FieldKind.CHOICE, ["1", "2"]),
    (FieldKind.CHOICE, [True]),
    (FieldKind.CHOICES, [{"name": "x"}]),
    (FieldKind.RELATION, [{"title": "x"}]),
    (FieldKind.RELATION, [None]),
    (FieldKind.RELATION, 0),
]


@pytest.mark.parametrize(("kind", "cell"), BAD_CELLS)
def test_cell_of_another_form_is_refused(kind: FieldKind, cell: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, ArithmeticError)):
        codec(kind).decode(cell)


BAD_VALUES: list[tuple[FieldKind, Any]] = [
    (FieldKind.TEXT, 5),
    (FieldKind.NUMBER, "5"),
    (FieldKind.NUMBER, 5.0),
    (FieldKind.NUMBER, Decimal("NaN")),
    (FieldKind.SWITCH, 1),
    (FieldKind.DATE, datetime(2022, 3, 3, tzinfo=CHINA)),
    (FieldKind.DATE, "2022-03-03"),
    (FieldKind.DATETIME, datetime(2022, 3, 3)),
    (FieldKind.DATETIME, date(2022, 3, 3)),
    (FieldKind.LOCATION, "here"),
    (FieldKind.RELATION, "7"),
    (FieldKind.RELATION, (7,)),
    (FieldKind.CHOICE, 1),
]


@pytest.mark.parametrize(("kind", "value"), BAD_VALUES)
def test_value_of_another_kind_is_refused(kind: FieldKind, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        codec(kind).encode(value)


@pytest.mark.parametrize(
    "act", [lambda codec: codec.decode([{"id": "9", "name": "新"}]), lambda codec: codec.encode("z")]
)
@pytest.mark.parametrize("kind", [FieldKind.CHOICE, FieldKind.CHOICES])
def test_unknown_option_is_named(kind: FieldKind, act: Callable[[Codec], Any]) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        act(codec(kind))
    assert caught.value.option in {"新(9)", "z"}
