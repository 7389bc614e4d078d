"""What a browser sends for a question, read back: the value for the store, or one Chinese line about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from huoban_perf.sandbox.world.definitions import FieldDef

TEXT_MOST = 20_000
_LINE_MOST = 500
_DIGITS_MOST = 30
Resolve = Callable[[FieldDef, str], list[str]]


class _Choice(Protocol):
    @property
    def value(self) -> str: ...


class Asked(Protocol):
    """What is known of a question."""

    @property
    def field(self) -> FieldDef:
        """What it is about."""
        ...

    @property
    def control(self) -> str:
        """How it was asked."""
        ...

    @property
    def name(self) -> str:
        """Name of its boxes."""
        ...

    @property
    def required(self) -> bool:
        """Whether an empty answer is refused."""
        ...

    @property
    def is_percent(self) -> bool:
        """Whether it was asked in hundredths."""
        ...

    @property
    def choices(self) -> Sequence[_Choice]:
        """What could be picked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One answer.

    Attributes:
        box: What the boxes held, to be shown again.
        value: The value in the form of the API; None for an empty cell.
        error: What is wrong, or empty.
    """

    box: str | tuple[str, ...]
    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as sent: its name without a path, and its content."""

    name: str
    content: bytes


def _keep_none(file: Sent) -> str:
    raise ValueError(file.name)


@dataclass(frozen=True, slots=True)
class Answer:
    """A posted form.

    Attributes:
        sent: Name → everything sent under it.
        files: Name → files sent under it.
        keep: Keeps a file and returns its id.
    """

    sent: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[Sent]] = field(default_factory=dict)
    keep: Callable[[Sent], str] = _keep_none

    def first(self, name: str) -> str:
        """Return the first text under a name, without line ends of another system; empty when there is none."""
        found = self.sent.get(name) or [""]
        return found[0].replace("\r\n", "\n").replace("\0", "").strip()

    def read(self, asked: Asked, *, resolve: Resolve) -> Read:
        """Return what was answered.

        Args:
            asked: The question.
            resolve: Ids of what a name may mean, for a lookup.
        """
        if asked.control == "switch":
            return Read(box=self.first(asked.name), value=bool(self.first(asked.name)))
        if asked.control == "files":
            return self._filed(asked)
        if asked.control in {"radio", "select", "several"}:
            return _picked(asked, [entry for entry in self.sent.get(asked.name, ()) if entry])
        text = self.first(asked.name)
        if not text:
            return Read(box="", error="请填写" if asked.required else "")
        if asked.control == "lookup":
            return _looked_up(asked, text, resolve)
        return _READERS.get(asked.control, _text)(asked, text)

    def _filed(self, asked: Asked) -> Read:
        """Return the files that stay, and those that came."""
        stays = _picked(asked, [entry for entry in self.sent.get(asked.name, ()) if entry])
        came = self.files.get(asked.name, ())
        if stays.error and (stays.box or not came):
            return stays
        ids = [*(stays.value or ()), *(self.keep(file) for file in came)]
        if len(ids) > 1 and not asked.field.holds_several:
            return Read(box=stays.box, error="只能有一个文件; 请先去掉原来的")
        return Read(box=stays.box, value=ids or None)


def _picked(asked: Asked, ids: list[str]) -> Read:
    box = tuple(ids)
    known = {choice.value for choice in asked.choices}
    if not ids:
        return Read(box=box, error="请选择" if asked.required else "")
    if any(entry not in known for entry in ids):
        return Read(box=box, error="没有这个选项, 请重新选择")
    if len(ids) > 1 and not asked.field.holds_several:
        return Read(box=box, error="只能选一项")
    return Read(box=box, value=ids)


def _looked_up(asked: Asked, text: str, resolve: Resolve) -> Read:
    names = [part.strip() for part in text.split("、") if part.strip()] if asked.field.holds_several else [text]
    ids: list[str] = []
    for name in names:
        found = resolve(asked.field, name)
        if len(found) != 1:
            wrong = f"有 {len(found)} 个都叫“{name}”" if found else f"没有找到“{name}”, 请从列表里选"
            return Read(box=text, error=wrong)
        ids += found
    return Read(box=text, value=ids)


def _text(asked: Asked, text: str) -> Read:
    most = TEXT_MOST if asked.control == "long" else _LINE_MOST
    if len(text) > most:
        return Read(box=text, error=f"太长: 最多 {most} 字, 现在 {len(text)} 字")
    return Read(box=text, value=text)


def _number(asked: Asked, text: str) -> Read:
    plain = text.replace(",", "").replace(",", "").removesuffix("%")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(number.as_tuple().digits) > _DIGITS_MOST or abs(number.adjusted()) > _DIGITS_MOST:
        return Read(box=text, error="要填数字, 例如 85 或 92.5")
    decimals = asked.field.decimals
    exponent = number.normalize().as_tuple().exponent
    if decimals is not None and isinstance(exponent, int) and -exponent > decimals:
        return Read(box=text, error=f"最多 {decimals} 位小数" if decimals else "要填整数")
    if asked.is_percent:
        number /= 100
    return Read(box=text, value=int(number) if number == number.to_integral_value() else number)


def _day(asked: Asked, text: str) -> Read:
    del asked
    try:
        return Read(box=text, value=date.fromisoformat(text).isoformat())
    except ValueError:
        return Read(box=text, error="没有这个日期; 请按 年-月-日 填写, 例如 2026-10-08")


def _moment(asked: Asked, text: str) -> Read:
    del asked
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        return Read(box=text, error="没有这个时间; 例如 2026-10-08 14:30")
    return Read(box=text, value=moment.strftime("%Y-%m-%d %H:%M:%S"))


_READERS: Mapping[str, Callable[[Asked, str], Read]] = {"number": _number, "date": _day, "datetime-local": _moment}
