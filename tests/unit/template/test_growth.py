"""The growth file of a template: read whole, and all its mistakes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.core.errors import TemplateError
from huoban_perf.template.growth import FILE, read_growth

MISTAKEN = """
to: performance
fields:
  employee.name: {to: [a]}
options:
  goal.level.person: {becomes: [a, b]}
assumed:
  company: {}
"""


def test_growth_with_mistakes_lists_each_by_its_place(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(MISTAKEN, encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        read_growth(tmp_path)
    places = {str(problem.facts["place"]) for problem in caught.value.problems}
    assert {problem.code for problem in caught.value.problems} == {"template.growth_fault"}
    assert {problem.file for problem in caught.value.problems} == {FILE}
    assert any(place.startswith("fields.employee.name") for place in places)
    assert any(place.startswith("options.goal.level.person") for place in places)
    assert any(place.startswith("assumed") for place in places)


def test_growth_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        read_growth(tmp_path)
    assert [problem.file for problem in caught.value.problems] == [FILE]
