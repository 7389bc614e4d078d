"""Every section of the rule book is named by tests of its own."""

from __future__ import annotations

import pytest

from tests.rules import SECTIONS, main, rule_table

TABLE = rule_table()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_has_tests_that_name_it(section: int) -> None:
    found = TABLE[section]
    assert len(found.cases) + len(found.named) >= 2, f"S{section}"


def test_the_table_is_printed_and_lists_the_tests_of_a_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.count("\nS") == len(SECTIONS)
    assert main(["S14"]) == 0
    assert "test_s14_" in capsys.readouterr().out
