"""Outlines of companies: departments, teams, head counts and how their codes look; the generator fills them in.

``DEMO`` is the company of about sixty of the command ``demo``. ``outline_for`` draws one of any size for ``seed``; its
codes begin with ``MARK``: by it a row of the seed is known again, whoever made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

MARK = "SEED"
"""Begins every business code of a seeded company; no company of the living uses it."""

SEED_CYCLE = f"{MARK}-2026Q3"
SEED_PAST_CYCLE = f"{MARK}-2026Q2"
LEAST_PEOPLE, MOST_PEOPLE = 12, 20000

Trade = Literal["SALE", "PROD", "DEV", "CS", "ADM"]


@dataclass(frozen=True, slots=True)
class Department:
    """A department; ``parent`` is the code of the one above, empty for the company itself."""

    code: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class Team:
    """A department with one manager and ``count`` people of one position; ``above`` leads to the manager's superior."""

    department: str
    above: str
    position: Trade
    count: int


@dataclass(frozen=True, slots=True)
class Former:
    """Where the person hired as the nth came from, and since when that person is where the team says."""

    place: int
    department: str
    position: Trade
    moved_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A company before it has people.

    Attributes:
        cycle: 周期名称 of its quarter.
        mark: What its codes of positions and metrics begin with.
        departments: Parents before their children.
        centres: Departments between company and teams that have a director.
        teams: In the order in which they are staffed.
        digits: Digits of a staff number; fixed, because no code may be part of another.
        is_cascade: Whether each department has a goal a dimension instead of one goal.
        former: Who changed trade within the quarter.
    """

    cycle: str
    mark: str = ""
    departments: tuple[Department, ...]
    centres: tuple[str, ...]
    teams: tuple[Team, ...]
    digits: int = 3
    is_cascade: bool = False
    former: tuple[Former, ...] = ()

    def number(self, place: int) -> str:
        """Return the staff number of the person hired as the nth, counted from 1."""
        return f"{self.mark}E{place:0{self.digits}d}"

    def customer(self, place: int, visit: int) -> str:
        """Return the code of a customer of the nth person."""
        return f"{self.mark}C{place:0{self.digits - 1}d}{visit}"

    def code(self, code: str) -> str:
        """Return the code of a position or metric."""
        return f"{self.mark}{code}"


DEMO = Outline(
    cycle="2026Q3",
    departments=(
        Department("D00", "明川科技", ""),
        Department("D10", "销售中心", "D00"),
        Department("D11", "华东销售部", "D10"),
        Department("D12", "华南销售部", "D10"),
        Department("D20", "产品研发中心", "D00"),
        Department("D21", "产品部", "D20"),
        Department("D22", "研发部", "D20"),
        Department("D30", "客户服务部", "D00"),
        Department("D40", "综合管理部", "D00"),
    ),
    centres=("D10", "D20"),
    teams=(
        Team("D11", "D10", "SALE", 10),
        Team("D12", "D10", "SALE", 9),
        Team("D21", "D20", "PROD", 6),
        Team("D22", "D20", "DEV", 13),
        Team("D30", "D00", "CS", 9),
        Team("D40", "D00", "ADM", 4),
    ),
    former=(Former(54, "D40", "ADM", date(2026, 8, 1)),),
)

_CENTRES = {"SALE": "销售", "DEV": "产品研发", "PROD": "产品研发", "CS": "客户服务", "ADM": "综合管理"}
_SHARES: dict[Trade, int] = {"SALE": 35, "DEV": 28, "CS": 17, "PROD": 12, "ADM": 8}
"""Share of the teams of a trade, in per cent; a company too small for all has the first ones."""
_TEAM_NAMES: dict[Trade, str] = {"SALE": "销售", "DEV": "研发", "CS": "客服", "PROD": "产品", "ADM": "综合"}
_TEAM_SIZE = 11
_FIGURES = "零一二三四五六七八九"


def outline_for(people: int) -> Outline:
    """Draw a company of a size; the same size gives the same company.

    Args:
        people: How many work there, from ``LEAST_PEOPLE`` to ``MOST_PEOPLE``; people who left come on top.

    Returns:
        The outline: the company, a centre a trade with a director, teams of about eleven with a manager.

    Raises:
        ValueError: The number is out of range.
    """
    if not LEAST_PEOPLE <= people <= MOST_PEOPLE:
        raise ValueError(f"a company of {people} is not drawn")
    trades = _trades(max(1, (people - 1) // _TEAM_SIZE))
    names = list(dict.fromkeys(_CENTRES[trade] for trade in trades))
    centres = {
        name: Department(f"{MARK}D{place}000", f"{name}中心", f"{MARK}D0000") for place, name in enumerate(names, 1)
    }
    staff = people - 1 - len(centres) - len(trades)
    departments = [Department(f"{MARK}D0000", f"示例公司({people}人)", ""), *centres.values()]
    teams: list[Team] = []
    for place, trade in enumerate(trades):
        centre = centres[_CENTRES[trade]]
        same = trades[:place].count(trade) + 1
        team = Department(f"{MARK}T{place + 1:04d}", f"{_TEAM_NAMES[trade]}{_counted(same)}部", centre.code)
        departments.append(team)
        count = staff // len(trades) + (place < staff % len(trades))
        teams.append(Team(team.code, centre.code, trade, count))
    return Outline(
        cycle=SEED_CYCLE,
        mark=MARK,
        departments=tuple(departments),
        centres=tuple(centre.code for centre in centres.values()),
        teams=tuple(teams),
        digits=6,
        is_cascade=True,
    )


def is_seeded(key: str) -> bool:
    """Return whether a natural key or business code belongs to the seed: one of its parts begins with the mark."""
    return any(part.removeprefix("D:").startswith(MARK) for part in key.strip("[]").split("|"))


def _trades(teams: int) -> list[Trade]:
    """Share teams out by largest remainder, then sort by trade."""
    whole = {trade: teams * share // 100 for trade, share in _SHARES.items()}
    rest = sorted(_SHARES, key=lambda trade: (-(teams * _SHARES[trade] % 100), list(_SHARES).index(trade)))
    for trade in rest[: teams - sum(whole.values())]:
        whole[trade] += 1
    return [trade for trade, count in whole.items() for _ in range(count)]


def _counted(number: int) -> str:
    """Write a number up to 99 in Chinese; longer ones in figures."""
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_FIGURES[tens]}十"
    return f"{head}{_FIGURES[ones] if ones or not tens else ''}"
