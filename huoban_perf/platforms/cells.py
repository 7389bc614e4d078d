"""Cells: what every adapter's codecs share, and what goes wrong with one cell, said so that a person finds it.

A codec raises ValueError, TypeError or one of the errors here; ``encoded`` and ``decoded`` turn that into an error with
table, field, kind and row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.errors import FactValue, NotFoundError, ProtocolError, RejectedError
from huoban_perf.core.schema import FieldSpec, TableSpec
from huoban_perf.core.values import Value

Decode = Callable[[Any], Value]
Encode = Callable[[Value], Any]

BAD_CELL = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, StopIteration)
"""What a decoder raises for a cell that is not of its kind."""


class UnknownOptionError(ValueError):
    """An option that the template or the bindings do not know.

    Attributes:
        option: Its key, or its id and name as the platform shows them.
    """

    def __init__(self, option: str) -> None:
        """Keep the option."""
        super().__init__(option)
        self.option = option


class UnholdableError(ValueError):
    """A value the platform would bend.

    Attributes:
        code: Message id that says why.
    """

    def __init__(self, code: str) -> None:
        """Keep the reason."""
        super().__init__(code)
        self.code = code


class ReadOnlyFieldError(ValueError):
    """The platform fills the field by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """Both directions of one field, prepared once and used for every item."""

    decode: Decode
    encode: Encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cell stands, for errors."""

    table: TableSpec
    field: FieldSpec
    row: str

    def facts(self) -> dict[str, FactValue]:
        """Return what names the cell in an error."""
        return {
            "table": self.table.labels.zh,
            "field": self.field.labels.zh,
            "kind": self.field.kind.value,
            "row": self.row,
        }


def encoded(codec: Codec, value: Value, *, place: Place) -> Any:
    """Turn one value into its wire form.

    Args:
        codec: Of its field.
        value: The value.
        place: Where it stands; its row is the natural key.

    Returns:
        The wire value.

    Raises:
        NotFoundError: An option is not bound.
        RejectedError: The value does not fit, or the field is read-only.
    """
    try:
        return codec.encode(value)
    except UnknownOptionError as error:
        raise NotFoundError("platform.unbound_option", facts=place.facts() | {"option": error.option}) from error
    except ReadOnlyFieldError as error:
        raise RejectedError("platform.read_only_field", facts=place.facts()) from error
    except UnholdableError as error:
        raise RejectedError(error.code, facts=place.facts()) from error
    except (ValueError, TypeError) as error:
        raise RejectedError("platform.value", facts=place.facts() | {"found": type(value).__name__}) from error


def decoded(codec: Codec, cell: Any, *, place: Place, endpoint: str) -> Value:
    """Turn one cell into its value.

    Args:
        codec: Of its field.
        cell: As it came.
        place: Where it stands; its row is the item's id.
        endpoint: What was called.

    Returns:
        The value.

    Raises:
        NotFoundError: The cell holds a choice that is not bound.
        ProtocolError: The cell is not of its written form.
    """
    try:
        return codec.decode(cell)
    except UnknownOptionError as error:
        facts = place.facts() | {"option": error.option}
        raise NotFoundError("platform.unbound_option", endpoint=endpoint, facts=facts) from error
    except BAD_CELL as error:
        facts = place.facts() | {"found": type(cell).__name__}
        raise ProtocolError("platform.cell", endpoint=endpoint, facts=facts) from error
