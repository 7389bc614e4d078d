"""Who of the made-up people is put into a permission group of his own."""

from __future__ import annotations

from collections import Counter

from huoban_perf.demo.accounts import _groups
from huoban_perf.demo.company import sample_company


def test_heads_decide_and_the_office_runs_appraisals() -> None:
    people = {person.number: person for person in sample_company(criteria=1).people}
    groups = _groups(list(people.values()))
    assert Counter(groups.values()) == {"executive": 3, "hr": 1, "payroll": 1, "admin": 1}
    assert {people[number].position for number, group in groups.items() if group == "executive"} == {"GM", "DIR"}
    assert {people[number].department for number, group in groups.items() if group != "executive"} == {"D40"}
