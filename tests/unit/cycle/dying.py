"""A connection that dies, like a killed process, after some writes: before or after their effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.unit.cycle.company import Firm


class Died(BaseException):
    """The process is gone; nothing may catch this on purpose."""


@contextmanager
def dying(company: Firm, allowed: int, *, before: bool = False) -> Iterator[Callable[[], bool]]:
    """Let a company's connection die at a write.

    Args:
        company: Whose.
        allowed: Writes that are answered.
        before: Die before the effect of the next write, else after the effect of the last allowed one.

    Yields:
        Whether it died.
    """
    memory = company.memory
    submit = memory.submit
    count = 0
    dead = False

    def counted(**asked: Any) -> Any:
        nonlocal count, dead
        count += 1
        if before and count > allowed:
            dead = True
            raise Died
        answer = submit(**asked)
        if not before and count >= allowed:
            dead = True
            raise Died
        return answer

    memory.submit = counted  # type: ignore[method-assign]
    try:
        yield lambda: dead
    finally:
        memory.submit = submit  # type: ignore[method-assign]
