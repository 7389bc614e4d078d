"""Group robots of 企业微信, 钉钉 and 飞书: one POST of JSON each, errors inside HTTP 200, the address a secret.

Source: notice-channels.md (marks stand beside each constant).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote_plus

import requests

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import (
    NoticeLeakError,
    NoticeRefusedError,
    NoticeThrottledError,
    NoticeUnreachableError,
)
from huoban_perf.notices.channel import Message
from huoban_perf.notices.leaks import leaks_in

_TIMEOUT_S = 10.0
_MINUTE_S = 60.0
_MORE = "…"


class RobotKind(StrEnum):
    """Whose robot."""

    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WECOM = "wecom"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a robot's owner documents: messages a minute and a second, bytes of a text, which field is 0 on success."""

    per_minute: int
    per_second: int
    text_bytes: int
    success: str


_RULES = {
    RobotKind.DINGTALK: _Rule(20, 20, 18_000, "errcode"),  # 20 a minute [pages]; size of a text [know]
    RobotKind.FEISHU: _Rule(100, 5, 18_000, "code"),  # 100 a minute, 5 a second, body 20 KB [know]
    RobotKind.WECOM: _Rule(20, 20, 2_048, "errcode"),  # 20 a minute, 2,048 bytes [pages]
}


@dataclass(kw_only=True)
class RobotChannel:
    """One group robot.

    Attributes:
        kind: Whose.
        name: The group's name here; receivers of it are ``group:<name>``.
        url: The robot's address, key included.
        secret: Signing secret, or empty for a robot without signature (企业微信 has none).
        session: Sends.
        clock: For stamps and the limit.
    """

    kind: RobotKind
    name: str
    url: str = field(repr=False)
    session: requests.Session = field(repr=False)
    clock: Clock = field(repr=False)
    secret: str = field(default="", repr=False)
    _sent_s: deque[float] = field(default_factory=deque, repr=False)

    def reaches(self, receiver: str) -> bool:
        """Return whether a receiver is this group."""
        return receiver == f"group:{self.name}"

    def send(self, message: Message) -> None:
        """Send one message to the group; a text over the limit is cut at a line.

        Args:
            message: The message.

        Raises:
            NoticeLeakError: The text shows a result.
            NoticeThrottledError: The robot's messages of this minute are used up, or it says so itself.
            NoticeRefusedError: The robot's owner answered with another code than success.
            NoticeUnreachableError: No answer, or none in the written form.
        """
        leaks = leaks_in(message.text)
        if leaks:
            raise NoticeLeakError("notices.leak", facts={"channel": self.name, "kinds": leaks})
        self._take_turn()
        url, body = self._request(_cut(message.text, _RULES[self.kind].text_bytes))
        try:
            answer = self.session.post(url, json=body, timeout=_TIMEOUT_S, allow_redirects=False)
            content = answer.json()
        except (requests.RequestException, ValueError):
            # The original error names the address, which is a secret.
            raise NoticeUnreachableError("notices.unreachable", facts={"channel": self.name}) from None
        self._judge(content if isinstance(content, dict) else {})

    def _take_turn(self) -> None:
        now_s = self.clock.monotonic_s()
        while self._sent_s and now_s - self._sent_s[0] >= _MINUTE_S:
            self._sent_s.popleft()
        rule = _RULES[self.kind]
        wait_s = 0
        if len(self._sent_s) >= rule.per_minute:
            wait_s = int(_MINUTE_S - (now_s - self._sent_s[0])) + 1
        elif sum(now_s - sent_s < 1 for sent_s in self._sent_s) >= rule.per_second:
            wait_s = 1
        if wait_s:
            raise NoticeThrottledError("notices.throttled", facts={"channel": self.name, "seconds": wait_s})
        self._sent_s.append(now_s)

    def _request(self, text: str) -> tuple[str, Mapping[str, object]]:
        now = self.clock.now().timestamp()
        match self.kind:
            case RobotKind.WECOM:
                return self.url, {"msgtype": "text", "text": {"content": text}}
            case RobotKind.DINGTALK:
                return self._dingtalk_url(int(now * 1000)), {"msgtype": "text", "text": {"content": text}}
            case RobotKind.FEISHU:
                body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
                if self.secret:
                    body |= {"timestamp": str(int(now)), "sign": feishu_sign(int(now), self.secret)}
                return self.url, body

    def _dingtalk_url(self, stamp_ms: int) -> str:
        if not self.secret:
            return self.url
        joint = "&" if "?" in self.url else "?"
        return f"{self.url}{joint}timestamp={stamp_ms}&sign={quote_plus(dingtalk_sign(stamp_ms, self.secret))}"

    def _judge(self, content: Mapping[str, object]) -> None:
        code = content.get(_RULES[self.kind].success)
        if code == 0:
            return
        if code is None:
            raise NoticeUnreachableError("notices.unreachable", facts={"channel": self.name})
        if code in _THROTTLED:
            raise NoticeThrottledError("notices.throttled", facts={"channel": self.name, "seconds": _REST_S})
        raise NoticeRefusedError("notices.refused", facts={"channel": self.name, "reply": str(code)})


_THROTTLED = {45009, 130101, 9499, 11232}
"""Codes that mean *too many*: 企业微信 45009, 钉钉 130101, 飞书 9499 and 11232 [know]."""
_REST_S = 600
"""钉钉 blocks a robot that sent too much for ten minutes [pages]; the others rest as long."""


def dingtalk_sign(stamp_ms: int, secret: str) -> str:
    """Return 钉钉's signature: HMAC-SHA256 of stamp, newline and secret, keyed by the secret, in base64 [pages]."""
    return _base64_hmac(secret.encode(), f"{stamp_ms}\n{secret}".encode())


def feishu_sign(stamp_s: int, secret: str) -> str:
    """Return 飞书's signature: HMAC-SHA256 of nothing, keyed by stamp, newline and secret, in base64 [pages]."""
    return _base64_hmac(f"{stamp_s}\n{secret}".encode(), b"")


def _base64_hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _cut(text: str, limit_bytes: int) -> str:
    """Shorten a text to a number of UTF-8 bytes, at a line where possible, never inside a character."""
    if len(text.encode()) <= limit_bytes:
        return text
    room = limit_bytes - len(_MORE.encode())
    short = text.encode()[:room].decode(errors="ignore")
    line = short.rfind("\n")
    return (short[: line + 1] if line > 0 else short) + _MORE
