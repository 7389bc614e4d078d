"""Every line of the process has a server in the app, and every part of the app that people use serves a line."""

from __future__ import annotations

from itertools import groupby

import pytest

from huoban_perf.template import load_template, trace_of
from huoban_perf.template.trace import Served, server_names

PROCESS = {
    "六个阶段": ("目标设定", "绩效计划", "实施与监控", "绩效评估", "反馈与沟通", "结果应用"),
    "公平性": ("明确的标准", "多维度评估", "透明的流程", "申诉机制"),
    "流程优化": ("流程简化", "数据驱动", "员工参与", "技术更新"),
    "战略匹配": ("战略分解", "动态调整", "资源分配", "反馈与修正"),
}
"""The lines of process.md."""

GROUND = {"部门", "员工", "任职记录", "考核方案", "加减分", "运行记录"}
"""Tables that every line stands on, rather than serving one."""


@pytest.fixture(name="trace", scope="module")
def trace_fixture() -> tuple[Served, ...]:
    return tuple(trace_of(load_template("performance")))


def test_trace_states_every_line_of_the_process_in_order(trace: tuple[Served, ...]) -> None:
    stated = {
        part: tuple(dict.fromkeys(one.line.zh for one in lines))
        for part, lines in groupby(trace, key=lambda one: one.part.zh)
    }
    assert stated == PROCESS


def test_trace_every_claim_is_served_by_something_of_the_app(trace: tuple[Served, ...]) -> None:
    known = server_names(load_template("performance").schema)
    for one in trace:
        assert one.servers, one.claim
        assert all(known[name] == label for name, label in one.servers.items())


def test_trace_every_line_is_served_where_people_see_it_or_by_a_job(trace: tuple[Served, ...]) -> None:
    """A table or field alone serves nobody: a view, form, page, action, automation or job must bring it."""
    for key, claims in groupby(trace, key=lambda one: one.key):
        kinds = {name.split(":")[0] for one in claims for name in one.servers}
        assert kinds - {"table", "field"}, key


def test_trace_every_table_serves_a_line(trace: tuple[Served, ...]) -> None:
    served = {name.split(":")[1].split(".")[0] for one in trace for name in one.servers}
    idle = {table.labels.zh for table in load_template("performance").schema.tables if table.key not in served}
    assert idle == GROUND


def test_small_app_serves_every_line_too() -> None:
    """The same process in eight tables: every line has a server that people see or a job."""
    small = load_template("performance-lite")
    trace = tuple(trace_of(small))
    stated = {
        part: tuple(dict.fromkeys(one.line.zh for one in lines))
        for part, lines in groupby(trace, key=lambda one: one.part.zh)
    }
    assert stated == PROCESS
    known = server_names(small.schema)
    assert all(known[name] == label for one in trace for name, label in one.servers.items())
    for key, claims in groupby(trace, key=lambda one: one.key):
        kinds = {name.split(":")[0] for one in claims for name in one.servers}
        assert kinds - {"table", "field"}, key
    served = {name.split(":")[1].split(".")[0] for one in trace for name in one.servers}
    assert {table.key for table in small.schema.tables} - served == {"employee"}
