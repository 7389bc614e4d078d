"""How an item of the old place should stand at the new one, and what of it cannot be carried.

Choices are keys and need no change; relations, people and files are ids, which differ from place to place. What has no
equal at the new place is left out of the wish and noted as a loss, so that wish and result can be compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.digest import digest
from huoban_perf.core.equality import equal, is_empty
from huoban_perf.core.schema import COMPUTED_KINDS, MEMBER_KINDS, FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import Value, Values

FILE_KINDS = frozenset({FieldKind.FILE, FieldKind.IMAGE, FieldKind.SIGNATURE})

_NOT_CARRIED = COMPUTED_KINDS | {FieldKind.SEPARATOR, FieldKind.SUB_TABLE}
"""Kinds that hold nothing of their own: the new place computes them, or shows the other end of a relation."""

_MARKABLE = (FieldKind.TEXT, FieldKind.SCAN, FieldKind.TEXT_LONG)
_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that cannot be carried.

    Attributes:
        code: Message id: why.
        table: The table.
        field: The field, or None for whole items.
        count: In how many items.
        examples: Natural keys (or ids) of the first few of them.
    """

    code: str
    table: TableSpec
    field: FieldSpec | None
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Losses:
    """Losses as they are met, counted by reason and field."""

    found: dict[tuple[str, str, str], Loss] = field(default_factory=dict)

    def add(self, code: str, *, table: TableSpec, field: FieldSpec | None, item: str) -> None:
        """Count one item."""
        place = (code, table.key, "" if field is None else field.address.key)
        known = self.found.get(place)
        examples = () if known is None else known.examples
        self.found[place] = Loss(
            code=code,
            table=table,
            field=field,
            count=1 if known is None else known.count + 1,
            examples=examples if len(examples) >= _EXAMPLES else (*examples, item),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of ids at both places.

    Attributes:
        standing: Table key → item ids of the old place.
        pairs: Table key → item id at the old place → at the new.
        people: Member id likewise.
        files: File id likewise; ``new:…`` for a file still to be sent.
    """

    standing: Mapping[str, frozenset[str]]
    pairs: Mapping[str, Mapping[str, str]]
    people: Mapping[str, str]
    files: Mapping[str, str]


def carried_fields(table: TableSpec) -> tuple[FieldSpec, ...]:
    """Return the fields whose values are carried."""
    return tuple(one for one in table.fields if one.kind not in _NOT_CARRIED)


def marked_field(table: TableSpec) -> str | None:
    """Return the field that tells items apart while they are being made: the key, else a text field; None without."""
    if table.key_field is not None:
        return table.key_field
    texts = sorted(
        (one for one in table.fields if one.kind in _MARKABLE),
        key=lambda one: (one.address.key != table.title, _MARKABLE.index(one.kind)),
    )
    return texts[0].address.key if texts else None


class Wisher:
    """Turns items of the old place into wishes for the new one."""

    def __init__(self, *, known: Known, capabilities: Capabilities, losses: Losses) -> None:
        """Keep what is known.

        Args:
            known: Ids at both places.
            capabilities: Of the new place.
            losses: Gets what cannot be carried.
        """
        self._known = known
        self._capabilities = capabilities
        self._losses = losses

    def row(self, table: TableSpec, item_id: str, values: Values) -> dict[str, Value]:
        """Return how an item should stand at the new place, as far as the ids of its relations are known.

        Args:
            table: The table at the new place.
            item_id: At the old place.
            values: At the old place.

        Returns:
            Field key → value; a field that cannot be carried is None: empty at the new place.
        """
        name = values.get(table.key_field or "") or item_id
        wished: dict[str, Value] = {}
        for one in carried_fields(table):
            value = values.get(one.address.key)
            reason: list[str] = []
            wished[one.address.key] = None if is_empty(value) else self._value(one, value, reason.append)
            for code in reason:
                self._losses.add(code, table=table, field=one, item=str(name))
        return wished

    def _value(self, spec: FieldSpec, value: Value, lose: Callable[[str], None]) -> Value:
        if spec.kind not in self._capabilities.field_kinds:
            lose("move.loss_kind")
            return None
        if spec.kind is FieldKind.RELATION and spec.target is not None:
            target = spec.target.key
            ids = cast("tuple[str, ...]", value)  # of a relation, by the table in core.values
            if any(one not in self._known.standing.get(target, frozenset()) for one in ids):
                lose("move.loss_dangling")
            return _mapped(ids, self._known.pairs.get(target, {}))
        if spec.kind in MEMBER_KINDS:
            return self._exchanged(value, self._known.people, lambda: lose("move.loss_person"))
        if spec.kind in FILE_KINDS:
            return self._exchanged(value, self._known.files, lambda: lose("move.loss_file"))
        if isinstance(value, Decimal) and _is_too_long(value, self._capabilities.significant_digits):
            lose("move.loss_digits")
            return None
        return value

    @staticmethod
    def _exchanged(value: Value, known: Mapping[str, str], lose: Callable[[], None]) -> Value:
        ids = cast("tuple[str, ...]", value)  # of people or files, by the table in core.values
        if any(one not in known for one in ids):
            lose()
        return _mapped(ids, known)


def differing(table: TableSpec, standing: Values, wished: Values) -> tuple[str, ...]:
    """Return the carried fields in which an item does not stand as wished."""
    keys = (one.address.key for one in carried_fields(table))
    return tuple(key for key in keys if not equal(standing.get(key), wished.get(key)))


def row_digest(table: TableSpec, values: Values) -> str:
    """Return a digest of an item's carried values: equal for values that ``core.equality`` calls equal."""
    plain: dict[str, object] = {}
    for one in carried_fields(table):
        value = values.get(one.address.key)
        if is_empty(value) or value is False:
            continue
        if isinstance(value, tuple):
            value = tuple(sorted(value))
        elif isinstance(value, datetime):
            value = value.astimezone(UTC).replace(microsecond=0)
        plain[one.address.key] = value
    return digest(plain)


def _mapped(ids: tuple[str, ...], known: Mapping[str, str]) -> tuple[str, ...] | None:
    return tuple(known[one] for one in ids if one in known) or None


def _is_too_long(value: Decimal, most: int | None) -> bool:
    return most is not None and len(value.normalize().as_tuple().digits) > most
