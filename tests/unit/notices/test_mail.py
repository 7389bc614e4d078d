from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from huoban_perf.core.errors import NoticeLeakError, NoticeRefusedError, NoticeUnreachableError
from huoban_perf.notices import MailChannel, MailServer, Message
from tests.unit.notices.clocks import SetClock

CLOCK = SetClock("2026-03-20T09:00:00")
PASSWORD = "smtp-password"


class Box:
    """What the mail server received."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address.startswith("gone@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        self.letters.append(envelope)
        return "250 OK"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    key, pem = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(pem), "-days", "3650", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return key, pem


@pytest.fixture
def served(certificate: tuple[Path, Path]) -> Iterator[tuple[Controller, Box]]:
    box = Box()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=_login,
        auth_required=True,
    )
    controller.start()
    yield controller, box
    controller.stop()


def channel(served: tuple[Controller, Box], certificate: tuple[Path, Path], **other: Any) -> MailChannel:
    port = served[0].server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    place = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "绩效 <hr@example.com>",
        "user": "hr",
        "password": PASSWORD,
    } | other
    return MailChannel(
        server=MailServer(**place),  # type: ignore[arg-type]
        address_of={"u1": "wang@example.com", "u2": "gone@example.com"},
        clock=CLOCK,
        trust=ssl.create_default_context(cafile=str(certificate[1])),
    )


def message(receiver: str = "u1", line: str = "评价任务待完成, 截止 03-25") -> Message:
    return Message(receiver=receiver, title="【绩效管理】您今天有 1 件待办", lines=(line,), keys=(), digest=True)


def test_letter_arrives_over_starttls_with_chinese_intact(
    served: tuple[Controller, Box], certificate: tuple[Path, Path]
) -> None:
    channel(served, certificate).send(message())
    (envelope,) = served[1].letters
    letter = message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[arg-type]
    assert envelope.rcpt_tos == ["wang@example.com"]
    assert letter["Subject"] == "【绩效管理】您今天有 1 件待办"
    assert letter["From"].addresses[0].display_name == "绩效"
    assert letter["Date"].datetime.isoformat() == "2026-03-20T09:00:00+08:00"
    body = letter.get_body()
    assert body is not None
    assert body.get_content().strip() == "评价任务待完成, 截止 03-25"
    assert envelope.smtp_utf8 is False


def test_customer_without_an_account_is_reached_by_the_address_itself(
    served: tuple[Controller, Box], certificate: tuple[Path, Path]
) -> None:
    way = channel(served, certificate)
    assert way.reaches("mail:wang@example.com")
    assert not way.reaches("u3")
    way.send(message("mail:wang@example.com", "请为我们的服务打分, 填邀请码 ab12cd34ef"))
    assert served[1].letters[-1].rcpt_tos == ["wang@example.com"]


def test_unknown_mailbox_is_refused(served: tuple[Controller, Box], certificate: tuple[Path, Path]) -> None:
    with pytest.raises(NoticeRefusedError) as caught:
        channel(served, certificate).send(message("u2"))
    assert caught.value.facts == {"channel": "mail", "reply": "550"}


def test_wrong_password_is_refused_and_not_shown(
    served: tuple[Controller, Box], certificate: tuple[Path, Path]
) -> None:
    mail = channel(served, certificate, password="wrong-password")
    with pytest.raises(NoticeRefusedError) as caught:
        mail.send(message())
    assert caught.value.facts["reply"] == "535"
    assert "wrong-password" not in repr(mail) + repr(caught.value.facts)


def test_untrusted_certificate_sends_nothing(served: tuple[Controller, Box], certificate: tuple[Path, Path]) -> None:
    trusting = channel(served, certificate)
    mail = MailChannel(server=trusting.server, address_of=trusting.address_of, clock=CLOCK)
    with pytest.raises(NoticeUnreachableError):
        mail.send(message())
    assert served[1].letters == []


def test_server_that_is_not_there_is_unreachable(certificate: tuple[Path, Path]) -> None:
    mail = MailChannel(
        server=MailServer(host="127.0.0.1", port=9, sender="hr@example.com", security="none"),
        address_of={"u1": "wang@example.com"},
        clock=CLOCK,
    )
    assert mail.reaches("u1")
    assert not mail.reaches("u9")
    with pytest.raises(NoticeUnreachableError):
        mail.send(message())


def test_letter_that_shows_a_result_never_leaves(
    served: tuple[Controller, Box], certificate: tuple[Path, Path]
) -> None:
    with pytest.raises(NoticeLeakError):
        channel(served, certificate).send(message(line="奖金 5000 元已批"))
    assert served[1].letters == []
