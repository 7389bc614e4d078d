from __future__ import annotations

import pytest

from huoban_perf.core.addresses import ItemId, field_address, table_address
from huoban_perf.core.errors import TemplateError
from huoban_perf.core.items import Item
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.paths import Path, PathReader, Step, parse_path
from huoban_perf.sync.snapshot import TableRows


def spec(table: str, target: str | None = None, **kinds: FieldKind) -> TableSpec:
    fields = tuple(
        FieldSpec(
            address=field_address(table, name),
            labels=Labels(name, name),
            kind=kind,
            target=table_address(target) if kind is FieldKind.RELATION and target else None,
        )
        for name, kind in kinds.items()
    )
    return TableSpec(
        address=table_address(table), labels=Labels(table, table), title="code", key_field="code", fields=fields
    )


PERSON = spec(
    "person",
    target="person",
    code=FieldKind.TEXT,
    account=FieldKind.MEMBER,
    boss=FieldKind.RELATION,
)
TASK = spec(
    "task",
    target="person",
    code=FieldKind.TEXT,
    subject=FieldKind.RELATION,
    rater=FieldKind.MEMBER,
    outsider=FieldKind.TEXT,
    loose=FieldKind.RELATION,
)
SCHEMA = DesiredSchema(app="t", version="1", tables=(PERSON, TASK), digest="-")


def rows_of(table: TableSpec, *items: dict[str, Value]) -> TableRows:
    rows = TableRows(table=table)
    for index, values in enumerate(items, start=1):
        rows.add(Item(item_id=ItemId(f"{table.key}-{index}"), values=values))
    return rows


PEOPLE = rows_of(
    PERSON,
    {"code": "E1", "account": ("u1",), "boss": ("person-2",)},
    {"code": "E2", "account": ("u2",)},
    {"code": "E3", "account": ("u2",)},
)


def read(text: str, task: dict[str, Value]) -> Value:
    reader = PathReader(tables={"person": PEOPLE, "task": rows_of(TASK, task)})
    return reader.read(parse_path(text, table="task", schema=SCHEMA), table="task", row=0)


@pytest.mark.parametrize(
    ("path", "task", "found"),
    [
        ("code", {"code": "T1"}, "T1"),
        ("subject.code", {"subject": ("person-1",)}, "E1"),
        ("subject.boss.code", {"subject": ("person-1",)}, "E2"),
        ("subject.boss.boss.code", {"subject": ("person-1",)}, None),
        ("subject.code", {}, None),
        ("subject.code", {"subject": ()}, None),
        ("subject.code", {"subject": ("person-9",)}, None),
        ("rater<person.account>.code", {"rater": ("u1",)}, "E1"),
        ("rater<person.account>.code", {"rater": ("u9",)}, None),
        ("rater<person.account>.boss.code", {"rater": ("u1",)}, "E2"),
        ("outsider | rater<person.account>.code", {"outsider": "C1", "rater": ("u1",)}, "C1"),
        ("outsider | rater<person.account>.code", {"rater": ("u1",)}, "E1"),
        ("outsider | 'nobody'", {}, "nobody"),
        ("subject | outsider", {"subject": (), "outsider": "C1"}, "C1"),
    ],
)
def test_path_leads_to_a_cell(path: str, task: dict[str, Value], found: Value) -> None:
    assert read(path, task) == found


def test_of_two_people_with_one_account_the_first_is_taken() -> None:
    assert read("rater<person.account>.code", {"rater": ("u2",)}) == "E2"


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("nothing", "nothing"),
        ("subject.nothing", "nothing"),
        ("code.more", "code"),
        ("rater.code", "rater"),
        ("loose.subject", "subject"),
        ("rater<nowhere.account>.code", "rater<nowhere.account>"),
        ("rater<person.nothing>.code", "rater<person.nothing>"),
        ("rater<person.account>", "rater<person.account>"),
        ("subject<person.account>.nothing", "nothing"),
        ("Code", "Code"),
        ("", ""),
        ("'open", "'open"),
        ("code | nothing", "nothing"),
    ],
)
def test_bad_path_names_the_step_that_leads_nowhere(path: str, step: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_path(path, table="task", schema=SCHEMA)
    assert caught.value.code == "sync.bad_path"
    assert caught.value.facts["path"] == path
    assert caught.value.facts["step"] == step


def test_relation_without_target_leads_nowhere() -> None:
    aimless = spec("task", code=FieldKind.TEXT, subject=FieldKind.RELATION)
    schema = DesiredSchema(app="t", version="1", tables=(aimless,), digest="-")
    with pytest.raises(TemplateError):
        parse_path("subject.code", table="task", schema=schema)


def test_unknown_table_is_a_bad_path() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_path("code", table="nowhere", schema=SCHEMA)
    assert caught.value.facts["table"] == "nowhere"


def test_path_names_every_field_it_reads() -> None:
    path = parse_path("outsider | rater<person.account>.boss.code | 'x'", table="task", schema=SCHEMA)
    assert path.columns("task") == {
        ("task", "outsider"),
        ("task", "rater"),
        ("person", "account"),
        ("person", "boss"),
        ("person", "code"),
    }


def test_constant_reads_nothing() -> None:
    path = parse_path("'subject'", table="task", schema=SCHEMA)
    assert path == Path(("subject",))
    assert path.columns("task") == set()


def test_steps_that_end_early_are_not_followed() -> None:
    broken = Path(((Step("subject"), Step("code")),))
    reader = PathReader(tables={"person": PEOPLE, "task": rows_of(TASK, {"subject": ("person-1",)})})
    assert reader.read(broken, table="task", row=0) is None
