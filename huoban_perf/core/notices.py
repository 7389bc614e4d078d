"""Notices: what a person should be told, before any text or channel; and the port that takes them.

A notice is known by receiver, event, object and date, so that a job which runs again tells nobody twice.
Source: workflows.md §6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from huoban_perf.core.errors import FactValue


class Mode(StrEnum):
    """When a notice goes out."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    MORNING = "morning"
    """On its own at 09:00 of the next working day, whatever else went out."""
    EXEMPT = "exempt"
    """At once, beyond the three a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing one person should know.

    Attributes:
        receiver: Member id, ``group:<name>`` for a group robot, or ``mail:<address>`` for a customer.
        event: Which text; a key of ``notices/texts.yaml``.
        object: Natural key or code of what it is about.
        day: The day it belongs to, local.
        facts: Placeholders of the text; never a score, grade, amount or rater.
        link: Where the reader goes from here, or empty.
        mode: When it goes out.
    """

    receiver: str
    event: str
    object: str
    day: date
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    link: str = ""
    mode: Mode = Mode.DIGEST

    @property
    def key(self) -> str:
        """The natural key ``[receiver|event|object|date]``. Source: data-model.md §1 rule 8."""
        return f"[{self.receiver}|{self.event}|{self.object.strip('[]')}|{self.day:%Y-%m-%d}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """One notice as its receiver finds it in the workspace.

    Attributes:
        key: Natural key of the notice.
        receiver: Member id; groups have no inbox.
        text: One line without score, grade, amount, rater or appeal.
        link: Where the reader goes from here, or empty.
        state: ``pending``, ``sent``, ``failed`` or ``dropped``: what came of the message outside.
    """

    key: str
    receiver: str
    text: str
    link: str
    state: str


class NoticeSink(Protocol):
    """Takes notices; a key it holds already is ignored."""

    def put(self, notices: Iterable[Notice]) -> int:
        """Keep the notices durably and return how many were new."""
        ...
