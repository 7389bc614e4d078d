"""Mail by SMTP: UTF-8 text, STARTTLS or TLS, one connection a message.

Source: notice-channels.md (mail). A reply of 250 counts as delivered to the server, not as read.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import NoticeLeakError, NoticeRefusedError, NoticeUnreachableError
from huoban_perf.core.values import CHINA
from huoban_perf.notices.channel import Message
from huoban_perf.notices.leaks import leaks_in

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over.

    Attributes:
        host: Name of the server.
        port: Its port.
        sender: Address in From.
        security: ``starttls`` (default), ``tls`` from the first byte, or ``none`` for a relay on this machine.
        user: Account, or empty for a server that asks for none.
        password: Its password.
    """

    host: str
    port: int
    sender: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


_STRANGER = "mail:"


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Mail to persons.

    Attributes:
        server: The server.
        address_of: Member id → mail address; who is not in it gets no mail.
        clock: For the date.
        trust: Certificates to trust; None takes the machine's own.
        name: The channel's name.
    """

    server: MailServer
    address_of: Mapping[str, str] = field(repr=False)
    clock: Clock = field(repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    name: str = "mail"

    def reaches(self, receiver: str) -> bool:
        """Return whether the receiver has an address, or is one: ``mail:<address>``, somebody without an account."""
        return receiver in self.address_of or receiver.startswith(_STRANGER)

    def send(self, message: Message) -> None:
        """Hand one message to the server.

        Args:
            message: The message.

        Raises:
            NoticeLeakError: The text shows a result.
            NoticeRefusedError: The server refused the account, the sender or the receiver.
            NoticeUnreachableError: The server did not answer.
        """
        leaks = leaks_in(message.text)
        if leaks:
            raise NoticeLeakError("notices.leak", facts={"channel": self.name, "kinds": leaks})
        try:
            with self._connect() as server:
                if self.server.user:
                    server.login(self.server.user, self.server.password)
                server.send_message(self._letter(message))
        except smtplib.SMTPResponseException as error:
            facts = {"channel": self.name, "reply": str(error.smtp_code)}
            raise NoticeRefusedError("notices.refused", facts=facts) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({str(reply[0]) for reply in error.recipients.values()})
            raise NoticeRefusedError("notices.refused", facts={"channel": self.name, "reply": codes[0]}) from None
        except (smtplib.SMTPException, OSError):
            raise NoticeUnreachableError("notices.unreachable", facts={"channel": self.name}) from None

    def _connect(self) -> smtplib.SMTP:
        place = self.server
        trust = self.trust or ssl.create_default_context()
        if place.security == "tls":
            return smtplib.SMTP_SSL(place.host, place.port, timeout=_TIMEOUT_S, context=trust)
        server = smtplib.SMTP(place.host, place.port, timeout=_TIMEOUT_S)
        if place.security == "starttls":
            try:
                server.starttls(context=trust)
            except BaseException:
                server.close()
                raise
        return server

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self.server.sender
        to = self.address_of.get(message.receiver) or message.receiver.removeprefix(_STRANGER)
        letter["To"] = to
        letter["Subject"] = message.title
        letter["Date"] = format_datetime(self.clock.now().astimezone(CHINA))
        letter["Message-ID"] = make_msgid(domain=self.server.sender.rpartition("@")[2] or "localhost")
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content("\n".join(message.lines) + "\n")
        return letter
