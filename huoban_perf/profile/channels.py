"""Channels of notices from a profile: addresses and secrets come from the environment, never from the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.notices import Channel, MailChannel, MailServer, RobotChannel, RobotKind
from huoban_perf.profile.model import MailRef, Profile, RobotRef


@contextmanager
def channels_of(profile: Profile, *, clock: Clock, environ: Mapping[str, str]) -> Iterator[tuple[Channel, ...]]:
    """Open the channels a profile names, in its order, for the length of a ``with`` block.

    Args:
        profile: The profile.
        clock: For stamps and limits.
        environ: Holds addresses and secrets.

    Yields:
        The channels; none for a profile that names none.

    Raises:
        ProfileError: A variable is empty, or the address list cannot be read.
    """
    with requests.Session() as session:
        yield tuple(
            _robot(entry, session, clock, environ) if isinstance(entry, RobotRef) else _mail(entry, clock, environ)
            for entry in profile.notices
        )


def _robot(entry: RobotRef, session: requests.Session, clock: Clock, environ: Mapping[str, str]) -> RobotChannel:
    secret = secret_of(entry.secret.env, environ) if entry.secret else ""
    return RobotChannel(
        kind=RobotKind(entry.robot),
        name=entry.group,
        url=secret_of(entry.url.env, environ),
        secret=secret,
        session=session,
        clock=clock,
    )


def _mail(entry: MailRef, clock: Clock, environ: Mapping[str, str]) -> MailChannel:
    server = MailServer(
        host=entry.host,
        port=entry.port,
        sender=entry.sender,
        security=entry.security,
        user=entry.user,
        password=secret_of(entry.password.env, environ) if entry.password else "",
    )
    return MailChannel(server=server, address_of=_addresses(entry.addresses), clock=clock)


def secret_of(variable: str, environ: Mapping[str, str]) -> str:
    """Return a secret by the name of its variable; ProfileError when it is empty."""
    value = environ.get(variable, "").strip()
    if not value:
        raise ProfileError("profile.secret_missing", facts={"variable": variable})
    return value


def _addresses(file: Path) -> dict[str, str]:
    """Read a CSV with the columns ``member`` (成员ID) and ``mail`` (邮箱)."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError("profile.addresses", facts={"file": str(file)}) from error
    found = {}
    for row in rows:
        member, mail = row.get("member") or row.get("成员ID"), row.get("mail") or row.get("邮箱")
        if member and mail:
            found[member.strip()] = mail.strip()
    if rows and not found:
        raise ProfileError("profile.addresses", facts={"file": str(file)})
    return found
