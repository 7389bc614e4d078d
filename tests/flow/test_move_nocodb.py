"""Moving house between the embedded workspace and a real NocoDB, there and back; files between two bases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import UnreachableError
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import StoredFile
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, TableSpec
from huoban_perf.platforms.nocodb import connect
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.proxy import Asked, Proxy, proxy
from tests.contract.platform.probe import ENTRY, Bench, FastClock
from tests.moving import (
    ANSWER,
    PERSON,
    SCHEMA,
    UNITS,
    Face,
    House,
    KilledError,
    Mortal,
    Place,
    embedded,
    furnish,
    picture,
    placed,
    wired,
    writes,
)
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
def base(
    server: LocalServer, folder: Path, schema: DesiredSchema = SCHEMA, *, url: str | None = None
) -> Iterator[Place]:
    """The app in a base of its own."""
    with requests.Session() as session:
        clock = FastClock()
        connection = connect(url=url or server.url, token=server.token, session=session, clock=clock)
        workspace = connection.bases.create(folder.name).workspace_id
        yield placed(Bench.of(connection, workspace, clock=clock, folder=folder, sink=connection.people), schema)


FACES = [
    Face("documented", ("v1", "builder")),
    Face("documented", ("v1", "v2")),
    Face("strict", ("v1", "gateway")),
    Face("awkward", ("v1",)),
]


@pytest.fixture(scope="module")
def middle(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Place]]:
    """An embedded workspace, and a base that everything in it was moved to."""
    folder = tmp_path_factory.mktemp("middle")
    with embedded(folder / "old") as old, base(server, folder / "middle") as there:
        furnish(old)
        moved = House(old, there, folder / "memory").move()
        assert (moved.comparison.losses, moved.comparison.differences, moved.created) == ((), (), 10)
        yield old, there


def test_nothing_is_lost_or_altered_on_the_way_to_nocodb(middle: tuple[Place, Place]) -> None:
    old, there = middle
    assert picture(there) == picture(old)


@pytest.mark.parametrize("face", FACES, ids=str)
def test_on_from_nocodb_to_huoban_over_the_wire_everything_arrives_as_it_once_stood(
    middle: tuple[Place, Place], tmp_path: Path, face: Face
) -> None:
    old, there = middle
    with wired(tmp_path / "home", face, SCHEMA) as home:
        house = House(there, home, tmp_path / "memory")
        moved = house.move()
        assert (moved.comparison.losses, moved.comparison.differences, moved.created) == ((), (), 10)
        assert picture(home) == picture(old)
        before = writes(home.bench.connection)
        assert (house.move().created, house.move().updated) == (0, 0)
        assert writes(home.bench.connection) == before


def small(place: Place) -> Place:
    """Let batches be of two rows, so that a few items make many requests."""
    connection = place.bench.connection
    place.bench.connection = replace(connection, capabilities=replace(connection.capabilities, batch_size=2))
    return place


@pytest.fixture(scope="module")
def behind(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Proxy]]:
    """A base of small batches behind a proxy that spoils requests."""
    with proxy(server.url) as between, base(server, tmp_path_factory.mktemp("behind"), url=between.url) as place:
        yield small(place), between


@pytest.fixture
def spoilt(behind: tuple[Place, Proxy]) -> tuple[Place, Proxy]:
    """The same, empty and calm."""
    place, between = behind
    between.calm()
    for table in (ANSWER, ENTRY, UNITS, PERSON):
        place.bench.clear(table)
    return behind


def settled(house: House, *, wanted: list[str]) -> None:
    """Another run writes nothing and finds no difference; the new place is as it should be."""
    before = writes(house.new.bench.connection)
    again = house.move()
    assert (again.created, again.updated, again.comparison.differences) == (0, 0, ())
    assert writes(house.new.bench.connection) == before
    assert picture(house.new) == wanted


def test_killed_after_every_third_request_that_writes_on_the_way_to_nocodb_it_goes_on(
    middle: tuple[Place, Place], spoilt: tuple[Place, Proxy], tmp_path: Path
) -> None:
    (old, _), (new, between) = middle, spoilt
    house = House(old, new, tmp_path / "memory")
    people = house.people().of

    def gone(asked: Asked) -> bool:
        return asked.method != "GET" and sum(method != "GET" for method, _ in between.seen) > 3

    kills = 0
    while kills < 30:
        between.strike("502 before", gone, times=10**6)
        try:
            house.move(people=people)
        except UnreachableError:
            kills += 1
        else:
            break
    assert 3 <= kills < 30
    between.calm()
    settled(house, wanted=picture(old))


def test_killed_after_every_batch_on_the_way_from_nocodb_it_goes_on(
    middle: tuple[Place, Place], tmp_path: Path
) -> None:
    old, there = middle
    with wired(tmp_path / "home", FACES[0], SCHEMA) as home:
        house = House(there, small(home), tmp_path / "memory")
        connection, kills = home.bench.connection, 0
        while kills < 60:
            home.bench.connection = replace(connection, item_sink=Mortal(connection.item_sink, at=1, after=True))
            try:
                house.move()
            except KilledError:
                kills += 1
            else:
                break
        assert 8 <= kills < 60
        home.bench.connection = connection
        settled(house, wanted=picture(old))


def test_answers_lost_after_the_effect_make_nothing_twice(
    middle: tuple[Place, Place], spoilt: tuple[Place, Proxy], tmp_path: Path
) -> None:
    (old, _), (new, between) = middle, spoilt
    lost: set[str] = set()

    def first_time(asked: Asked) -> bool:
        """Whether the answer to a write is the first of its kind that gets lost; its repeat is answered."""
        is_write = asked.method != "GET" and asked.path not in lost
        if is_write:
            lost.add(asked.path)
        return is_write

    house = House(old, new, tmp_path / "memory")
    people = house.people().of
    between.strike("cut after", first_time, times=100)
    assert house.move(people=people).comparison.differences == ()
    assert len(lost) >= 5
    between.calm()
    settled(house, wanted=picture(old))


def test_a_number_longer_than_the_server_keeps_is_said_before_anything_is_written(
    spoilt: tuple[Place, Proxy], tmp_path: Path
) -> None:
    there, _ = spoilt
    with embedded(tmp_path / "old") as old:
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
        (copy,) = new.bench.one(PROOF, "[P]").values["file"]  # type: ignore[misc, str-unpack]
        assert copy != path
        assert source.get(file_id=copy) == StoredFile(name="面谈 记录.txt", content="签字".encode())  # type: ignore[arg-type]
        assert (house.move().files, house.move().created) == (0, 0)
        with wired(tmp_path / "huoban", FACES[0], WITH_FILES) as home:
            moved = House(old, home, tmp_path / "wire").move()
            assert (moved.files, moved.comparison.differences, moved.comparison.losses) == (1, (), ())
            (arrived,) = home.bench.member_sink.dump()["files"]  # type: ignore[attr-defined]
            assert (arrived["name"], arrived["sha256"]) == ("面谈 记录.txt", sha256("签字".encode()).hexdigest())
            back = House(home, new, tmp_path / "back")  # the documented API of Huoban hands no file out
            assert [(one.code, one.count) for one in back.look().losses] == [("move.loss_file", 1)]
