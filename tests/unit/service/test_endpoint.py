from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from huoban_perf.core.errors import ServiceError
from huoban_perf.service.decipher import Decipher
from huoban_perf.service.endpoint import BODY_BYTES, Endpoint, create_endpoint, listening
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import Claim, State
from huoban_perf.service.outbox import Delivered
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.worker import Ended
from tests.unit.notices.clocks import SetClock

SECRET = "s3cret-path-of-thirty-two-characters"


class Bench:
    """An endpoint and what it poked."""

    def __init__(self, path: Path, *, secret: str = SECRET, key: str = "") -> None:
        self.clock = SetClock("2026-03-20T10:00:00")
        self.store = SqliteStore(path)
        self.metrics = Metrics()
        self.poked = 0
        self.healthy = True
        self.app = create_endpoint(
            Endpoint(
                secret=secret,
                store=self.store,
                metrics=self.metrics,
                clock=self.clock,
                poke=self._poke,
                is_healthy=lambda: self.healthy,
                decipher=Decipher(key) if key else None,
            )
        )

    def _poke(self) -> None:
        self.poked += 1

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "service.sqlite")
    yield found
    found.store.close()


def test_who_knows_the_path_may_hint(bench: Bench) -> None:
    answer = bench.client.post(f"/hook/{SECRET}", json={"event": "item.update", "encrypt": "cipher text"})
    assert (answer.status_code, answer.data, bench.poked) == (200, b"", 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/hook/{SECRET}x"),
        ("POST", "/hook/" + SECRET[:-1]),
        ("POST", "/hook/"),
        ("POST", "/hook/密钥"),
        ("GET", f"/hook/{SECRET}"),
        ("GET", "/"),
        ("POST", "/metrics"),
        ("GET", "/hook/../health/x"),
    ],
)
def test_everything_else_gets_the_same_empty_answer(bench: Bench, method: str, path: str) -> None:
    answer = bench.client.open(path, method=method)
    assert (answer.status_code, answer.data, bench.poked) == (404, b"", 0)


def test_repeated_body_pokes_once_within_the_window(bench: Bench) -> None:
    for _ in range(3):
        assert bench.client.post(f"/hook/{SECRET}", data=b"same").status_code == 200
    assert bench.poked == 1
    bench.clock.sleep(601)
    bench.client.post(f"/hook/{SECRET}", data=b"same")
    assert bench.poked == 2


def test_large_body_is_refused(bench: Bench) -> None:
    answer = bench.client.post(f"/hook/{SECRET}", data=b"x" * (BODY_BYTES + 1))
    assert (answer.status_code, answer.data, bench.poked) == (413, b"", 0)


def test_no_secret_means_no_callbacks(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "other.sqlite", secret="")
    assert bench.client.post("/hook/", data=b"x").status_code == 404
    bench.store.close()


def test_short_secret_is_refused(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "other.sqlite")
    with pytest.raises(ServiceError) as caught:
        Endpoint(
            secret="short",
            store=store,
            metrics=Metrics(),
            clock=SetClock("2026-03-20T10:00:00"),
            poke=lambda: None,
            is_healthy=lambda: True,
        )
    store.close()
    assert caught.value.code == "service.short_secret"


def test_secret_is_not_shown(bench: Bench) -> None:
    assert SECRET not in bench.metrics.text().decode()
    endpoint = Endpoint(
        secret=SECRET,
        store=bench.store,
        metrics=bench.metrics,
        clock=bench.clock,
        poke=lambda: None,
        is_healthy=lambda: True,
    )
    assert SECRET not in repr(endpoint)


def test_health_says_whether_rounds_happen(bench: Bench) -> None:
    assert bench.client.get("/health").status_code == 200
    bench.healthy = False
    assert bench.client.get("/health").status_code == 503


def test_health_shows_the_end_of_each_audit_log_to_be_kept_elsewhere(bench: Bench) -> None:
    bench.metrics.audited("p", lines=12, end="sha256:ab")
    assert bench.client.get("/health").data == b"ok\naudit p 12:sha256:ab\n"
    bench.metrics.audited("p", lines=-1, end="broken")
    assert bench.client.get("/health").data == b"ok\naudit p broken\n"
    assert 'huoban_perf_audit_lines{profile="p"} -1.0' in bench.metrics.text().decode()


def test_every_metric_is_read_by_a_real_parser(bench: Bench) -> None:
    claim = Claim(profile="p", job="score", due=bench.clock.now(), attempt=1, fence=1, worker="a")
    bench.metrics.ended(Ended(claim=claim, result="done", seconds=0.3))
    bench.metrics.delivered("p", Delivered(sent=2, failed=1))
    bench.metrics.fired("p", "done", 3)
    bench.metrics.requested("p", 17)
    bench.metrics.ticked(bench.clock.now(), {State.DUE: 1, State.PARKED: 2})
    bench.metrics.audited("p", lines=4, end="sha256:ab")
    bench.client.post(f"/hook/{SECRET}", data=b"x")
    answer = bench.client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.data.decode())}
    assert all(family.documentation for family in families.values())
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }
    assert values["huoban_perf_job_runs_total", "done", "p", "score"] == 1
    assert values["huoban_perf_job_seconds_count", "score"] == 1
    assert values["huoban_perf_messages_total", "p", "sent"] == 2
    assert values["huoban_perf_firings_total", "done", "p"] == 3
    assert values["huoban_perf_requests", "p"] == 17
    assert values["huoban_perf_occurrences", "parked"] == 2
    assert values["huoban_perf_callbacks_total", "accepted"] == 1
    assert values["huoban_perf_audit_lines", "p"] == 4
    assert values["huoban_perf_last_tick_seconds",] == bench.clock.now().timestamp()


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"item.update","data":{"item":{"item_id":"1","fields":{"2200":"released"}}}}',
        b'{"encrypt":"bm90IGEgY2lwaGVy"}',
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"\x80\x04\x95cos\nsystem\n",
        b"[" * 100_000,
        b"",
    ],
    ids=["claims", "cipher", "xml", "pickle", "nested", "empty"],
)
def test_body_is_never_believed_nor_parsed_only_a_hint_to_read(bench: Bench, body: bytes) -> None:
    """Whatever comes by the secret path pokes once, says nothing back, and leaves only its digest."""
    answer = bench.client.post(f"/hook/{SECRET}", data=body)
    assert (answer.status_code, answer.data, bench.poked) == (200, b"", 1)
    with bench.store.step() as database:
        ((kept, _),) = database.execute("SELECT * FROM seen_bodies").fetchall()
    assert kept == hashlib.sha256(body).hexdigest()


def sealed(key: str, plain: bytes, iv: bytes) -> bytes:
    """What the guessed scheme makes of a body, written apart from the code that opens it."""
    filled = plain + bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    return json.dumps({"encrypted": base64.b64encode(iv + cipher.update(filled) + cipher.finalize()).decode()}).encode()


def test_encrypted_body_counts_when_it_opens_with_the_agreed_key(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "sealed.sqlite", key="agreed key")
    event = b'{"event":"item.update","source_id":"2100"}'
    first, again = (sealed("agreed key", event, bytes([number] * 16)) for number in (1, 2))
    assert first != again
    for body in (first, again):
        assert bench.client.post(f"/hook/{SECRET}", data=body).status_code == 200
    assert bench.poked == 1  # the same event under another IV is a replay
    assert bench.client.post(f"/hook/{SECRET}", data=b'{"event":"item.update"}').status_code == 200  # plain ones too
    assert bench.poked == 2
    bench.store.close()


@pytest.mark.parametrize(
    "body",
    [
        sealed("another key", b'{"event":"item.update"}', b"7" * 16),
        sealed("agreed key", b"no json", b"7" * 16),
        b'{"encrypted":"not base64!"}',
        b'{"encrypted":"c2hvcnQ="}',
        b'{"encrypted":""}',
    ],
    ids=["other key", "no json", "no base64", "short", "empty"],
)
def test_cipher_that_does_not_open_is_refused_like_everything_else(tmp_path: Path, body: bytes) -> None:
    bench = Bench(tmp_path / "sealed.sqlite", key="agreed key")
    answer = bench.client.post(f"/hook/{SECRET}", data=body)
    assert (answer.status_code, answer.data, bench.poked) == (404, b"", 0)
    assert 'huoban_perf_callbacks_total{verdict="unreadable"} 1.0' in bench.metrics.text().decode()
    bench.store.close()


def test_answers_do_not_tell_what_serves_here(bench: Bench) -> None:
    with listening(bench.app, host="127.0.0.1", port=0) as url, requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{url}/hook/wrong", data=b"x", timeout=5)
    shown = " ".join([*answer.headers, *answer.headers.values()]).lower()
    assert not {word for word in ("waitress", "flask", "werkzeug", "python", "huoban") if word in shown}
    assert answer.content == b""


def test_metrics_are_in_prometheus_format_over_a_socket(bench: Bench) -> None:
    bench.client.post(f"/hook/{SECRET}", data=b"x")
    with listening(bench.app, host="127.0.0.1", port=0) as url, requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{url}/metrics", timeout=5)
        hooked = session.post(f"{url}/hook/{SECRET}", data=b"y", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'huoban_perf_callbacks_total{verdict="accepted"} 1.0' in answer.text
    assert hooked.status_code == 200
    assert bench.poked == 2
