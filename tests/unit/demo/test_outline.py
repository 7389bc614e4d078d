from __future__ import annotations

import pytest

from huoban_perf.demo.company import sample_company
from huoban_perf.demo.outline import DEMO, LEAST_PEOPLE, MARK, is_seeded, outline_for

SIZES = (LEAST_PEOPLE, 13, 30, 64, 200, 2000)


@pytest.mark.parametrize("people", SIZES)
def test_a_company_has_exactly_the_people_asked_for(people: int) -> None:
    company = sample_company(criteria=1, outline=outline_for(people))
    assert len(company.people) == people
    by_number = {person.number: person for person in company.people}
    assert len(by_number) == people
    assert all(by_number[person.manager].level < person.level for person in company.people[1:])
    teams = [sum(1 for one in company.people if one.department == team.department) for team in company.outline.teams]
    assert min(teams) >= 5
    assert max(teams) <= 15


@pytest.mark.parametrize("people", SIZES)
def test_no_code_of_a_department_or_person_is_part_of_another(people: int) -> None:
    company = sample_company(criteria=1, outline=outline_for(people))
    codes = [entry.code for entry in company.outline.departments] + [person.number for person in company.people]
    codes += [form.rater for form in company.forms if form.external]
    assert len(set(codes)) == len(codes)
    kinds = {(code[: len(MARK) + 1], len(code)) for code in codes}
    assert len(kinds) == len({letter for letter, _ in kinds}) == 4, "codes of one length cannot hold each other"


@pytest.mark.parametrize("people", [LEAST_PEOPLE - 1, 20001])
def test_sizes_that_no_company_has_are_refused(people: int) -> None:
    with pytest.raises(ValueError, match=str(people)):
        outline_for(people)


def test_every_trade_is_there_from_a_middling_size_on() -> None:
    trades = [team.position for team in outline_for(200).teams]
    assert {trade: trades.count(trade) for trade in dict.fromkeys(trades)} == {
        "SALE": 6, "DEV": 5, "CS": 3, "PROD": 2, "ADM": 2
    }  # fmt: skip
    names = [entry.name for entry in outline_for(2000).departments]
    assert len(set(names)) == len(names)
    assert "销售六十一部" in names


def test_the_seed_knows_its_own_rows_by_their_keys() -> None:
    for key in ("SEEDE000001", f"[{MARK}-2026Q3|SEEDE000001]", "[2026Q4|SEEDE000001]", "[2026Q3|D:SEEDT0001|x]"):
        assert is_seeded(key)
    for key in ("", "E001", "[2026Q3|E001]", "[2026Q3|D:D00|main]", "[2026|M-SEED]", "XSEED"):
        assert not is_seeded(key)
    assert not any(is_seeded(entry.code) for entry in DEMO.departments)
