from __future__ import annotations

from huoban_perf.core.addresses import Address, field_address, option_address, table_address
from huoban_perf.core.changes import Action, AttributeChange
from huoban_perf.core.schema import FieldKind
from huoban_perf.deploy import Performer, Reason, Step, kind_name
from huoban_perf.documents import Place, guide_of, steps_from_scratch
from huoban_perf.documents.effort import SECONDS, Work, effort
from huoban_perf.documents.wording import assumption, duration
from tests.unit.deploy.wishes import company
from tests.unit.documents.wishes import app, whole


def step(address: Address, action: Action, *named: str, **changes: tuple[object, object]) -> Step:
    return Step(
        address=address,
        action=action,
        performer=Performer.MANUAL,
        reason=Reason.DIFFERS,
        named=named,
        changes=tuple(
            AttributeChange(attribute=name, before=before, after=after)  # type: ignore[arg-type]  # test values
            for name, (before, after) in changes.items()
        ),
    )


def test_every_table_field_option_and_setting_of_the_app_is_in_its_section() -> None:
    desired = app()
    guide = whole(desired)
    later = {task.key: task for stage in guide.stages[1:] for section in stage.sections for task in section.tasks}
    assert len(guide.stages[0].sections) == len(desired.tables)
    for table, section in zip(desired.tables, guide.stages[0].sections, strict=True):
        tasks = {task.key: task for task in section.tasks} | later
        assert section.title == f"新建表「{table.labels.zh}」"
        assert tasks[str(table.address)].settings == ((f"放在分组「{table.group.zh}」",) if table.group else ())
        for field in table.fields:
            task = tasks[str(field.address)]
            assert task.name == field.labels.zh
            assert task.kind == kind_name(field.kind, "zh")
            assert [choice.name for choice in task.choices] == [option.labels.zh for option in field.options]
            assert task.help == (field.help.zh if field.help else None)
            assert ("必填" in task.marks) is field.required
            assert ("不可重复" in task.marks) is field.unique
            assert ("程序填写" in task.marks) is (field.writer.value == "job")
            assert ("数据标题" in task.marks) is (field.address.key == table.title)
            if field.target:
                assert f"关联到「{desired.table(field.target.key).labels.zh}」" in task.settings
                assert ("可关联多条" if field.many else "只关联一条") in task.settings
        assert next(iter(tasks)) == str(table.address)


def test_no_task_refers_to_what_is_built_later() -> None:
    for desired in (app(), company()):
        built: set[str] = set()
        for task in whole(desired).tasks():
            if task.key.startswith("field:"):
                address = Address.parse(task.key)
                field = desired.field(address)
                needed = {str(address.table)} | ({str(field.target)} if field.target else set())
                assert needed <= built
            built.add(task.key)


def test_circle_of_tables_is_closed_in_a_second_round_and_computed_fields_come_last() -> None:
    guide = whole(company())
    assert [stage.title for stage in guide.stages] == ["建表和字段", "补上关联字段", "计算和附加字段"]
    second, third = guide.stages[1:]
    assert [task.name for section in second.sections for task in section.tasks] == ["负责人"]
    assert [task.name for section in third.sections for task in section.tasks] == ["部门编码", "得分"]
    assert [section.number for section in guide.sections] == [1, 2, 3, 4, 5, 6]


def test_fields_of_jobs_are_set_read_only_once_a_table() -> None:
    guide = whole(company())
    (rights,) = [task for task in guide.tasks() if task.key.startswith("rights:")]
    assert [choice.name for choice in rights.choices] == ["批次"]
    assert guide.sections[2].tasks[-1] is rights


def test_keys_are_unique_and_belong_to_app_and_workspace() -> None:
    guide = whole(app(), place=Place(workspace="4000", name="绩效"))
    keys = [task.key for task in guide.tasks()]
    assert len(keys) == len(set(keys))
    assert guide.memory_key == "huoban-perf/guide/performance/4000/"
    assert whole(app()).memory_key == "huoban-perf/guide/performance/-/"


def test_rest_of_a_half_built_workspace_has_only_what_is_missing() -> None:
    desired = company()
    steps = [
        found
        for found in steps_from_scratch(desired, names="zh")
        if found.address in {field_address("employee", "status"), field_address("department", "head")}
    ]
    guide = guide_of(steps, desired=desired)
    assert [(section.title, section.starter) for section in guide.sections] == [
        ("表「部门」", None),
        ("表「员工」", None),
    ]
    assert len(guide.stages) == 1


def test_relation_of_a_standing_table_to_a_new_one_waits_for_it() -> None:
    desired = company()
    wanted = {table_address("goal"), table_address("employee"), field_address("department", "head")}
    steps = [found for found in steps_from_scratch(desired, names="zh") if found.address in wanted]
    assert [stage.title for stage in guide_of(steps, desired=desired).stages] == ["建表和字段", "补上关联字段"]


def test_changes_options_and_deletions_are_said_with_before_and_after() -> None:
    steps = [
        step(option_address("employee", "status", "left"), Action.CREATE, "员工", "在职状态", "离职"),
        step(field_address("department", "name"), Action.UPDATE, "部门", "部门名称", required=(False, True)),
        step(table_address("old"), Action.DELETE, "旧表"),
        step(field_address("old", "x"), Action.DELETE, "旧表", "旧字段"),
    ]
    guide = guide_of(steps, desired=company())
    said = [(task.does, task.name, task.settings) for task in guide.tasks()]
    assert said == [
        ("新增选项", "离职", ("在字段「在职状态」里新增",)),
        ("修改", "部门名称", ("必填: 否 → 是",)),
        ("删除", "旧表", ("连同其中的数据一起删除",)),
        ("删除", "旧字段", ("连同其中的数据一起删除",)),
    ]
    assert [stage.title for stage in guide.stages] == ["已有字段里的新选项", "修改已有的对象", "删除"]


def test_box_of_a_change_is_another_when_it_changes_to_something_else() -> None:
    address = field_address("department", "name")
    one, two = (
        next(guide_of([step(address, Action.UPDATE, "部门", "名", help=("", to))], desired=company()).tasks()).key
        for to in ("甲", "乙")
    )
    assert one != two


def test_english_names_keep_the_platforms_words() -> None:
    guide = whole(app(), names="en")
    first = guide.sections[0]
    assert first.title == "新建表「Department」"
    assert first.tasks[1].kind == kind_name(FieldKind.TEXT, "zh")


def test_nothing_to_do_has_no_stages() -> None:
    guide = guide_of([], desired=company())
    assert (guide.stages, guide.seconds, guide.starters) == ((), 0, ())


def test_times_come_from_one_table_that_every_guide_prints() -> None:
    assert effort(Work.FIELD, marks=1, options=2, helps=1) == 25 + 4 + 2 * 8 + 12
    assert all(f"{seconds} 秒" in assumption() for seconds in SECONDS.values())
    guide = whole(app())
    assert guide.seconds == sum(section.seconds for section in guide.sections)


def test_durations_are_rounded_up_to_minutes() -> None:
    assert [duration(seconds) for seconds in (0, 1, 60, 61, 3600, 3900)] == [
        "约 0 分钟",
        "约 1 分钟",
        "约 1 分钟",
        "约 2 分钟",
        "约 1 小时",
        "约 1 小时 5 分钟",
    ]
