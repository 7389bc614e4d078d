"""A body becomes data or an error, whatever the HTTP status."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.errors import (
    AccessError,
    NotFoundError,
    PlatformError,
    ProtocolError,
    RejectedError,
    ThrottledError,
    UnreachableError,
)
from huoban_perf.platforms.calls.wire import RawAnswer, dump_json
from huoban_perf.platforms.huoban.endpoints import ITEM_LIST
from huoban_perf.platforms.huoban.envelope import Answer, read_answer, retry_after_s
from tests.unit.platforms.fakes import said

NOW = datetime(2022, 3, 3, 12, tzinfo=UTC)


def read(content: str, *, status: int = 200, **headers: str) -> Answer:
    raw = RawAnswer(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        content=content.encode(),
    )
    return read_answer(raw, endpoint=ITEM_LIST, now=NOW, scrub=lambda text: text.replace("KEY", "***"))


def failed(content: str, *, status: int = 200, **headers: str) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        read(content, status=status, **headers)
    assert said(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("content", "data"),
    [
        ('{"code":0,"data":{"a":1.10},"meta":{"trace_id":"7"}}', {"a": Decimal("1.10")}),
        ('\ufeff{"code":0,"data":{"a":1},"meta":{"trace_id":7}}', {"a": 1}),
        ('{"code":0,"data":[],"meta":{"trace_id":"7"}}', {}),
        ('{"code":0,"data":null,"meta":{"trace_id":"7"}}', {}),
        ('{"code":0,"meta":{"trace_id":"7"}}', {}),
    ],
)
def test_success_gives_data_and_trace_id(content: str, data: Any) -> None:
    assert read(content) == Answer(data=data, trace_id="7")


def test_success_without_meta_has_no_trace_id() -> None:
    assert read('{"code":0,"data":{}}').trace_id is None
    assert read('{"code":0,"data":{},"meta":[]}').trace_id is None


def test_numbers_survive_digit_by_digit() -> None:
    number = Decimal("12345678901234567890.12345678901234567890")
    sent = dump_json({"n": number})
    assert sent == b'{"n":12345678901234567890.12345678901234567890}'
    assert read('{"code":0,"data":' + sent.decode() + "}").data == {"n": number}


@pytest.mark.parametrize("status", [200, 400, 500, 503])
@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (100, AccessError, "platform.access"),
        (501, RejectedError, "platform.unknown_method"),
        (502, RejectedError, "platform.parameter"),
        (3500002, NotFoundError, "platform.not_found"),
        (9600001, AccessError, "platform.access"),
    ],
)
def test_known_code_decides_whatever_the_status(status: int, code: int, kind: type[PlatformError], name: str) -> None:
    error = failed(f'{{"code":{code},"message":"说明","meta":{{"trace_id":"77"}}}}', status=status)
    assert type(error) is kind
    assert (error.code, error.trace_id, error.endpoint) == (name, "77", "item.list")
    assert error.facts["platform_message"] == "说明"


def test_unknown_code_is_rejected_on_200_and_a_failure_on_5xx() -> None:
    assert type(failed('{"code":999,"message":"x"}')) is RejectedError
    error = failed('{"code":999,"message":"x"}', status=500)
    assert isinstance(error, UnreachableError)
    assert error.code == "platform.server_failure"


@pytest.mark.parametrize(
    "message", ["请求频率超过限制", "操作过于频繁", "Too Many Requests", "rate limit", "API frequency"]
)
@pytest.mark.parametrize("status", [200, 500])
def test_frequency_message_is_throttling(message: str, status: int) -> None:
    error = failed(f'{{"code":777,"message":"{message}"}}', status=status, Retry_After="2")
    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 2.0


@pytest.mark.parametrize("content", ["<html>", "", '{"code":0}', '{"code":429,"message":"x"}', '{"code":"100"}'])
def test_429_is_throttling_unless_it_succeeded(content: str) -> None:
    if content == '{"code":0}':
        assert read(content, status=429).data == {}
        return
    assert isinstance(failed(content, status=429), ThrottledError)


def test_html_is_a_protocol_error_that_names_the_type() -> None:
    error = failed("<!DOCTYPE html>", Content_Type="text/html; charset=utf-8")
    assert isinstance(error, ProtocolError)
    assert error.code == "platform.not_json"
    assert error.facts["content_type"] == "text/html"
    assert "text/html" in said(error)


@pytest.mark.parametrize("content", ["", "null", "[", "\x00", '{"code":NaN}', "[" * 100_000])
def test_what_is_not_json_is_a_protocol_error(content: str) -> None:
    assert failed(content).code == "platform.not_json"


@pytest.mark.parametrize(
    "content", ["[]", "3", '{"data":{}}', '{"code":"0"}', '{"code":true}', '{"code":1e999999999999999999}']
)
def test_json_without_a_code_is_a_protocol_error(content: str) -> None:
    assert failed(content).code in {"platform.no_envelope", "platform.not_json"}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AccessError), (403, AccessError), (404, ProtocolError), (302, ProtocolError)]
)
def test_without_an_envelope_the_status_decides(status: int, kind: type[PlatformError]) -> None:
    assert type(failed("<html>", status=status)) is kind


def test_5xx_without_an_envelope_is_a_failure_of_the_server() -> None:
    error = failed("<html>bad gateway</html>", status=502, Retry_After="9")
    assert error.code == "platform.server_failure"
    assert getattr(error, "retry_after_s", None) == 9.0


def test_secret_echoed_by_the_server_is_taken_out() -> None:
    error = failed('{"code":100,"message":"bad key KEY"}')
    assert error.facts["platform_message"] == "bad key ***"


def test_long_message_is_cut() -> None:
    assert len(str(failed('{"code":1,"message":"' + "x" * 5000 + '"}').facts["platform_message"])) == 300


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("Thu, 03 Mar 2022 12:00:30 GMT", 30.0),
        ("Thu, 03 Mar 2022 11:00:00 GMT", 0.0),
        ("Thu, 03 Mar 2022 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(text: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": text}, now=NOW) == seconds


def test_retry_after_absent_is_none() -> None:
    assert retry_after_s({}, now=NOW) is None
