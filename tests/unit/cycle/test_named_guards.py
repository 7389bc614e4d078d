"""Every guard that a shipped machine asks is implemented, and every implemented guard is asked somewhere."""

from __future__ import annotations

from huoban_perf.cycle.guards import CYCLE_GUARDS
from huoban_perf.cycle.guards_reviews import REVIEW_GUARDS
from huoban_perf.cycle.lite.after import LITE_GUARDS
from huoban_perf.cycle.okr import OKR_GUARDS
from huoban_perf.template import compile_schema, load_template, template_names


def asked_guards() -> set[tuple[str, str]]:
    machines = [machine for name in template_names() for machine in compile_schema(load_template(name)).machines]
    return {(machine.table.key, key) for machine in machines for one in machine.transitions for key in one.guards}


def test_guards_of_the_machines_and_of_the_program_are_the_same() -> None:
    implemented = set(CYCLE_GUARDS) | set(REVIEW_GUARDS) | set(LITE_GUARDS) | set(OKR_GUARDS)
    assert asked_guards() - implemented == set()
    assert implemented - asked_guards() == set()
