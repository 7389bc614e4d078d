"""Notices: from what a person should know to what a channel sends: texts, leaks, hours, 企业微信, 钉钉, 飞书, mail.

Imports core. ``texts`` turns a notice into one line in zh or en; ``leaks`` refuses a text that shows a result;
``delivery`` decides what goes out now (one digest a person and working day, quiet hours, at most three at once);
``robots`` and ``mail`` are the channels. Nothing is remembered here: the outbox of ``service`` does that.
"""

from huoban_perf.notices.channel import Channel, Message
from huoban_perf.notices.delivery import Waiting, due_messages
from huoban_perf.notices.mail import MailChannel, MailServer
from huoban_perf.notices.robots import RobotChannel, RobotKind
from huoban_perf.notices.texts import TextBook

__all__ = [
    "Channel",
    "MailChannel",
    "MailServer",
    "Message",
    "RobotChannel",
    "RobotKind",
    "TextBook",
    "Waiting",
    "due_messages",
]
