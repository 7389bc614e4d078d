"""Every further automation of the process is declared, or served by a job, line by line. Source: workflows.md §2."""

from __future__ import annotations

import pytest

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.automations import Notify, RunJob
from huoban_perf.cycle.jobs import JOBS
from huoban_perf.template import load_template, template_names

SERVED = {
    "提名→任务": ("automation:appraisal.nominated",),
    "转办": ("transition:review_task.hand_over",),
    "纠偏: 按钮开记录和培训任务": ("automation:goal.start_correction", "automation:goal.turned_behind"),
    "纠偏: 5 个工作日没有就告知负责人": ("job:progress",),
    "认可通知": ("automation:log.recognised",),
    "30 天没谈": ("automation:appraisal.no_talk",),
    "资源超支": ("automation:plan_task.overspent",),
    "战略调整通知": ("notice:strategy.adjust", "notice:strategy.terminate", "automation:goal.realign"),
    "面谈改期/超期": ("automation:interview.moved", "automation:interview.due"),
    "确认超期": ("automation:cycle.confirmation_due", "job:remind"),
    "申诉时限": ("automation:appeal.limit_near", "automation:appeal.accept_limit"),
    "改进复核到期": ("automation:improvement.review_due", "automation:improvement.review_missed"),
    "应用审批": ("notice:outcome.submit",),
    "建议回复": ("automation:survey.new_suggestion",),
    "离职/调动": ("automation:employee.left", "automation:employee.moved", "automation:assignment.changed"),
    "客户邀请": ("job:open", "job:remind"),
    "客户匹配": ("automation:external_review.answered", "job:match-external"),
    "下阶段目标带入": ("automation:review_task.to_goal",),
    "锁定字段恢复": ("automation:goal.locked_changed", "job:open"),
    "填写时带出指标": ("automation:goal.fill_from_metric", "field:goal.metric_unit", "field:goal.metric_method"),
    "填写时提示 SMART": ("automation:goal.smart_missing", "automation:goal.smart_complete"),
}


@pytest.fixture(name="app", scope="module")
def app_fixture() -> DesiredSchema:
    return load_template("performance").schema


@pytest.mark.parametrize("line", list(SERVED))
def test_line_has_its_server(line: str, app: DesiredSchema) -> None:
    automations = {str(one.address) for one in app.automations}
    for address in SERVED[line]:
        kind, _, place = address.partition(":")
        table, _, key = place.partition(".")
        match kind:
            case "automation":
                assert address in automations
            case "job":
                assert place in JOBS
            case "field":
                assert app.table(table).field(key).kind
            case _:
                machine = app.machine(table)
                assert machine is not None
                transition = next(one for one in machine.transitions if one.key == key)
                assert kind == "transition" or any(isinstance(step, Notify) for step in transition.steps)


@pytest.mark.parametrize("name", template_names())
def test_automation_starts_only_jobs_that_need_nothing_from_outside(name: str) -> None:
    """A job that wants a file would fail each time somebody in the workspace set it off."""
    schema = load_template(name).schema
    steps = [step for one in schema.automations for step in one.steps]
    steps += [step for machine in schema.machines for one in machine.transitions for step in one.steps]
    started = {step.job for step in steps if isinstance(step, RunJob)}
    assert {job for job in started if job in JOBS and JOBS[job].needs} == set()
