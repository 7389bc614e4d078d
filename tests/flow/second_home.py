"""A base on a live NocoDB to which a company moves in the middle of its cycle, with its service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from huoban_perf.automation import Executor
from huoban_perf.cli.migration_home import hand_over_service
from huoban_perf.cli.serving import surroundings
from huoban_perf.cli.workshop import Request, Workshop
from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.schema import COMPUTED_KINDS
from huoban_perf.cycle.work import JobReport
from huoban_perf.platforms.nocodb import connect
from huoban_perf.profile import Profile, Site
from huoban_perf.service.handover import Desk
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.book import Book
from huoban_perf.sync.move import Carried, Directory, Ends, MoveMemory, carry, meet, read_ends, survey
from tests.contract.platform.probe import Bench
from tests.flow.deployed import Deployed, Told
from tests.nocodb_server import nocodb


@dataclass
class SecondHome:
    """The company's app in a base, the service on the memory that was handed over."""

    company: Deployed
    bench: Bench
    folder: Path
    told: Told

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.folder / "service.sqlite")
        self.shop: Workshop | None = None

    def move(self) -> Carried:
        """Carry everything over and hand over what the service remembers."""
        company, sink = self.company, self.bench.member_sink
        new = replace(company.app, connection=self.bench.connection, bindings=self.bench.bindings)
        ends = Ends(old=company.app, new=new)
        reading = read_ends(ends)
        people = meet(
            Directory(app=ends.old, workspace=company.space),
            Directory(app=ends.new, workspace=self.bench.workspace, sink=sink),
            needed=reading.people(),
            listed={},
            invite=True,
            apply=True,
        ).of
        memory, path = MoveMemory(), self.folder / "memory.move"
        carried = carry(
            ends, survey(ends, reading, people=people, memory=memory), people=people, memory=memory, path=path
        )
        desks = Desk(store=company.store, profile="p"), Desk(store=self.store, profile="p")
        hand_over_service(ends, *desks, pairs=memory.pairs, people=people)
        profile = Profile(name="p", platform="nocodb", home=self.folder / "home")
        site = Site(profile=profile, connection=self.bench.connection, workspace=self.bench.workspace)
        roles = company.shop.process.role_members
        process = replace(
            company.shop.process,
            role_members={role: tuple(people.get(one, one) for one in held) for role, held in roles.items()},
        )
        self.shop = replace(company.shop, site=site, app=new, process=process, notices=self.told)
        return carried

    def settle(self) -> int:
        """Let the service look until nothing happens; return how many firings there were."""
        assert self.shop is not None
        fired, started = 0, list[str]()
        ledger = SqliteLedger(self.store, profile="p")
        for _ in range(20):
            self.company.clock.sleep(60)
            around = surroundings(self.shop, self.told, started.append)
            done = Executor(self.shop.app, ledger=ledger, around=around).round()
            fired += done.new
            jobs, started[:] = list(dict.fromkeys(started)), []
            for job in jobs:
                self.run(job)
            if not done.new and not jobs:
                return fired
        raise AssertionError("the executor does not come to rest")

    def run(self, job: str) -> list[JobReport]:
        assert self.shop is not None
        return self.shop.run(Request(job=job, apply=True))

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """Natural key → cells."""
        assert self.shop is not None
        key = self.shop.app.schema.table(table).key_field or ""
        return {str(row.values[key]): {"item": row.item_id, **row.values} for row in Book(self.shop.app).all(table)}

    def pick(self, table: str, key: str, /, **values: Any) -> None:
        """Somebody changes a row; this platform tells nobody who."""
        assert self.shop is not None
        spec = self.shop.app.schema.table(table)
        write = ItemWrite(key=key, values=values, item_id=self.rows(table)[key]["item"])
        batch = WriteBatch(table=spec, mode=WriteMode.UPDATE, rows=(write,))
        self.shop.app.connection.item_sink.submit(batch=batch, bindings=self.shop.app.bindings)


@contextmanager
def second_home(company: Deployed, folder: Path) -> Iterator[SecondHome]:
    """A base on a server of its own, the app deployed there and empty."""
    folder.mkdir()
    with nocodb(folder / "server") as server, requests.Session() as session:
        connection = connect(url=server.url, token=server.token, session=session, clock=company.clock)
        base = connection.bases.create("新家").workspace_id
        bench = Bench.of(connection, base, clock=company.clock, folder=folder, sink=connection.people)
        bench.schema = company.schema
        report = bench.apply()
        left = {step.address for step in report.pending if step.address.kind is ObjectKind.FIELD}
        assert {company.schema.field(address).kind for address in left} <= COMPUTED_KINDS
        assert not report.unsettled
        home = SecondHome(company, bench, folder, Told())
        try:
            yield home
        finally:
            home.store.close()
