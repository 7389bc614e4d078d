"""What the executor is handed in: checks, people, jobs and words that it does not know itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from huoban_perf.core.errors import FactValue
from huoban_perf.core.notices import NoticeSink
from huoban_perf.core.values import Values
from huoban_perf.sync.book import Row

Verdict = Mapping[str, FactValue] | None
"""Facts of a guard's refusal, or None when it holds."""

GuardCheck = Callable[[Row], Verdict]
"""Checks one row; what it reads beyond the row comes from the row's own book."""


def _no_words(code: str, facts: Mapping[str, FactValue]) -> str:
    return f"{code} {dict(facts)}"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the executor is handed in.

    Attributes:
        guards: (table, guard) → check; a guard that is missing here refuses.
        start_job: Starts a job by name, for the row's cycle, after this round.
        notices: Takes notices.
        role_members: Role → members.
        words: Message id and facts → Chinese text, for refusals.
        stages_off: Row → stages its cycle does not have.
        actor_check: ``enforce``, ``record`` or ``auto``: whether an action by somebody whom the transition does not
            name is refused; ``auto`` refuses where the connection tells who edited an item. Source: workflows.md §1.
        settle_polls: Looks that 确认目标, 批准变更, 公布 and decisions on appeals wait, so that a slip can be undone.
        key_of: Row that a person made → parts of its natural key, or None when it cannot be told yet.
        known_of: Row that a person made → what it still lacks and the program can tell.
        columns_of: Row that a person made → its permission columns, so that those it concerns see it at once.
        keep_on: Called now and then during long work that asks the platform nothing, to keep the lease; raises
            LeaseLostError when another has taken over.
    """

    guards: Mapping[tuple[str, str], GuardCheck]
    start_job: Callable[[str], None]
    notices: NoticeSink
    role_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Callable[[str, Mapping[str, FactValue]], str] = _no_words
    stages_off: Callable[[Row], frozenset[str]] = lambda _: frozenset()
    actor_check: str = "auto"
    settle_polls: int = 0
    key_of: Callable[[Row], str | None] = lambda _: None
    known_of: Callable[[Row], Values] = lambda _: {}
    columns_of: Callable[[Row], Values] = lambda _: {}
    keep_on: Callable[[], None] = lambda: None
