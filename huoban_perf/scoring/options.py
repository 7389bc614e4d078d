"""How an option of a scheme is declared once: its reading, its default, its unit and whether it follows the scale.

A scheme block is a frozen dataclass whose fields are made by the functions here; ``scheme_document`` walks the same
declarations in both directions. Numbers end in ``_d4`` in Python (ten-thousandths) and lose the suffix in documents.

Source: scoring.md S0 (policies; default constants scale along).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import D4, Rounding, half_away, parse_d4, text_of

HUNDRED_D4: Final = 100 * D4


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a scheme document a value stands.

    Attributes:
        path: Dotted path, for example ``raters.groups[2].weight``.
        scale_d4: The scheme's scale, by which default constants are scaled.
        problems: Where faults are collected.
    """

    path: str
    scale_d4: int
    problems: list[Problem]

    def at(self, key: str | int) -> Place:
        """Return the place one level down.

        Args:
            key: Mapping key or list index.

        Returns:
            The inner place.
        """
        step = f"[{key}]" if isinstance(key, int) else (f".{key}" if self.path else key)
        return Place(f"{self.path}{step}", self.scale_d4, self.problems)

    def fault(self, code: str, **facts: str | int) -> None:
        """Note one fault.

        Args:
            code: Message id after ``scheme.``.
            facts: Placeholders of the message.
        """
        self.problems.append(Problem(code=f"scheme.{code}", facts=facts, address=self.path))


Reader = Callable[[object, Place], Any]
Writer = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Option:
    """Reading and writing of one field.

    Attributes:
        read: Document value → Python value; faults go to the place.
        write: Python value → document value.
        scaled: The default follows the scheme's scale.
    """

    read: Reader
    write: Writer
    scaled: bool = False


def document_key(name: str) -> str:
    """Return the document's key of a field.

    Args:
        name: Field name; a trailing ``_d4`` is a unit and not part of the document.

    Returns:
        For example ``weight`` for ``weight_d4``.
    """
    return name.removesuffix("_d4")


def number(default: str | None = None, *, low: str | None = "0", high: str | None = None, scaled: bool = False) -> Any:
    """Declare an exact number, kept as ten-thousandths.

    Args:
        default: Default in the document's own form; None = empty.
        low: Least allowed value, or None.
        high: Greatest allowed value, or None.
        scaled: A number of points whose default follows the scheme's scale.

    Returns:
        A dataclass field.
    """
    default_d4, low_d4, high_d4 = (None if bound is None else parse_d4(bound) for bound in (default, low, high))

    def read(value: object, place: Place) -> int | None:
        if value is None or value == "":
            return None
        try:
            found = parse_d4(value)
        except ValueError:
            place.fault("not_a_number", value=str(value))
            return default_d4
        if (low_d4 is not None and found < low_d4) or (high_d4 is not None and found > high_d4):
            place.fault("out_of_bounds", value=str(value), low=low or "-", high=high or "-")
        return found

    option = Option(read, lambda kept: None if kept is None else text_of(kept, digits=4), scaled)
    return dataclasses.field(default=default_d4, metadata={"option": option})


def whole(default: int | None = None, *, low: int = 0, high: int = 1_000_000) -> Any:
    """Declare a whole number.

    Args:
        default: Default value; None = empty.
        low: Least allowed value.
        high: Greatest allowed value.

    Returns:
        A dataclass field.
    """

    def read(value: object, place: Place) -> int | None:
        text = str(value).strip()
        if value is None or text == "":
            return default
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()):
            place.fault("not_a_whole_number", value=text)
            return default
        if not low <= int(text) <= high:
            place.fault("out_of_bounds", value=text, low=low, high=high)
        return int(text)

    return dataclasses.field(default=default, metadata={"option": Option(read, lambda kept: kept)})


def choice(default: str, *allowed: str) -> Any:
    """Declare one policy word out of several.

    Args:
        default: The default word.
        allowed: The other words.

    Returns:
        A dataclass field.
    """
    words = (default, *allowed)

    def read(value: object, place: Place) -> str:
        if value not in words:
            place.fault("unknown_policy", value=str(value), allowed=", ".join(words))
            return default
        return str(value)

    return dataclasses.field(default=default, metadata={"option": Option(read, lambda kept: kept)})


def text(default: str = "") -> Any:
    """Declare free text.

    Args:
        default: Default text.

    Returns:
        A dataclass field.
    """
    option = Option(lambda value, _: "" if value is None else str(value), lambda kept: kept)
    return dataclasses.field(default=default, metadata={"option": option})


def flag(*, default: bool | None) -> Any:
    """Declare a yes or no.

    Args:
        default: Default answer; None = decided by the rest of the block.

    Returns:
        A dataclass field.
    """

    def read(value: object, place: Place) -> bool | None:
        if value is None or isinstance(value, bool):
            return default if value is None else value
        if str(value) not in {"true", "false"}:
            place.fault("unknown_policy", value=str(value), allowed="true, false")
        return str(value) == "true"

    return dataclasses.field(default=default, metadata={"option": Option(read, lambda kept: kept)})


def names(*default: str) -> Any:
    """Declare a list of words.

    Args:
        default: Default words.

    Returns:
        A dataclass field holding a tuple.
    """

    def read(value: object, place: Place) -> tuple[str, ...]:
        return tuple(str(part) for part in _sequence(value, place))

    return dataclasses.field(default=default, metadata={"option": Option(read, list)})


def block(kind: type) -> Any:
    """Declare a nested block.

    Args:
        kind: The block's dataclass.

    Returns:
        A dataclass field whose default is the block with all its defaults.
    """
    option = Option(lambda value, place: read_block(kind, value, place), write_block)
    return dataclasses.field(default_factory=kind, metadata={"option": option})


def blocks(kind: type, default: Callable[[], tuple[Any, ...]] = tuple, *, scaled: bool = False) -> Any:
    """Declare a list of blocks.

    Args:
        kind: The dataclass of one entry.
        default: Makes the default entries.
        scaled: The numbers of the default entries marked so follow the scale.

    Returns:
        A dataclass field holding a tuple.
    """

    def read(value: object, place: Place) -> tuple[Any, ...]:
        return tuple(read_block(kind, part, place.at(index)) for index, part in enumerate(_sequence(value, place)))

    option = Option(read, lambda kept: [write_block(part) for part in kept], scaled)
    return dataclasses.field(default_factory=default, metadata={"option": option})


def table(read_value: Reader, write_value: Writer) -> Any:
    """Declare a mapping of names to values, empty by default.

    Args:
        read_value: Reads one value.
        write_value: Writes one value.

    Returns:
        A dataclass field holding a dict.
    """

    def read(value: object, place: Place) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            place.fault("not_a_mapping", value=str(value))
            return {}
        return {str(key): read_value(part, place.at(str(key))) for key, part in value.items()}

    option = Option(read, lambda kept: {key: write_value(kept[key]) for key in sorted(kept)})
    return dataclasses.field(default_factory=dict, metadata={"option": option})


def read_rounding(value: object, place: Place) -> Rounding:
    """Read ``{decimals, mode}``.

    Args:
        value: Document value.
        place: Where it stands.

    Returns:
        The rounding; faults leave six decimals.
    """
    entry = value if isinstance(value, Mapping) else {"decimals": value}
    decimals, mode = str(entry.get("decimals", "")), str(entry.get("mode", "half_away"))
    if decimals not in set("0123456"):
        place.fault("out_of_bounds", value=decimals, low=0, high=6)
        decimals = "6"
    if mode not in {"half_away", "truncate", "up", "half_even"}:
        place.fault("unknown_policy", value=mode, allowed="half_away, truncate, up, half_even")
        mode = "half_away"
    return Rounding(int(decimals), mode)


def read_block(kind: type, value: object, place: Place) -> Any:
    """Read a block: declared keys only, defaults for the rest.

    Args:
        kind: The block's dataclass.
        value: A mapping.
        place: Where it stands; faults are collected there.

    Returns:
        An instance of ``kind``.
    """
    if not isinstance(value, Mapping):
        place.fault("not_a_mapping", value=str(value))
        value = {}
    fields = {document_key(field.name): field for field in dataclasses.fields(kind)}
    for key in value:
        if key not in fields:
            place.at(str(key)).fault("unknown_key", allowed=", ".join(fields))
    kept: dict[str, Any] = {}
    for key, field in fields.items():
        option: Option = field.metadata["option"]
        if value.get(key) is not None:
            kept[field.name] = option.read(value[key], place.at(key))
        elif option.scaled:
            kept[field.name] = scale_default(_default(field), place.scale_d4)
        elif dataclasses.is_dataclass(field.default_factory):
            kept[field.name] = read_block(field.default_factory, {}, place.at(key))
    return kind(**kept)


def scale_default(default: Any, scale_d4: int) -> Any:
    """Scale a default constant, or the scaled numbers of a list of default blocks.

    Args:
        default: Ten-thousandths, None, or a tuple of blocks.
        scale_d4: The scheme's scale.

    Returns:
        The default in the scheme's own points.
    """
    if isinstance(default, tuple):
        return tuple(
            dataclasses.replace(
                part,
                **{
                    field.name: scale_default(getattr(part, field.name), scale_d4)
                    for field in dataclasses.fields(part)
                    if field.metadata["option"].scaled
                },
            )
            for part in default
        )
    return None if default is None else half_away(default * scale_d4, HUNDRED_D4)


def write_block(kept: Any) -> dict[str, object]:
    """Write a block with every value, defaults included.

    Args:
        kept: An instance of a block's dataclass.

    Returns:
        A JSON-able mapping; numbers as text without trailing zeros.
    """
    return {
        document_key(field.name): field.metadata["option"].write(getattr(kept, field.name))
        for field in dataclasses.fields(kept)
    }


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _sequence(value: object, place: Place) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    place.fault("not_a_list", value=str(value))
    return ()
