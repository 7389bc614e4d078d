from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.core.addresses import Address, MemberId, ObjectKind, field_address, table_address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.permissions import Access, Denial, Refused, access_of
from huoban_perf.core.rules import ALWAYS, NEVER, Every, Me, Moment, Rule, Some, Test
from huoban_perf.core.schema.roles import PermissionSpec, Right

ME = MemberId("7")
MOMENT = Moment(today=date(2026, 7, 1), me=ME)
FIELDS = ("name", "grade", "self", "heads")


def fields(*keys: str) -> tuple[Address, ...]:
    return tuple(field_address("result", key) for key in keys)


MINE = Test(field_address("result", "self"), Operator.EQUALS, Me())
HEADS = Test(field_address("result", "heads"), Operator.EQUALS, Me())
NOT_MINE = Test(field_address("result", "self"), Operator.DIFFERS, Me())


def permission(rows: Rule = ALWAYS, *, group: str = "everyone", **more: object) -> PermissionSpec:
    settings: dict[str, object] = {"visible": fields(*FIELDS), "editable": fields("name"), **more}
    address = Address(ObjectKind.PERMISSION, ("result", group))
    return PermissionSpec(address=address, rows=rows, **settings)  # type: ignore[arg-type]


def access(rows: Rule = ALWAYS, **more: object) -> Access:
    return Access(permission=permission(rows, **more), moment=MOMENT)


def row(*, own: str | None = None, heads: tuple[str, ...] = ()) -> dict[str, object]:
    return {"name": "甲", "grade": "A", "self": None if own is None else (own,), "heads": heads}


@pytest.mark.parametrize(
    ("rule", "values", "seen"),
    [
        (ALWAYS, row(), True),
        (NEVER, row(own="7"), False),
        (MINE, row(own="7"), True),
        (MINE, row(own="8"), False),
        (MINE, row(), False),
        (HEADS, row(heads=("8", "7")), True),
        (HEADS, row(heads=("77",)), False),
        (NOT_MINE, row(own="7"), False),
        (NOT_MINE, row(), True),
        (Every((HEADS, NOT_MINE)), row(own="7", heads=("7",)), False),
        (Every((HEADS, NOT_MINE)), row(own="8", heads=("7",)), True),
        (Some((MINE, HEADS)), row(heads=("7",)), True),
    ],
)
def test_row_is_seen_by_its_rule(rule: Rule, values: dict[str, object], seen: bool) -> None:
    assert access(rule).sees(values) is seen  # type: ignore[arg-type]
    assert bool(access(rule).shown(values)) is seen  # type: ignore[arg-type]


def test_nobody_is_me_when_nobody_looks() -> None:
    nobody = Access(permission=permission(MINE), moment=Moment(today=date(2026, 7, 1)))
    assert not nobody.sees(row(own="7"))  # type: ignore[arg-type]


def test_only_visible_fields_are_shown_and_the_rule_reads_hidden_ones() -> None:
    seen = access(MINE, visible=fields("name"))
    assert seen.shown(row(own="7")) == {"name": "甲"}  # type: ignore[arg-type]


def test_field_that_is_not_seen_is_never_editable() -> None:
    assert access(visible=fields("grade"), editable=fields("grade", "name")).editable == {"grade"}


def test_every_reason_of_a_refused_create_is_listed() -> None:
    assert access().refuses_create(["name", "self", "grade"]) == (
        Refused(Denial.RIGHT, "create"),
        Refused(Denial.FIELD, "grade"),
        Refused(Denial.FIELD, "self"),
    )
    assert access(rights=frozenset({Right.CREATE})).refuses_create(["name"]) == ()


def test_row_that_is_not_seen_is_neither_changed_nor_removed() -> None:
    mine = access(MINE, rights=frozenset({Right.DELETE}))
    theirs, own = row(own="8"), row(own="7")
    assert mine.refuses_update(theirs, ["grade"]) == (Refused(Denial.ROW),)  # type: ignore[arg-type]
    assert mine.refuses_delete(theirs) == (Refused(Denial.ROW),)  # type: ignore[arg-type]
    assert mine.refuses_update(own, ["name"]) == mine.refuses_delete(own) == ()  # type: ignore[arg-type]
    assert mine.refuses_update(own, ["grade"]) == (Refused(Denial.FIELD, "grade"),)  # type: ignore[arg-type]
    assert access().refuses_delete(own) == (Refused(Denial.RIGHT, "delete"),)  # type: ignore[arg-type]


@pytest.mark.parametrize("group", ["hr", "nobody"])
def test_group_without_a_permission_has_nothing(group: str) -> None:
    hidden = permission(NEVER, group="hr", rights=frozenset(Right))
    found = access_of([permission(), hidden], table=table_address("result"), group=group, moment=MOMENT)
    assert found.is_hidden
    assert found.visible == found.editable == frozenset()
    assert not any(found.may(right) for right in Right)
    assert found.refuses_create([]) == (Refused(Denial.TABLE),)
    assert found.refuses_update(row(own="7"), []) == (Refused(Denial.TABLE),)  # type: ignore[arg-type]


def test_permission_is_that_of_table_and_group() -> None:
    hr = permission(group="hr", visible=fields("name"))
    found = access_of([permission(), hr], table=table_address("result"), group="hr", moment=MOMENT)
    assert found.permission is hr
    elsewhere = access_of([hr], table=table_address("goal"), group="hr", moment=MOMENT)
    assert elsewhere.is_hidden


RULES = st.recursive(
    st.sampled_from([ALWAYS, NEVER, MINE, HEADS, NOT_MINE]),
    lambda inner: st.lists(inner, max_size=3).flatmap(
        lambda parts: st.sampled_from([Every(tuple(parts)), Some(tuple(parts))])
    ),
    max_leaves=6,
)
ROWS = st.builds(row, own=st.sampled_from([None, "7", "8"]), heads=st.sampled_from([(), ("7",), ("8", "7"), ("8",)]))
SUBSETS = st.sets(st.sampled_from(FIELDS)).map(lambda keys: fields(*sorted(keys)))


@pytest.mark.property
@given(RULES, ROWS, SUBSETS, SUBSETS, st.sets(st.sampled_from(list(Right))))
def test_nothing_is_allowed_that_is_not_granted(
    rule: Rule,
    values: dict[str, object],
    visible: tuple[Address, ...],
    editable: tuple[Address, ...],
    rights: set[Right],
) -> None:
    found = access(rule, visible=visible, editable=editable, rights=frozenset(rights))
    keys = {address.key for address in visible}
    assert set(found.shown(values)) <= keys  # type: ignore[arg-type]
    if not found.sees(values):  # type: ignore[arg-type]
        assert not found.shown(values)  # type: ignore[arg-type]
        assert found.refuses_update(values, [])  # type: ignore[arg-type]
        assert found.refuses_delete(values)  # type: ignore[arg-type]
    allowed = {key for key in FIELDS if not found.refuses_update(values, [key])}  # type: ignore[arg-type]
    assert allowed <= keys & {address.key for address in editable}
