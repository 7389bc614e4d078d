from __future__ import annotations

from huoban_perf.cli.exits import Exit, exit_of
from huoban_perf.cli.texts import error_lines, problem_line, text
from huoban_perf.core.errors import (
    AccessError,
    HuobanPerfError,
    Problem,
    ProtocolError,
    SchemeError,
    SealedCycleError,
    SyncError,
    TemplateError,
    UnconfirmedWriteError,
)


def test_text_fills_placeholders_and_never_fails_on_missing_ones() -> None:
    assert "R1" in text("sync.no_run", locale="zh", facts={"run": "R1", "known": ("A", "B")})
    assert "?" in text("sync.no_run", locale="en", facts={"run": "R1"})
    assert text("no.such", locale="zh", facts={"a": 1}) == "no.such {'a': 1}"


def test_problem_line_names_file_line_and_address() -> None:
    problem = Problem(
        code="sync.row_refused", facts={"key": "[E1]", "reason": "必填"}, file="a.yaml", line=3, address="field:a.b"
    )
    assert problem_line(problem, locale="zh") == "a.yaml:3 field:a.b  [E1]: 平台拒绝, 原因: 必填"


def test_long_lists_of_problems_are_cut_and_counted() -> None:
    problems = [Problem(code="sync.row_refused", facts={"key": f"[E{n}]", "reason": "x"}) for n in range(25)]
    error = SyncError("sync.rows_refused", facts={"table": "员工", "count": 25}, problems=problems)
    lines = error_lines(error, locale="zh")
    assert len(lines) == 22
    assert "5" in lines[-1]


def test_each_kind_of_error_has_its_exit_code() -> None:
    expected = {
        AccessError("platform.denied"): Exit.NO_ACCESS,
        TemplateError("x"): Exit.INVALID,
        SchemeError("x"): Exit.INVALID,
        SealedCycleError("x"): Exit.REFUSED,
        UnconfirmedWriteError("x"): Exit.PARTLY_DONE,
        ProtocolError("x"): Exit.ERROR,
        HuobanPerfError("x"): Exit.ERROR,
    }
    assert {error: exit_of(error) for error in expected} == expected
