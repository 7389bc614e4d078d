from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from huoban_perf.core.errors import (
    NoticeError,
    NoticeLeakError,
    NoticeRefusedError,
    NoticeThrottledError,
    NoticeUnreachableError,
)
from huoban_perf.notices import Message, RobotChannel, RobotKind
from tests.unit.notices.clocks import SetClock

SECRET = "SEC-very-secret"


class Recorder:
    """A robot's server on loopback that keeps what it was sent and answers what it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, object], str]] = []
        self.answer: bytes = b'{"errcode": 0, "code": 0}'
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                recorder.requests.append((self.path, json.loads(body), self.headers["Content-Type"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(recorder.answer)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/robot/send?key=KEY-IN-URL"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    yield found
    found.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def robot(kind: RobotKind, url: str, session: requests.Session, secret: str = SECRET) -> RobotChannel:
    clock = SetClock("2026-03-20T09:00:00")
    return RobotChannel(kind=kind, name="hr", url=url, secret=secret, session=session, clock=clock)


def message(*lines: str) -> Message:
    return Message(
        receiver="group:hr", title="【绩效管理】提醒", lines=lines or ("有 3 件待办",), keys=(), digest=False
    )


def test_dingtalk_signs_in_the_address(recorder: Recorder, session: requests.Session) -> None:
    robot(RobotKind.DINGTALK, recorder.url, session).send(message())
    ((path, body, kind),) = recorder.requests
    asked = parse_qs(urlsplit(path).query)
    stamp = str(int(SetClock("2026-03-20T09:00:00").moment.timestamp() * 1000))
    expected = base64.b64encode(hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest())
    assert asked == {"key": ["KEY-IN-URL"], "timestamp": [stamp], "sign": [expected.decode()]}
    assert body == {"msgtype": "text", "text": {"content": "【绩效管理】提醒\n有 3 件待办"}}
    assert kind == "application/json"


def test_feishu_signs_in_the_body(recorder: Recorder, session: requests.Session) -> None:
    robot(RobotKind.FEISHU, recorder.url, session).send(message())
    ((_, body, _),) = recorder.requests
    stamp = str(int(SetClock("2026-03-20T09:00:00").moment.timestamp()))
    expected = base64.b64encode(hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()).decode()
    assert body == {
        "msg_type": "text",
        "content": {"text": "【绩效管理】提醒\n有 3 件待办"},
        "timestamp": stamp,
        "sign": expected,
    }


def test_wecom_has_no_signature_and_cuts_at_its_limit(recorder: Recorder, session: requests.Session) -> None:
    channel = robot(RobotKind.WECOM, recorder.url, session, secret="")
    channel.send(message(*[f"第{number}行: 目标待您提交请尽快处理谢谢" for number in range(99)]))
    ((path, body, _),) = recorder.requests
    assert path == "/robot/send?key=KEY-IN-URL"
    text = body["text"]["content"]  # type: ignore[index]
    assert len(text.encode()) <= 2048
    assert text.endswith("谢谢\n…")


@pytest.mark.parametrize(
    ("kind", "answer", "error"),
    [
        (RobotKind.DINGTALK, b'{"errcode": 310000, "errmsg": "keywords not in content"}', NoticeRefusedError),
        (RobotKind.DINGTALK, b'{"errcode": 130101}', NoticeThrottledError),
        (RobotKind.WECOM, b'{"errcode": 93000}', NoticeRefusedError),
        (RobotKind.FEISHU, b'{"code": 19021}', NoticeRefusedError),
        (RobotKind.FEISHU, b"{}", NoticeUnreachableError),
        (RobotKind.FEISHU, b"<html>", NoticeUnreachableError),
    ],
)
def test_error_inside_a_good_status_is_seen_and_names_no_secret(
    recorder: Recorder, session: requests.Session, kind: RobotKind, answer: bytes, error: type[NoticeError]
) -> None:
    recorder.answer = answer
    with pytest.raises(error) as caught:
        robot(kind, recorder.url, session).send(message())
    said = f"{caught.value!r} {caught.value.facts} {caught.value.__cause__}"
    assert "KEY-IN-URL" not in said
    assert SECRET not in said


def test_nobody_there_is_unreachable_without_the_address(session: requests.Session) -> None:
    channel = robot(RobotKind.WECOM, "http://127.0.0.1:9/x?key=KEY-IN-URL", session)
    with pytest.raises(NoticeUnreachableError) as caught:
        channel.send(message())
    assert caught.value.__cause__ is None
    assert "KEY-IN-URL" not in repr(channel) + repr(caught.value)


def test_twenty_a_minute_and_then_rest(recorder: Recorder, session: requests.Session) -> None:
    channel = robot(RobotKind.DINGTALK, recorder.url, session)
    for _ in range(20):
        channel.send(message())
    with pytest.raises(NoticeThrottledError):
        channel.send(message())
    channel.clock.sleep(61)
    channel.send(message())
    assert len(recorder.requests) == 21


def test_feishu_takes_five_a_second(recorder: Recorder, session: requests.Session) -> None:
    channel = robot(RobotKind.FEISHU, recorder.url, session)
    for _ in range(5):
        channel.send(message())
    with pytest.raises(NoticeThrottledError) as caught:
        channel.send(message())
    assert caught.value.facts["seconds"] == 1
    channel.clock.sleep(1)
    channel.send(message())
    assert len(recorder.requests) == 6


def test_text_that_shows_a_result_never_leaves(recorder: Recorder, session: requests.Session) -> None:
    with pytest.raises(NoticeLeakError) as caught:
        robot(RobotKind.WECOM, recorder.url, session).send(message("您的等级为 A, 得分 92"))
    assert caught.value.facts["kinds"] == ("score", "grade")
    assert recorder.requests == []


def test_robot_reaches_its_own_group_only(session: requests.Session) -> None:
    channel = robot(RobotKind.WECOM, "http://127.0.0.1:9/", session)
    assert channel.reaches("group:hr")
    assert not channel.reaches("u1")
