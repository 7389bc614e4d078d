"""Several machines: Huey on Redis rings, the store decides.

Huey drops the task of a worker that is killed, so nothing depends on a task arriving: a ring only means *look now*, a
periodic task rings every minute by itself, and whoever looks takes what is due or what a dead worker left behind.
Source: design.md §9a.
"""

from __future__ import annotations

from huey import RedisHuey, crontab
from redis import Redis
from redis.exceptions import RedisError

from huoban_perf.core.errors import ServiceError
from huoban_perf.service.redis_store import RedisStore
from huoban_perf.service.rounds import Rounds


def connect_store(url: str, *, prefix: str = "huoban-perf") -> RedisStore:
    """Connect to Redis.

    Args:
        url: For example ``redis://127.0.0.1:6379/0``; may hold a password, so it is never shown.
        prefix: Of every key.

    Returns:
        The store.

    Raises:
        ServiceError: Redis does not answer.
    """
    client = Redis.from_url(url, decode_responses=True)
    try:
        client.ping()
    except (RedisError, ValueError):
        raise ServiceError("service.no_redis") from None
    return RedisStore(client, prefix=prefix)


def make_queue(url: str, *, rounds: Rounds, name: str = "huoban-perf") -> RedisHuey:
    """Return the queue whose only task is one round.

    Args:
        url: Address of Redis.
        rounds: This worker's rounds.
        name: The queue's name; workers of one name share it.

    Returns:
        A queue; ``run_worker`` serves it.
    """
    queue = RedisHuey(name, url=url, results=False)

    def ring() -> None:
        rounds.tick()

    ringing = queue.task(name="ring")(ring)

    def every_minute() -> None:
        ringing()

    queue.periodic_task(crontab(minute="*"), name="every_minute")(every_minute)
    return queue


def run_worker(queue: RedisHuey, *, rounds: Rounds) -> None:
    """Serve the queue until SIGTERM or SIGINT; the round under way ends first.

    Args:
        queue: The queue.
        rounds: Looked at once before the first ring.
    """
    rounds.tick()
    queue.create_consumer(workers=1, periodic=True, initial_delay=0.05, max_delay=1.0).run()
