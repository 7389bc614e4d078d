"""One call over real ``requests``: odd bodies, silence, throttling, repeats, counts, secrecy."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from huoban_perf.core.errors import (
    AccessError,
    PlatformError,
    ProfileError,
    ProtocolError,
    ThrottledError,
    UnreachableError,
)
from huoban_perf.core.ports import Traffic
from huoban_perf.platforms.calls.retry import RetryPolicy
from huoban_perf.platforms.calls.wire import TrafficCounter, Wiring
from huoban_perf.platforms.huoban.config import HuobanOptions
from huoban_perf.platforms.huoban.endpoints import (
    ITEM_CREATE,
    ITEM_LIST,
    ITEM_READ,
    ITEMS_DELETE,
    ITEMS_UPSERT,
    SPACE_LIST,
)
from huoban_perf.platforms.huoban.identity import api_key
from huoban_perf.platforms.huoban.limiter import Limiter
from huoban_perf.platforms.huoban.transport import Transport, Upload
from tests.unit.platforms.fakes import KEY, ROOT, StillClock, said

OK: dict[str, Any] = {"code": 0, "message": "success", "data": {"a": 1}, "meta": {"trace_id": "7"}}
DOWN = {"code": 999999, "message": "internal", "meta": {"trace_id": "8"}}


class Bench:
    """A transport on a still clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = StillClock()
        self.options = HuobanOptions(base_url=ROOT, **{"rate_per_s": None, **settings})
        self.counter = TrafficCounter()
        wiring = Wiring(
            session=requests.Session(),
            options=self.options,
            clock=self.clock,
            retry=RetryPolicy(options=self.options, clock=self.clock, jitter=lambda: 1.0),
            counter=self.counter,
        )
        limiter = Limiter(rate_per_s=self.options.rate_per_s, clock=self.clock)
        self.transport = Transport(root=ROOT, identity=api_key(KEY), limiter=limiter, wiring=wiring)

    def fails(self, *args: Any, **kwargs: Any) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            self.transport.call(*args, **kwargs)
        assert said(caught.value)
        assert not isinstance(caught.value, requests.RequestException)
        return caught.value


def refused() -> requests.ConnectionError:
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


@responses.activate
def test_call_sends_key_body_and_ids_and_returns_data() -> None:
    responses.post(f"{ROOT}/item/23%2F1", json=OK)
    bench = Bench()
    answer = bench.transport.call(ITEM_READ, {}, ids={"item_id": "23/1"})
    assert (answer.data, answer.trace_id) == ({"a": 1}, "7")
    request = responses.calls[0].request
    assert request.headers["Open-Authorization"] == f"Bearer {KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == b"{}"
    assert bench.counter.traffic() == Traffic(requests=1, writes=0)


@responses.activate
def test_get_has_no_body_and_delete_has_one() -> None:
    responses.get(f"{ROOT}/space/list", json=OK)
    responses.delete(f"{ROOT}/items", json=OK)
    bench = Bench()
    bench.transport.call(SPACE_LIST)
    bench.transport.call(ITEMS_DELETE, {"item_ids": ["1"], "名": "中文"})
    assert responses.calls[0].request.body is None
    assert responses.calls[1].request.body == '{"item_ids":["1"],"名":"中文"}'.encode()
    assert bench.counter.traffic() == Traffic(requests=2, writes=1)


@responses.activate
def test_upload_leaves_the_boundary_to_the_library() -> None:
    responses.post(f"{ROOT}/item/list", json=OK)
    Bench().transport.call(ITEM_LIST, upload=Upload(name="说明.txt", content=b"x"))
    assert responses.calls[0].request.headers["Content-Type"].startswith("multipart/form-data; boundary=")


@responses.activate
@pytest.mark.parametrize("endpoint", [ITEM_LIST, ITEM_CREATE, ITEMS_UPSERT])
def test_throttled_is_repeated_whatever_the_endpoint(endpoint: Any) -> None:
    url = ROOT + endpoint.path
    responses.add(endpoint.method, url, status=429, headers={"Retry-After": "3"}, body="slow down")
    responses.add(endpoint.method, url, json={"code": 777, "message": "请求频率过高"})
    responses.add(endpoint.method, url, json=OK)
    bench = Bench()
    assert bench.transport.call(endpoint, {}).data == {"a": 1}
    assert bench.clock.waits[0] == 3.0
    assert bench.clock.waits[1] == pytest.approx(1.0)
    assert bench.counter.traffic().requests == 3


@responses.activate
def test_throttled_to_the_end_says_so_with_the_wait() -> None:
    responses.post(f"{ROOT}/item/list", status=429, headers={"Retry-After": "2"})
    bench = Bench(attempts=3)
    error = bench.fails(ITEM_LIST, {})
    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 2.0
    assert bench.clock.waits == [2.0, 2.0]


@responses.activate
def test_wait_longer_than_the_limit_ends_the_call() -> None:
    responses.post(f"{ROOT}/item/list", status=429, headers={"Retry-After": "3600"})
    bench = Bench()
    assert isinstance(bench.fails(ITEM_LIST, {}), ThrottledError)
    assert bench.clock.waits == []


@responses.activate
def test_5xx_is_repeated_only_where_that_is_safe() -> None:
    for method, path in (("POST", "/item/list"), ("PUT", "/items"), ("POST", "/item")):
        responses.add(method, ROOT + path, status=500, json=DOWN)
        responses.add(method, ROOT + path, json=OK)
    bench = Bench()
    assert bench.transport.call(ITEM_LIST, {}).data == {"a": 1}
    assert bench.transport.call(ITEMS_UPSERT, {}).data == {"a": 1}
    error = bench.fails(ITEM_CREATE, {})
    assert (error.code, error.trace_id) == ("platform.server_failure", "8")
    assert bench.counter.traffic() == Traffic(requests=5, writes=3)


@responses.activate
def test_backoff_doubles_and_the_servers_hint_beats_it() -> None:
    url = f"{ROOT}/item/list"
    responses.post(url, status=503, json=DOWN)
    responses.post(url, status=503, json=DOWN)
    responses.post(url, status=503, json=DOWN, headers={"Retry-After": "7"})
    responses.post(url, status=503, json=DOWN)
    responses.post(url, json=OK)
    bench = Bench(backoff_s=0.5)
    bench.transport.call(ITEM_LIST, {})
    assert bench.clock.waits == [0.5, 1.0, 7.0, 4.0]


@responses.activate
@pytest.mark.parametrize("endpoint", [ITEM_LIST, ITEM_CREATE])
def test_refused_connection_is_always_repeated(endpoint: Any) -> None:
    responses.add(endpoint.method, ROOT + endpoint.path, body=refused())
    responses.add(endpoint.method, ROOT + endpoint.path, body=requests.ConnectTimeout())
    responses.add(endpoint.method, ROOT + endpoint.path, json=OK)
    assert Bench().transport.call(endpoint, {}).data == {"a": 1}


@responses.activate
@pytest.mark.parametrize(
    "silence",
    [
        requests.ReadTimeout("read timed out"),
        requests.ConnectionError("cut"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.ContentDecodingError("bad gzip"),
    ],
)
def test_silence_after_sending_is_repeated_only_where_that_is_safe(silence: Exception) -> None:
    responses.post(f"{ROOT}/item/list", body=silence)
    responses.post(f"{ROOT}/item/list", json=OK)
    responses.post(f"{ROOT}/item", body=silence)
    bench = Bench()
    assert bench.transport.call(ITEM_LIST, {}).data == {"a": 1}
    error = bench.fails(ITEM_CREATE, {})
    assert isinstance(error, UnreachableError)
    assert error.code == "platform.no_answer"
    assert "huoban.test" in said(error)


@responses.activate
def test_unreachable_to_the_end_names_the_address() -> None:
    responses.post(f"{ROOT}/item/list", body=refused())
    bench = Bench(attempts=4)
    error = bench.fails(ITEM_LIST, {})
    assert (error.code, error.facts["address"]) == ("platform.unreachable", "huoban.test")
    assert len(bench.clock.waits) == 3


@responses.activate
@pytest.mark.parametrize(
    ("silence", "code"),
    [
        (requests.exceptions.SSLError("x"), "platform.tls"),
        (requests.exceptions.InvalidURL("x"), "platform.unreachable"),
    ],
)
def test_what_repeating_cannot_mend_is_not_repeated(silence: Exception, code: str) -> None:
    responses.post(f"{ROOT}/item/list", body=silence)
    bench = Bench()
    assert bench.fails(ITEM_LIST, {}).code == code
    assert bench.clock.waits == []


@responses.activate
def test_redirect_is_not_followed_with_the_key() -> None:
    responses.post(f"{ROOT}/item/list", status=302, headers={"Location": "http://elsewhere.test/"})
    error = Bench().fails(ITEM_LIST, {})
    assert isinstance(error, ProtocolError)
    assert len(responses.calls) == 1


@responses.activate
def test_html_is_not_repeated() -> None:
    responses.post(f"{ROOT}/item/list", body="<html>", content_type="text/html")
    assert Bench().fails(ITEM_LIST, {}).code == "platform.not_json"
    assert len(responses.calls) == 1


@responses.activate
def test_key_echoed_by_the_platform_does_not_show() -> None:
    responses.post(f"{ROOT}/item/list", json={"code": 100, "message": f"key {KEY} is bad"})
    bench = Bench()
    error = bench.fails(ITEM_LIST, {})
    assert isinstance(error, AccessError)
    assert error.facts["platform_message"] == "key *** is bad"
    assert KEY not in repr(vars(bench.transport))


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "platform.no_key"), ("  \n", "platform.no_key"), ("a b", "platform.bad_key"), ("密钥", "platform.bad_key")],
)
def test_key_that_cannot_work_is_refused_before_sending(key: str, code: str) -> None:
    bench = Bench()
    with pytest.raises(AccessError) as caught:
        Transport(root=ROOT, identity=api_key(key), limiter=bench.transport._limiter, wiring=bench.transport._wiring)
    assert caught.value.code == code
    assert said(caught.value)
    if key.strip():
        assert key not in str(caught.value)


@responses.activate
def test_space_around_the_key_is_taken_off() -> None:
    responses.post(f"{ROOT}/item/list", json=OK)
    bench = Bench()
    transport = Transport(
        root=ROOT + "/", identity=api_key(f" {KEY}\n"), limiter=bench.transport._limiter, wiring=bench.transport._wiring
    )
    transport.call(ITEM_LIST, {})
    assert responses.calls[0].request.headers["Open-Authorization"] == f"Bearer {KEY}"


@responses.activate
def test_every_attempt_takes_a_token() -> None:
    responses.post(f"{ROOT}/item/list", status=500, json=DOWN)
    responses.post(f"{ROOT}/item/list", json=OK)
    bench = Bench(rate_per_s=2, backoff_s=0.01)
    bench.transport.call(ITEM_LIST, {})
    assert sum(bench.clock.waits) >= 0.5


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "huoban.com"},
        {"base_url": "http://u:p@h/"},
        {"base_url": "ftp://h/"},
        {"attempts": 0},
        {"rate_per_s": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ProfileError) as caught:
        HuobanOptions(**settings)
    assert ":p@" not in said(caught.value)
