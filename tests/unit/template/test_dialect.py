"""What the rich sample compiles to: views, forms, roles, pages, machines, automations, generated fields."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.addresses import Address, ObjectKind, field_address, table_address
from huoban_perf.core.filters import Operator
from huoban_perf.core.rules import ALWAYS, NEVER, Every, FieldOf, Me, Some, Test, ThisRow, Today
from huoban_perf.core.schema import (
    BlockKind,
    DesiredSchema,
    FieldKind,
    Right,
    ViewKind,
    Writer,
)
from huoban_perf.core.schema.automations import (
    Assignment,
    AutomationSpec,
    Call,
    Create,
    EachOf,
    Fill,
    ItemEvent,
    Notify,
    OnButton,
    OnCall,
    OnFill,
    OnItem,
    OnSchedule,
    OpenPage,
    Page,
    Period,
    Reason,
    RunJob,
    Stop,
    Update,
    Urgency,
)
from huoban_perf.core.schema.fields import Attached, Formula, Rollup, Summary
from huoban_perf.core.schema.machines import FORMER
from huoban_perf.template import compile_schema, lint_template, load_template

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"


def sheet(key: str) -> Address:
    return field_address("sheet", key)


@pytest.fixture(name="schema", scope="module")
def schema_fixture() -> DesiredSchema:
    return compile_schema(load_template(RICH))


def automation(schema: DesiredSchema, key: str) -> AutomationSpec:
    return next(one for one in schema.automations if one.address.key == key)


def test_rich_sample_is_clean() -> None:
    assert lint_template(RICH) == []


def test_generated_fields_come_from_machine_and_rules(schema: DesiredSchema) -> None:
    made = [field for field in schema.table("sheet").fields if field.generated]
    assert [(field.address.key, field.writer) for field in made] == [
        ("employee_action", Writer.PEOPLE),
        ("manager_action", Writer.PEOPLE),
        ("hr_action", Writer.PEOPLE),
        ("action_reason", Writer.PEOPLE),
        ("action_result", Writer.JOB),
        ("p_self", Writer.JOB),
        ("p_mgr", Writer.JOB),
    ]
    manager = schema.table("sheet").field("manager_action")
    assert [option.address.key for option in manager.options] == ["return", "confirm", "finish"]
    assert manager.labels.zh == "上级操作"
    assert [field.address.key for field in schema.table("task").fields if field.generated] == []


def test_fields_say_what_they_compute_and_start_with(schema: DesiredSchema) -> None:
    table = schema.table("sheet")
    assert table.field("left").computed == Formula(
        expression="{budget} - {spent}", fields=(sheet("budget"), sheet("spent"))
    )
    assert table.field("tasks").computed == Rollup(
        through=field_address("task", "sheet"),
        summary=Summary.COUNT,
        rows=Test(field_address("task", "done"), Operator.EQUALS, False),
    )
    assert table.field("person_name").computed == Attached(
        through=sheet("person"), value=field_address("person", "name")
    )
    assert table.field("due").default == Today(7)
    assert schema.table("task").field("owner").default == Me()
    assert schema.table("task").field("done").default is False
    assert (table.field("weight").least, table.field("weight").most) == (Decimal(0), Decimal(100))
    assert table.field("person").target_rows == Test(field_address("person", "account"), Operator.EMPTY, False)
    assert table.details == (field_address("task", "sheet"),)


def test_fields_of_a_feature_that_is_off_are_absent(schema: DesiredSchema) -> None:
    keys = [field.address.key for field in schema.table("sheet").fields]
    assert "talk_on" in keys
    assert "photo" not in keys


def test_views_have_rows_order_and_fields(schema: DesiredSchema) -> None:
    views = {view.address.key: view for view in schema.views if view.address.keys[0] == "sheet"}
    assert list(views) == ["mine", "board", "planned", "bars", "appeals"]
    mine = views["mine"]
    assert mine.rows == Every(
        (
            Test(sheet("p_self"), Operator.EQUALS, Me()),
            Test(sheet("status"), Operator.ANY_OF, ("draft", "asked", "talking", "appealing")),
        )
    )
    assert [(one.field.key, one.descending) for one in mine.sort] == [("due", False), ("code", True)]
    assert sheet("photo") not in mine.fields
    assert sheet("employee_action") in mine.fields
    assert (views["board"].kind, views["board"].group_by) == (ViewKind.KANBAN, sheet("status"))
    assert views["bars"].progress == sheet("weight")
    assert [one.key for one in views["appeals"].fields] == ["code", "status", "results", "teamwork", "hr_action"]


def test_forms_ask_criteria_of_their_relation(schema: DesiredSchema) -> None:
    review, customer = schema.forms
    asked = [(one.field.key, one.criterion, one.required, one.read_only) for one in review.fields]
    assert asked == [
        ("person", False, False, True),
        ("results", True, False, False),
        ("teamwork", True, False, False),
        ("note", False, True, False),
    ]
    assert review.fields[-1].shown_when == Test(sheet("weight"), Operator.GREATER, Decimal(10))
    assert review.details == (field_address("task", "sheet"),)
    assert (customer.public, customer.token, customer.roles) == (True, sheet("code"), ())
    assert [(one.field.key, one.prefill) for one in customer.fields] == [
        ("note", None), ("due", Today()), ("talk_on", None)
    ]  # fmt: skip


def test_permissions_join_the_grants_of_a_group(schema: DesiredSchema) -> None:
    given = {one.address.keys: one for one in schema.permissions}
    everyone = given["sheet", "everyone"]
    assert everyone.rows == Some(
        (
            Test(sheet("p_self"), Operator.EQUALS, Me()),
            Test(sheet("p_mgr"), Operator.EQUALS, Me()),
        )
    )
    assert [one.key for one in everyone.editable] == [
        "note", "results", "teamwork", "employee_action", "manager_action", "action_reason"
    ]  # fmt: skip
    assert sheet("spent") not in everyone.visible
    assert sheet("budget") not in everyone.visible
    assert everyone.rights == frozenset()
    assert everyone.must_not_see is not None
    superset = given["sheet", "hr"]
    assert [grant.role for grant in superset.grants] == ["employee", "manager", "hr"]
    assert superset.rights == {Right.CREATE, Right.EXPORT}
    assert sheet("status") not in superset.editable
    assert given["person", "everyone"].rows == ALWAYS
    assert given["person", "everyone"].rows != NEVER


def test_pages_have_blocks_over_tables_views_and_forms(schema: DesiredSchema) -> None:
    (page,) = schema.pages
    assert [block.kind for block in page.blocks] == [
        BlockKind.INDICATOR, BlockKind.INDICATOR, BlockKind.BAR, BlockKind.LIST, BlockKind.FORM, BlockKind.TEXT
    ]  # fmt: skip
    assert page.blocks[1].value == field_address("task", "effort")
    assert page.blocks[3].table == table_address("sheet")
    assert page.blocks[3].view == Address(ObjectKind.VIEW, ("sheet", "appeals"))


def test_machine_has_states_stages_and_effects(schema: DesiredSchema) -> None:
    machine = schema.machine("sheet")
    assert machine is not None
    assert machine.closed_states == ("done",)
    assert (machine.state("talking").stage, machine.state("talking").skip_to) == ("interview", "done")
    assert machine.transition("withdraw").target == FORMER
    assert machine.transition("return").steps == (
        Update(table=table_address("sheet"), values=(Assignment(sheet("note"), Reason()),)),
    )
    (made,) = machine.transition("confirm").steps
    assert isinstance(made, Create)
    values = {one.field.key: one.value for one in made.values}
    assert values["sheet"] == ThisRow()
    assert values["owner"] == FieldOf((sheet("p_mgr"),))
    assert machine.actor("manager").roles == ("hr",)
    assert schema.machine("task") is None


def test_automations_have_triggers_and_steps(schema: DesiredSchema) -> None:
    soon = automation(schema, "due_soon")
    assert soon.trigger == OnSchedule(period=Period.WORKDAY, at="09:00", date=sheet("due"), offsets=(-3, 0))
    (notice,) = soon.steps
    assert isinstance(notice, Notify)
    assert notice.text.parts == {"due": FieldOf((sheet("due"),))}
    assert (notice.urgency, notice.to) == (Urgency.DIGEST, (FieldOf((sheet("p_self"),)),))
    assert automation(schema, "overspent").trigger == OnItem(
        events=frozenset({ItemEvent.CREATED, ItemEvent.CHANGED}), fields=(sheet("spent"), sheet("budget"))
    )
    assert automation(schema, "mend").trigger == OnButton(roles=("manager",))
    assert [type(step) for step in automation(schema, "mend").steps] == [Stop, OpenPage]
    assert automation(schema, "close_tasks").trigger == OnCall()
    assert automation(schema, "nightly").steps == (RunJob(job="access-sync"),)
    prefill = automation(schema, "prefill")
    assert prefill.trigger == OnFill(fields=(sheet("person"),), pages=frozenset({Page.CREATE, Page.EDIT}))
    assert isinstance(prefill.steps[0], Fill)


def test_loops_speak_of_their_own_row(schema: DesiredSchema) -> None:
    notice, call, made = automation(schema, "all_told").steps
    assert isinstance(notice, Notify)
    assert notice.each is not None
    assert notice.each.rows == Test(
        field_address("task", "sheet"), Operator.EQUALS, FieldOf((field_address("task", "sheet"),))
    )
    assert notice.to == (EachOf((field_address("task", "owner"),)),)
    assert call == Call(
        automation=Address(ObjectKind.AUTOMATION, ("sheet", "close_tasks")), path=(field_address("task", "sheet"),)
    )
    assert isinstance(made, Create)
    assert made.values[1].value == EachOf((field_address("task", "sheet"),))


def test_digest_covers_views_and_automations_and_no_order_of_files(tmp_path: Path) -> None:
    before = compile_schema(load_template(RICH)).digest
    folder = tmp_path / "rich"
    shutil.copytree(RICH, folder)
    assert compile_schema(load_template(folder)).digest == before
    file = folder / "views" / "task.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("我的任务", "待办"), encoding="utf-8")
    changed = compile_schema(load_template(folder)).digest
    assert changed != before
    file = folder / "automations" / "task.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("补做", "重做"), encoding="utf-8")
    assert compile_schema(load_template(folder)).digest not in {before, changed}


def small(folder: Path, app: str) -> Path:
    """Write an app that includes the rich sample beside it."""
    shutil.copytree(RICH, folder / "rich")
    (folder / "small").mkdir()
    (folder / "small" / "app.yaml").write_text(app, encoding="utf-8")
    return folder / "small"


SMALL = """\
key: small
version: "1"
labels: {zh: 小样, en: Small}
include: [rich]
order: [person, task]
"""


def test_table_that_an_app_replaces_takes_no_included_view(tmp_path: Path) -> None:
    folder = small(tmp_path, SMALL + "replaces: [task]\n")
    for file in ("tables/task.yaml", "views/task.yaml"):
        (folder / file).parent.mkdir(exist_ok=True)
        text = (RICH / file).read_text(encoding="utf-8").replace("target: sheet\n    required: true", "target: person")
        text = text.replace("key: mine", "key: late").replace("我的任务", "我的逾期")
        (folder / file).write_text(text, encoding="utf-8")
    views = [view.address.key for view in compile_schema(load_template(folder)).views]
    assert "late" in views
    assert "mine" not in views


def test_replaced_table_without_a_file_of_its_own_is_named(tmp_path: Path) -> None:
    folder = small(tmp_path, SMALL + "replaces: [task]\n")
    (finding,) = [one for one in lint_template(folder) if one.problem.code == "template.replaces_nothing"]
    assert finding.problem.facts["table"] == "task"
    assert finding.problem.line == 6


def test_included_files_serve_an_app_with_fewer_tables(tmp_path: Path) -> None:
    folder = small(tmp_path, SMALL)
    for file in ("tables/task.yaml", "views/task.yaml"):
        (folder / file).parent.mkdir(exist_ok=True)
        text = (RICH / file).read_text(encoding="utf-8")
        own = text.replace("target: sheet\n    required: true", "target: person").replace(
            "    rows: [{field: owner", "    rows: [{field: due, below: $today}, {field: owner"
        )
        (folder / file).write_text(
            own.replace("key: mine", "key: late").replace("我的任务", "我的逾期"), encoding="utf-8"
        )
    schema = compile_schema(load_template(folder))
    assert [table.key for table in schema.tables] == ["person", "task"]
    assert schema.table("task").field("sheet").target == table_address("person")
    assert [view.address.key for view in schema.views] == ["late", "mine"]
    assert {one.address.keys[0] for one in schema.permissions} == {"person", "task"}
    (page,) = schema.pages
    assert [block.kind for block in page.blocks] == [BlockKind.INDICATOR, BlockKind.TEXT]
    assert schema.machines == ()
    assert schema.table("person").field("family").kind is FieldKind.CHOICE
