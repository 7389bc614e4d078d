"""Progress, as a port: long work says how far it is; the command line decides how that looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about long work while it runs."""

    def __call__(self, stage: str, *, subject: str, done: int, total: int) -> None:
        """Take one report.

        Args:
            stage: Message id of what is going on, for example ``progress.write``.
            subject: What it is done to, for example a table's label; may be empty.
            done: How many units are finished.
            total: How many there are.
        """
        ...


def silent(stage: str, *, subject: str, done: int, total: int) -> None:
    """Ignore every report.

    Args:
        stage: Ignored.
        subject: Ignored.
        done: Ignored.
        total: Ignored.
    """
    del stage, subject, done, total
