"""Moving house between the embedded workspace and a real NocoDB, there and back; files between two bases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, TableSpec
from huoban_perf.platforms.nocodb import connect
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.platform.probe import ENTRY, Bench, FastClock
from tests.moving import ANSWER, SCHEMA, House, Place, embedded, furnish, placed, writes
from tests.nocodb_server import nocodb

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]

PROOF = TableSpec(
    address=table_address("proof"),
    labels=Labels(zh="证明", en="Proof"),
    title="code",
    key_field="code",
    fields=(
        FieldSpec(address=field_address("proof", "code"), labels=Labels(zh="编码", en="Code"), kind=FieldKind.TEXT),
        FieldSpec(address=field_address("proof", "file"), labels=Labels(zh="附件", en="File"), kind=FieldKind.FILE),
    ),
)
WITH_FILES = DesiredSchema(app="moving", version="1", tables=(PROOF,), digest=digest(["proof", 1]))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "move") as running:
        yield running


@contextmanager
def base(server: LocalServer, folder: Path, schema: DesiredSchema = SCHEMA) -> Iterator[Place]:
    """The app in a base of its own."""
    with requests.Session() as session:
        clock = FastClock()
        connection = connect(url=server.url, token=server.token, session=session, clock=clock)
        workspace = connection.bases.create(folder.name).workspace_id
        yield placed(Bench.of(connection, workspace, clock=clock, folder=folder, sink=connection.people), schema)


def test_there_and_back_nothing_is_lost_or_altered(server: LocalServer, tmp_path: Path) -> None:
    with (
        embedded(tmp_path / "old") as old,
        base(server, tmp_path / "noco") as there,
        embedded(tmp_path / "home") as home,
    ):
        furnish(old)
        first = House(old, there, tmp_path / "first").move()
        assert first.comparison.losses == ()
        assert first.comparison.differences == ()
        assert first.created == 10
        before = writes(there.bench.connection)
        assert House(old, there, tmp_path / "first").move().created == 0
        assert writes(there.bench.connection) == before
        assert House(there, home, tmp_path / "second").move().comparison.differences == ()
        for code in ("[A]", "[B]"):
            sent, came = (dict(place.bench.one(ENTRY, code).values) for place in (old, home))
            for key in ("member", "members", "unit", "units", "parent"):
                sent.pop(key)
                came.pop(key)
            assert came == {**sent, "switch": came["switch"]}
            assert bool(came["switch"]) is bool(sent["switch"])
        assert len(home.items(ANSWER)) == 3


def test_a_number_longer_than_the_server_keeps_is_said_before_anything_is_written(
    server: LocalServer, tmp_path: Path
) -> None:
    with embedded(tmp_path / "old") as old, base(server, tmp_path / "digits") as there:
        old.bench.write(ENTRY, {"[N]": {"number": Decimal("123456789012.345678")}})
        house = House(old, there, tmp_path / "memory")
        assert [(one.code, one.examples) for one in house.look().losses] == [("move.loss_digits", ("[N]",))]


def test_files_are_carried_where_both_places_can_and_named_where_one_cannot(
    server: LocalServer, tmp_path: Path
) -> None:
    with base(server, tmp_path / "a", WITH_FILES) as old, base(server, tmp_path / "b", WITH_FILES) as new:
        source = old.bench.connection.file_source
        sink = old.bench.connection.file_sink
        assert source is not None
        assert sink is not None
        path = sink.put(name="面谈 记录.txt", content="签字".encode())
        old.bench.write(PROOF, {"[P]": {"file": (path,)}})
        house = House(old, new, tmp_path / "memory")
        carried = house.move()
        assert (carried.files, carried.comparison.differences) == (1, ())
        (copy,) = new.bench.one(PROOF, "[P]").values["file"]  # type: ignore[misc]
        assert copy != path
        assert source.get(file_id=copy).content == "签字".encode()
        assert (house.move().files, house.move().created) == (0, 0)
        old.bench.connection = replace(old.bench.connection, file_source=None)
        lacking = House(old, new, tmp_path / "other")
        assert [(one.code, one.count) for one in lacking.look().losses] == [("move.loss_file", 1)]
