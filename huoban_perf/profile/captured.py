"""Looking at stored automations without a connection: the platform's adapter knows their rules."""

from __future__ import annotations

from huoban_perf.core.errors import Problem
from huoban_perf.platforms.huoban.gateway import lint, read_captured


def lint_captured(text: str, *, source: str) -> list[Problem]:
    """Return every rule that a stored automation breaks.

    Args:
        text: The file's text.
        source: The file, for messages.

    Returns:
        Problems with their places; empty when it is sound.

    Raises:
        PlanError: It is no stored automation, or was edited by hand.
    """
    captured = read_captured(text, source=source)
    return lint(captured.document, sort=captured.sort)
