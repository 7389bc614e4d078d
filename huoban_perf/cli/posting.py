"""How notices leave a process: a profile's outbox with its channels, and 消息 in the workspace.

The service keeps one open; a job that cron runs opens one for its own length, so that what it tells people is told even
where no service runs. A job that a person runs only puts notices there: the service, or cron's next job, sends them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huoban_perf.cli.session import Settings
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.inbox import fill_inbox
from huoban_perf.notices import TextBook
from huoban_perf.profile import Profile, channels_of
from huoban_perf.service.inbox import Inbox
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.app import DeployedApp


@contextmanager
def outbox_of(settings: Settings, profile: Profile, store: SqliteStore) -> Iterator[Outbox]:
    """Open a profile's outbox with its channels for the length of a ``with`` block.

    Args:
        settings: The command's settings; channels find their secrets in its environment.
        profile: The profile.
        store: Where notices are kept.

    Yields:
        The outbox.

    Raises:
        ProfileError: A channel's secret is missing, or its address list cannot be read.
    """
    with channels_of(profile, clock=settings.clock, environ=settings.environ) as channels:
        yield Outbox(
            profile=profile.name,
            store=store,
            clock=settings.clock,
            calendar=WorkCalendar(off=frozenset(profile.days_off), on=frozenset(profile.days_on)),
            texts=TextBook(locale=profile.locale),
            channels=channels,
        )


def show_in_workspace(app: DeployedApp, outbox: Outbox) -> None:
    """Write what people were told into 消息, where the app has it."""
    inbox = Inbox(outbox)
    has_inbox = any(table.key == "message" for table in app.schema.tables)
    while has_inbox and (entries := inbox.due()):
        fill_inbox(app, entries)
        inbox.mirrored(entries)


@contextmanager
def posting(settings: Settings, *, sends: bool) -> Iterator[Outbox]:
    """Open the outbox of the command's profile for one job.

    Args:
        settings: The command's settings.
        sends: Whether the channels are needed; otherwise none is opened, and no secret asked for.

    Yields:
        The outbox.
    """
    profile = settings.profile()
    store = SqliteStore(profile.home / "service.sqlite")
    try:
        with outbox_of(settings, profile if sends else profile.model_copy(update={"notices": ()}), store) as outbox:
            yield outbox
    finally:
        store.close()
