"""A company that keeps moving house in the middle of its quarter, while things are under way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from huoban_perf.cli.migration_home import hand_over_service
from huoban_perf.core.addresses import Bindings, FileId, ItemId
from huoban_perf.core.ports import Connection, StoredFile
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Values
from huoban_perf.service.handover import Desk, HandedOver
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.move import Ends, MoveMemory, carry, read_ends, survey
from huoban_perf.sync.runs import RunStore
from tests.flow.quarter import Quarter
from tests.unit.cycle.company import Firm
from tests.unit.sync.company import schema
from tests.unit.sync.memory import Memory

BOUND = Bindings({table.address: table.key for table in schema().tables})


class Files:
    """Hands files out and takes them in."""

    def get(self, *, file_id: FileId) -> StoredFile:
        return StoredFile(name=file_id, content=b"-")

    def put(self, *, name: str, content: bytes) -> FileId:
        return FileId(name)


class Elsewhere(Memory):
    """Another platform: ids of its own."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def put(self, table: TableSpec, values: Values) -> ItemId:
        rows = self.items.setdefault(table.key, {})
        place = len(rows)
        while (item_id := ItemId(f"{self._number}/{place}")) in rows:
            place += 1
        self.moment += 1
        rows[item_id] = (self.moment, dict(values))
        return item_id


def with_files(connection: Connection) -> Connection:
    return replace(connection, file_source=Files(), file_sink=Files())


@dataclass
class Nomad(Quarter):
    """Before every so many times that the service comes to rest, people have acted and the company moves house."""

    every: int = 8
    moves: int = 0
    rests: int = 0
    handed: list[HandedOver] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)

    def settle(self) -> Self:
        self.rests += 1
        if self.rests % self.every == 0:
            self.move()
        super().settle()
        return self

    def move(self) -> None:
        """Everything to another platform; nothing was seen there before, and what was under way still is."""
        self.moves += 1
        who, old = self.who(), self.company
        company = Firm(Elsewhere(self.moves), self.company.folder.parent / f"home{self.moves}", clock=old.clock)
        company.folder.mkdir()
        new_app = replace(company.app, connection=with_files(company.memory.connection()), bindings=BOUND)
        ends = Ends(old=replace(old.app, connection=with_files(old.memory.connection())), new=new_app)
        people = {account: f"m{self.moves}-{number}" for account, number in who.items()}
        memory, path = MoveMemory(), company.folder / "memory.move"
        planned = survey(ends, read_ends(ends), people=people, memory=memory)
        carried = carry(ends, planned, people=people, memory=memory, path=path)
        assert (carried.comparison.differences, carried.comparison.losses) == ((), ())
        store = SqliteStore(company.folder / "service.sqlite")
        desks = Desk(store=self.store, profile="p"), Desk(store=store, profile="p")
        self.handed.append(hand_over_service(ends, *desks, pairs=memory.pairs, people=people))
        again = hand_over_service(ends, *desks, pairs=memory.pairs, people=people)
        assert again == HandedOver(), again
        RunStore(folder=company.folder / "home" / "runs").bring_from(old.folder / "home" / "runs")
        self.told = self.letters()
        self.way.sent.clear()
        self.store.close()
        self.company, self.store, self.mark = company, store, f"m{self.moves}-"
        self.start()

    def letters(self) -> list[tuple[str, str]]:
        """Everything anybody was told, since the quarter began."""
        return self.told + letters(self)


def letters(run: Quarter) -> list[tuple[str, str]]:
    """Who was told which line."""
    who = run.who()
    return [(who.get(message.receiver, message.receiver), line) for message in run.way.sent for line in message.lines]
