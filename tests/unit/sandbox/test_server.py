"""Over a real socket: threads, faults, callbacks, a clean end, and what survives ``kill -9``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import requests

from huoban_perf.core.errors import ProfileError
from huoban_perf.sandbox import RunningServer, open_world, serve
from tests.unit.sandbox.driver import START, Sandbox

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server() -> Iterator[RunningServer]:
    world = open_world(None, start=START, seed=1)
    with serve(world) as running:
        yield running
    world.close()


def _control(url: str, path: str, body: Any = None) -> Any:
    with requests.Session() as session:
        answer = session.post(f"{url}/_sandbox/{path}", json=body).json()
    assert answer["code"] == 0, answer
    return answer["data"]


def _begin(url: str) -> tuple[str, str, dict[str, str]]:
    """Return table id, field id and headers of a new world."""
    space = _control(url, "build/workspace", {"name": "空间"})["space_id"]
    key = _control(url, "key", {"space_id": space})["api_key"]
    _control(url, "limits", {"per_second": None})
    table = _control(url, "build/table", {"space_id": space, "name": "物", "alias": "thing"})["table_id"]
    field = _control(url, "build/field", {"table_id": table, "name": "键", "alias": "key", "kind": "text"})["field_id"]
    return table, field, {"Open-Authorization": f"Bearer {key}"}


def _upsert(table: str, field: str, keys: list[str]) -> dict[str, Any]:
    entries = [{"fields": {field: key}} for key in keys]
    return {"table_id": table, "update_type": "upsert", "update_by_fields": [field], "items": entries}


def test_many_threads_make_each_key_once(server: RunningServer) -> None:
    table, field, headers = _begin(server.url)
    url = f"{server.url}/openapi/v1"

    def work(number: int) -> int:
        with requests.Session() as session:
            keys = [f"k{(number * 7 + step) % 40}" for step in range(20)]
            answer = session.put(f"{url}/items", json=_upsert(table, field, keys), headers=headers)
            return int(answer.json()["code"])

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(24))) == {0}
    found = requests.post(f"{url}/item/list", json={"table_id": table, "limit": 100}, headers=headers).json()["data"]
    keys = [item["title"] for item in found["items"]]
    assert sorted(keys) == sorted({f"k{number}" for number in range(40)})


def test_faults_over_a_socket(server: RunningServer) -> None:
    table, field, headers = _begin(server.url)
    body = {"table_id": table, "fields": {field: "x"}}
    url = f"{server.url}/openapi/v1"
    for fault, error in (
        ({"kind": "timeout_after_effect"}, requests.exceptions.ReadTimeout),
        ({"kind": "cut_connection", "after_effect": True}, requests.exceptions.ConnectionError),
        ({"kind": "cut_connection"}, requests.exceptions.ConnectionError),
    ):
        _control(server.url, "faults", {"faults": [{"endpoint": "POST /item", **fault}]})
        with pytest.raises(error):
            requests.post(f"{url}/item", json=body, headers=headers, timeout=0.3)
    answer = requests.post(f"{url}/item/list", json={"table_id": table}, headers=headers, timeout=5).json()
    assert answer["data"]["total"] == 2


def test_stop_does_not_wait_for_a_request_kept_silent() -> None:
    world = open_world(None, start=START, seed=1)
    running = serve(world).start()
    _, _, headers = _begin(running.url)
    _control(running.url, "faults", {"faults": [{"endpoint": "/space/list", "kind": "timeout_after_effect"}]})
    url = f"{running.url}/openapi/v1/space/list"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, url, headers=headers, timeout=30)
        while _control_stats(running.url)["by_endpoint"].get("GET /space/list", 0) == 0:
            pass
        running.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            waiting.result()
    running.stop()
    world.close()


def _control_stats(url: str) -> Any:
    return requests.get(f"{url}/_sandbox/stats", timeout=5).json()["data"]


def test_serves_on_loopback_and_names_a_taken_port(server: RunningServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    world = open_world(None, start=START, seed=1)
    with pytest.raises(ProfileError, match=r"sandbox\.port_taken"):
        serve(world, port=int(server.url.rsplit(":", 1)[1]))
    world.close()


def test_any_path_answers_in_an_envelope(server: RunningServer) -> None:
    for path in ("/openapi/v1", "/openapi/v2/x", "/_sandbox/nothing", "/favicon.ico"):
        body = requests.get(f"{server.url}{path}", timeout=5).json()
        assert body["code"] == 501
        assert set(body) == {"code", "message", "data", "meta"}


# --- callbacks ---------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[tuple[str, Queue[Any]]]:
    got: Queue[Any] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            del args

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/hook", got
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_results_are_pushed_to_the_keys_address(server: RunningServer, receiver: tuple[str, Queue[Any]]) -> None:
    hook, got = receiver
    table, field, headers = _begin(server.url)
    key = headers["Open-Authorization"].removeprefix("Bearer ")
    _control(server.url, "callback_address", {"api_key": key, "callback_url": hook})
    accepted = requests.put(
        f"{server.url}/openapi/v1/items", json=_upsert(table, field, ["a"]), headers=headers, timeout=5
    )
    _control(server.url, "clock", {"advance_s": 1})
    pushed = got.get(timeout=5)
    assert pushed["event"] == "items.batch"
    assert pushed["trace_id"] == accepted.json()["meta"]["trace_id"]
    _control(server.url, "faults", {"faults": [{"endpoint": "/items", "kind": "duplicate_callback"}]})
    requests.put(f"{server.url}/openapi/v1/items", json=_upsert(table, field, ["b"]), headers=headers, timeout=5)
    _control(server.url, "clock", {"advance_s": 1})
    assert got.get(timeout=5) == got.get(timeout=5)
    assert got.empty()


def test_push_that_does_not_arrive_is_noted(server: RunningServer, receiver: tuple[str, Queue[Any]]) -> None:
    table, field, headers = _begin(server.url)
    key = headers["Open-Authorization"].removeprefix("Bearer ")
    _control(server.url, "callback_address", {"api_key": key, "callback_url": "http://127.0.0.1:9/"})
    requests.put(f"{server.url}/openapi/v1/items", json=_upsert(table, field, ["a"]), headers=headers, timeout=5)
    _control(server.url, "clock", {"advance_s": 1})
    while True:
        [callback] = requests.get(f"{server.url}/_sandbox/callbacks", timeout=5).json()["data"]["callbacks"]
        if callback["state"] != "pending":
            break
    assert callback["state"] == "failed"


# --- durability --------------------------------------------------------------------------------------------------

_SERVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from huoban_perf.sandbox import open_world, serve
world = open_world(Path(sys.argv[1]), start=datetime(2024, 3, 4, 1, 0, tzinfo=UTC), seed=7)
with serve(world) as running:
    print(running.url, flush=True)
    sys.stdin.read()
"""


class Process:
    """A sandbox in a process of its own, to be killed."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(path)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


def test_kill_at_any_moment_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Writes until the kill, three times over; every answered batch stands, and no row is there twice."""
    path = tmp_path / "world.sqlite"
    process = Process(path)
    table, field, headers = _begin(process.url)
    answered: list[str] = []
    sent = 0
    for rounds in (3, 9, 14):
        with ThreadPoolExecutor(1) as pool:
            killing = None
            for step in range(rounds + 40):
                keys = [f"k{sent}-{number}" for number in range(20)]
                sent += 1
                if step == rounds:
                    killing = pool.submit(process.kill)
                try:
                    answer = requests.put(
                        f"{process.url}/openapi/v1/items", json=_upsert(table, field, keys), headers=headers, timeout=5
                    )
                except requests.exceptions.ConnectionError:
                    break
                assert answer.json()["code"] == 0
                answered += keys
            assert killing is not None
            killing.result()
        process = Process(path)
        if rounds == 14:
            _control(process.url, "clock", {"advance_s": 0})
    rows = []
    while True:
        body = {"table_id": table, "limit": 100, "offset": len(rows), "order": {"field_id": "item_id", "type": "asc"}}
        page = requests.post(f"{process.url}/openapi/v1/item/list", json=body, headers=headers, timeout=5).json()[
            "data"
        ]
        rows += [item["title"] for item in page["items"]]
        if not page["has_more"]:
            break
    process.kill()
    assert set(answered) <= set(rows)
    assert len(rows) == len(set(rows))
    assert len(rows) % 20 == 0


def test_everything_but_faults_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "world.sqlite"
    first = Sandbox(path).begin()
    table = first.table("物", [{"name": "名", "is_title": True}])
    first.mode("awkward", bulk_ticks=-1)
    first.control("limits", {"per_second": 3})
    table.upsert("名", [{"名": "later"}])
    first.call(
        "POST", "/event/subscribe", {"source_type": "table", "source_id": table.table_id, "events": ["item.create"]}
    )
    key, dump, stats = first.key, first.look("dump"), first.look("stats")
    first.close()
    open_world(path, start=START.replace(year=2030), seed=999).close()
    again = Sandbox(path, seed=1, limit=3)
    again.key = key
    assert again.look("dump") == dump
    assert again.look("stats") == stats
    assert again.look("mode")["mode"] == "awkward"
    again.settle()
    assert again.look("dump")["spaces"][0]["tables"][0]["items"][0]["title"] == "later"
    again.close()


def test_a_world_is_open_once(tmp_path: Path) -> None:
    path = tmp_path / "world.sqlite"
    process = Process(path)
    with pytest.raises(ProfileError, match=r"sandbox\.world_in_use"):
        open_world(path, start=START, seed=1)
    process.kill()
    open_world(path, start=START, seed=1).close()


def test_other_files_are_not_taken_for_worlds(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("no database at all, but long enough to look at it", encoding="utf-8")
    with pytest.raises(ProfileError, match=r"sandbox\.world_unreadable"):
        open_world(text, start=START, seed=1)
    path = tmp_path / "old.sqlite"
    world = open_world(path, start=START, seed=1)
    world.store.put("format", "0")
    world.close()
    with pytest.raises(ProfileError, match=r"sandbox\.world_format"):
        open_world(path, start=START, seed=1)
