"""``trace.yaml``: every line of the process and what of the app serves it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from huoban_perf.template.text_model import Key, LabelsText, Said, Text

ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z]+:[a-z][a-z0-9_.-]*$", max_length=200)]
"""``table:goal``, ``field:goal.metric``, ``view:…``, ``form:…``, ``page:hr``, ``automation:goal.realign``,
``action:appraisal.submit_goals`` (a transition of a state machine) or ``job:score``."""


class ClaimText(Text):
    """One thing that a person can do or see, or that a job does for them."""

    zh: Said
    en: Said
    served_by: tuple[ServerName, ...] = Field(min_length=1)


class TraceLineText(Text):
    """One line of the process."""

    key: Key
    part: LabelsText
    """Heading it stands under: stages, fairness, optimisation, strategy."""
    labels: LabelsText
    claims: tuple[ClaimText, ...] = Field(min_length=1)


class TraceText(Text):
    """The process and what serves it: ``trace.yaml``."""

    lines: tuple[TraceLineText, ...] = Field(min_length=1)
