"""The sample company: about sixty people, four levels of command, one finished quarter; the same at every run.

Nobody in it is real: names are drawn from common family and given names. The figures are made so that a first look at
the result shows something of everything: a star, a weak quarter, a missing month, a newcomer who is not appraised, a
severe and a lenient superior, a customer group too small to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from huoban_perf.demo.contracts import CONTRACTS, LEADERS, LEADING, ContractLine
from huoban_perf.demo.outline import DEMO, Outline

CYCLE = DEMO.cycle
START = date(2026, 7, 1)
END = date(2026, 9, 30)

_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾"
_GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀兰 霞 平 刚 桂英 建国 文静 志强 雨桐 子涵 浩然 欣怡 思远 佳宁 "
    "俊杰 梓萱 晨曦 嘉怡 海燕 国庆 晓东 丽华 建华 春梅 振宇 雪梅 立新 小红 天宇 一鸣 若曦 安琪 "
    "家豪 诗涵 宏伟 婉婷 永康 美玲 "
    "泽宇 语嫣 博文 慧敏 少华 锦程 映雪 长青 知行 清扬 书瑶 景行 乐天 忆南 向阳 晓峰"
).split()


@dataclass(frozen=True, slots=True)
class Person:
    """One employee; ``manager`` is the superior's number, empty for the general manager."""

    number: str
    name: str
    department: str
    position: str
    manager: str
    level: int
    hired: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a person's contract: a metric, its weight and its targets, and from when to when it counts."""

    person: str
    department: str
    metric: str
    weight: Decimal
    passing: Decimal | None
    target: Decimal | None
    excellent: Decimal | None
    start: date = START
    end: date = END


@dataclass(frozen=True, slots=True)
class Actual:
    """One month's figure of a metric for a person."""

    person: str
    metric: str
    start: date
    end: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Form:
    """One submitted rating form: answers are grades 5 (best) to 1, or 0 for 「无法评价」, one a criterion.

    ``weight`` is the rater's weight, 0 for the usual one.
    """

    subject: str
    relation: str
    rater: str
    external: bool
    answers: tuple[int, ...]
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where somebody was until the day of a transfer within the quarter."""

    person: str
    department: str
    position: str
    manager: str
    moved_on: date


POSITIONS = {
    "GM": ("总经理", "management"),
    "DIR": ("中心总监", "management"),
    "MGR": ("部门经理", "management"),
    "SALE": ("客户经理", "sales"),
    "PROD": ("产品经理", "professional"),
    "DEV": ("研发工程师", "professional"),
    "CS": ("客服专员", "service"),
    "ADM": ("综合专员", "professional"),
}
"""Position code → name and family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Everything the demo seeds; positions and metrics by their bare codes, which ``outline.code`` completes.

    Attributes:
        outline: What it was made from.
        people: Who works there, superiors first.
        items: Lines of their contracts.
        actuals: Monthly figures.
        forms: Rating forms handed in.
        transfers: Who moved within the quarter, and from where.
    """

    outline: Outline
    people: tuple[Person, ...]
    items: tuple[Item, ...]
    actuals: tuple[Actual, ...]
    forms: tuple[Form, ...]
    transfers: tuple[Transfer, ...] = ()


def sample_company(*, criteria: int, outline: Outline = DEMO, seed: int = 20260701) -> Company:
    """Make the sample company.

    Every sixtieth person is a star, has a weak quarter, lacks a month, or came too late; every sixth manager rates
    severely and every sixth leniently.

    Args:
        criteria: How many rating criteria a form asks.
        outline: Departments, teams and codes.
        seed: Start of the pseudo-random series; the same seed gives the same company.

    Returns:
        People with their contracts, monthly figures and rating forms.
    """
    draw = Random(seed)  # noqa: S311 - made-up figures, not secrets
    people = _people(outline, draw)
    shape = {person.number: Decimal(draw.randint(-15, 15)) / 10 for person in people}
    shape |= dict.fromkeys((person.number for person in people[31::60]), Decimal("-4.5"))
    shape |= dict.fromkeys((person.number for person in people[8::60]), Decimal("2.4"))
    items: list[Item] = []
    actuals: list[Actual] = []
    for person in people[1:]:
        lines = LEADERS if person.position in LEADING else CONTRACTS[person.position]
        items += [_item(person, line) for line in lines]
        actuals += [actual for line in lines for actual in _months(person, line, shape[person.number], draw)]
    late = {person.number for person in people[20::60]}
    actuals = [row for row in actuals if row.start.month != 9 or row.person not in late]
    forms = _forms(outline, people, shape, criteria=criteria, draw=draw)
    whole = Company(outline=outline, people=people, items=tuple(items), actuals=tuple(actuals), forms=forms)
    return _transferred(whole, criteria=criteria)


def _transferred(company: Company, *, criteria: int) -> Company:
    """Give those who changed trade the contract of their former position, and a form of its superior, up to the day."""
    for former in company.outline.former:
        person = company.people[former.place - 1]
        boss = next(one.number for one in company.people if (one.department, one.level) == (former.department, 3))
        move = Transfer(person.number, former.department, former.position, boss, former.moved_on)
        company = _moved(company, person, move, criteria=criteria)
    return company


def _moved(company: Company, person: Person, move: Transfer, *, criteria: int) -> Company:
    draw = Random(f"transfer:{person.number}")  # noqa: S311 - made-up figures; a series of its own changes nobody else's
    last = move.moved_on - timedelta(days=1)
    days = {move.manager: (last - START).days + 1, person.manager: (END - last).days}
    lines = CONTRACTS[move.position]
    before = [replace(_item(person, line), department=move.department, end=last) for line in lines]
    figures = [row for line in lines for row in _months(person, line, Decimal(1), draw)]
    items = [replace(item, start=move.moved_on) if item.person == person.number else item for item in company.items]
    actuals = [row for row in company.actuals if row.person != person.number or row.start >= move.moved_on]
    form = Form(person.number, "superior", move.manager, False, tuple(draw.randint(3, 5) for _ in range(criteria)))
    forms = [
        replace(one, weight=days[one.rater]) if one.subject == person.number and one.relation == "superior" else one
        for one in (*company.forms, form)
    ]
    return replace(
        company,
        items=(*items, *before),
        actuals=(*actuals, *(row for row in figures if row.end <= last)),
        forms=tuple(forms),
        transfers=(*company.transfers, move),
    )


def _people(outline: Outline, draw: Random) -> tuple[Person, ...]:
    names = [family + given for family in _FAMILY for given in _GIVEN]
    draw.shuffle(names)
    people: list[Person] = []

    def hire(department: str, position: str, manager: str, level: int) -> str:
        place = len(people)
        hired = date(draw.randint(2017, 2025), draw.randint(1, 12), draw.randint(1, 28))
        name = names[place % len(names)]
        people.append(Person(outline.number(place + 1), name, department, position, manager, level, hired))
        return people[-1].number

    company = outline.departments[0].code
    top = hire(company, "GM", "", 1)
    heads = {company: top} | {centre: hire(centre, "DIR", top, 2) for centre in outline.centres}
    managers = {team.department: hire(team.department, "MGR", heads[team.above], 3) for team in outline.teams}
    for team in outline.teams:
        for _ in range(team.count):
            hire(team.department, team.position, managers[team.department], 4)
    for place in range(58, len(people), 60):
        people[place] = replace(people[place], hired=date(2026, 9, 7))
    return tuple(people)


def _item(person: Person, line: ContractLine) -> Item:
    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Item(
        person=person.number,
        department=person.department,
        metric=line.metric,
        weight=Decimal(line.weight),
        passing=number(line.passing),
        target=number(line.target),
        excellent=number(line.excellent),
    )


def _months(person: Person, line: ContractLine, shape: Decimal, draw: Random) -> list[Actual]:
    rows = []
    for month, last in ((7, 31), (8, 31), (9, 30)):
        noise = Decimal(draw.randint(-50, 50)) / 100
        value = Decimal(line.monthly) + Decimal(line.swing) * (shape + noise)
        value = max(Decimal(0), round(value, line.digits))
        rows.append(Actual(person.number, line.metric, date(2026, month, 1), date(2026, month, last), value))
    return rows


def _forms(
    outline: Outline, people: tuple[Person, ...], shape: dict[str, Decimal], *, criteria: int, draw: Random
) -> tuple[Form, ...]:
    lean = {person.number: Decimal(draw.randint(-4, 4)) / 10 for person in people}
    managers = [person.number for person in people if person.position == "MGR"]
    lean |= dict.fromkeys(managers[0::6], Decimal("-1.1")) | dict.fromkeys(managers[1::6], Decimal("0.9"))
    forms: list[Form] = []
    mates: dict[str, list[str]] = {}
    for person in people:
        mates.setdefault(person.department, []).append(person.number)

    def rate(subject: Person, relation: str, rater: str, *, external: bool = False) -> None:
        middle = Decimal("3.6") + shape[subject.number] * Decimal("0.55") + lean.get(rater, Decimal(0))
        answers = tuple(
            min(5, max(1, int(middle + Decimal(draw.randint(-90, 90)) / 100 + Decimal("0.5")))) for _ in range(criteria)
        )
        if relation == "peer" and draw.randint(1, 9) == 1:
            answers = (*answers[:-1], 0)
        forms.append(Form(subject.number, relation, rater, external, answers))

    for index, person in enumerate(people[1:], start=1):
        if index % 17 != 0:
            rate(person, "self", person.number)
        rate(person, "superior", person.manager)
        others = [number for number in mates[person.department] if number not in {person.number, person.manager}]
        for rater in draw.sample(others, k=min(len(others), draw.randint(3, 4))):
            rate(person, "peer", rater)
        if person.position in {"SALE", "CS"}:
            for visit in range(1, 3 if index % 60 == 12 else 4):
                rate(person, "customer", outline.customer(index, visit), external=True)
    return tuple(forms)
