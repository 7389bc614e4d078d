"""What every stored artifact (state, plan, report) shares: frozen, strict, nothing unknown, addresses as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.errors import FactValue, Problem

Attributes = dict[str, AttributeValue]
"""Managed attribute → value. A missing name means *not stated* (wish) or *not shown* (read), never *empty*."""


def _address(value: object) -> object:
    return Address.parse(value) if isinstance(value, str) else value


AddressText = Annotated[Address, BeforeValidator(_address), PlainSerializer(str, return_type=str)]
"""An address that is written in its printed form."""


class Artifact(BaseModel):
    """Root of the stored models."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Note(Artifact):
    """Something a reader should know that is no step: message id, where, and its facts.

    Attributes:
        code: Message id.
        address: The object meant, or None.
        facts: Placeholders of the message.
    """

    code: str
    address: AddressText | None = None
    facts: dict[str, FactValue] = Field(default_factory=dict)

    def problem(self) -> Problem:
        """Return the note as a problem of an error."""
        return Problem(code=self.code, facts=self.facts, address=None if self.address is None else str(self.address))
