"""Occurrences on Redis, for several machines that share them; the same promises as on SQLite.

Each step is one Lua script, which Redis runs whole. Machines must keep their clocks together (NTP): a lease is judged
by the asking worker's clock, with the whole lease as tolerance. Redis should write its file at every change
(``appendfsync always``), else a crash of Redis itself may lose the last second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError

from huoban_perf.core.errors import LeaseLostError, StoreGoneError
from huoban_perf.service.occurrences import AHEAD, EVERYTHING, Claim, Share, State
from huoban_perf.service.store import moment_of

_ADD = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

_ASK = """
local now = tonumber(ARGV[3])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local o = cjson.decode(redis.call('HGET', KEYS[1], id))
  if o.profile == ARGV[4] and o.job == ARGV[5] and o.state == 'due' and o.not_before <= now then return 0 end
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

_SEEN = """
local seen = redis.call('HGET', KEYS[1], ARGV[1])
local wrong = seen and ARGV[4] ~= 'inf' and tonumber(seen) > tonumber(ARGV[4])
if not seen or tonumber(seen) < tonumber(ARGV[2]) and ARGV[3] == '1' or wrong then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]); return ARGV[2]
end
return seen
"""

_CLAIM = """
local now, profiles, ahead = tonumber(ARGV[1]), {}, tonumber(ARGV[6])
for at = 7, #ARGV do profiles[ARGV[at]] = true end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local o = cjson.decode(redis.call('HGET', KEYS[1], id))
  local held = redis.call('HGET', KEYS[4], o.profile)
  local free = (not held) or tonumber(held) <= now or tonumber(held) > ahead
  local ready = (o.state == 'due' and o.not_before <= now) or (o.state == 'running')
  local mine = (#ARGV < 7 or profiles[o.profile]) and (ARGV[4] == '' or o.job == ARGV[4]) and o.job ~= ARGV[5]
  if ready and free and mine then
    o.state = 'running'; o.attempts = o.attempts + 1; o.worker = ARGV[3]
    o.fence = redis.call('HINCRBY', KEYS[3], o.profile, 1)
    redis.call('HSET', KEYS[4], o.profile, ARGV[2])
    local text = cjson.encode(o)
    redis.call('HSET', KEYS[1], id, text)
    return text
  end
end
return false
"""

_CHANGE = """
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then return 0 end
local o = cjson.decode(text)
if o.state ~= 'running' or o.fence ~= tonumber(ARGV[2]) then return 0 end
if tonumber(redis.call('HGET', KEYS[3], o.profile)) ~= o.fence then return 0 end
if ARGV[3] == 'running' then redis.call('HSET', KEYS[4], o.profile, ARGV[4]); return 1 end
o.state = ARGV[3]; o.not_before = tonumber(ARGV[4]); o.outcome = ARGV[5]
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(o))
redis.call('HDEL', KEYS[4], o.profile)
if o.state == 'done' or o.state == 'parked' then
  redis.call('ZREM', KEYS[2], ARGV[1])
end
if o.state == 'done' then
  redis.call('SADD', KEYS[5], o.job)
  redis.call('ZADD', KEYS[6], o.due, ARGV[1])
end
if o.state == 'parked' then redis.call('SADD', KEYS[7], ARGV[1]) end
return 1
"""

_AT_ONCE = 500


@contextmanager
def _reached() -> Iterator[None]:
    """Turn whatever the client raises into our own error, without the address, which may hold a password."""
    try:
        yield
    except RedisError:
        raise StoreGoneError("service.no_redis") from None


class RedisStore:
    """An ``OccurrenceStore`` on Redis; open occurrences are walked in order of due time.

    Every method raises StoreGoneError when Redis does not answer.
    """

    def __init__(self, client: Redis, *, prefix: str = "huoban-perf") -> None:
        """Take a connected client.

        Args:
            client: Decodes answers as text.
            prefix: Of every key.
        """
        self._client = client
        self._keys = [f"{prefix}:{part}" for part in ("occurrences", "open", "fences", "held")]
        self._schedules, self._finished, self._parked = (
            f"{prefix}:{part}" for part in ("schedules", "finished", "parked")
        )
        self._add, self._ask, self._seen, self._claim, self._change = (
            client.register_script(text) for text in (_ADD, _ASK, _SEEN, _CLAIM, _CHANGE)
        )

    @_reached()
    def add(self, *, profile: str, job: str, due: datetime) -> bool:
        """Keep an occurrence and the moment its schedule was looked after; return whether it is new."""
        due_s = due.timestamp()
        added = self._add(
            keys=self._keys[:2], args=[_id(profile, job, due_s), json.dumps(_due(profile, job, due_s)), due_s]
        )
        self._seen(keys=[self._schedules], args=[f"{profile}|{job}", due_s, "1", "inf"])
        return bool(added)

    @_reached()
    def ask_for(self, *, profile: str, job: str, now: datetime) -> bool:
        """Keep an occurrence that is due at once, unless one of the job stands due; return whether it is new."""
        now_s = now.timestamp()
        content = json.dumps(_due(profile, job, now_s))
        return bool(self._ask(keys=self._keys[:2], args=[_id(profile, job, now_s), content, now_s, profile, job]))

    @_reached()
    def seen_until(self, *, profile: str, job: str, now: datetime) -> datetime:
        """Return up to which moment a schedule was looked after; ``now`` on the first call, which is kept."""
        args: list[str | float] = [f"{profile}|{job}", now.timestamp(), "0", (now + AHEAD).timestamp()]
        return moment_of(float(self._seen(keys=[self._schedules], args=args)))

    @_reached()
    def claim(self, *, worker: str, now: datetime, lease: timedelta, share: Share = EVERYTHING) -> Claim | None:
        """Lease the oldest occurrence of a worker's share that may run, or return None."""
        moments = (now.timestamp(), (now + lease).timestamp())
        args: list[str | float] = [
            *moments,
            worker,
            share.only,
            share.without,
            (now + AHEAD).timestamp(),
            *share.profiles,
        ]
        text = self._claim(keys=self._keys, args=args)
        if not text:
            return None
        found = json.loads(text)
        return Claim(
            profile=found["profile"],
            job=found["job"],
            due=moment_of(found["due"]),
            attempt=int(found["attempts"]),
            fence=int(found["fence"]),
            worker=worker,
        )

    def renew(self, claim: Claim, *, now: datetime, lease: timedelta) -> None:
        """Lengthen a lease; LeaseLostError when another took the profile over."""
        self._mine(claim, "running", (now + lease).timestamp(), "")

    def done(self, claim: Claim, *, outcome: str) -> None:
        """Close an occurrence; LeaseLostError when another took the profile over."""
        self._mine(claim, "done", 0, outcome)

    def retry(self, claim: Claim, *, not_before: datetime, reason: str) -> None:
        """Put an occurrence back; LeaseLostError when another took the profile over."""
        self._mine(claim, "due", not_before.timestamp(), reason)

    def park(self, claim: Claim, *, reason: str) -> None:
        """Give an occurrence up; LeaseLostError when another took the profile over."""
        self._mine(claim, "parked", 0, reason)

    @_reached()
    def _mine(self, claim: Claim, state: str, moment_s: float, outcome: str) -> None:
        place = _id(claim.profile, claim.job, claim.due.timestamp())
        keys = [*self._keys, self._finished, self._finished_of(claim.job), self._parked]
        if not self._change(keys=keys, args=[place, claim.fence, state, moment_s, outcome]):
            raise LeaseLostError("service.lease_lost", facts={"occurrence": claim.name})

    def _finished_of(self, job: str) -> str:
        """Name of the set of a job's finished occurrences, in order of due time."""
        return f"{self._finished}:{job}"

    @_reached()
    def prune(self, *, before: datetime, job: str | None = None) -> int:
        """Forget finished occurrences, of one job or of all, that were due before a moment; return how many."""
        if job is None:
            self._list_finished()
        count = 0
        for name in [job] if job is not None else self._finished_jobs():
            while gone := self._client.zrange(
                self._finished_of(name), "-inf", f"({before.timestamp()}", byscore=True, offset=0, num=_AT_ONCE
            ):
                with self._client.pipeline() as both:
                    both.hdel(self._keys[0], *gone)
                    both.zrem(self._finished_of(name), *gone)
                    count += int(both.execute()[0])
        return count

    def _finished_jobs(self) -> list[str]:
        return sorted(str(job) for job in self._client.smembers(self._finished))

    def _list_finished(self) -> None:
        """Put what ended before ended occurrences were listed into their lists."""
        for place, text in self._client.hscan_iter(self._keys[0]):
            found = json.loads(text)
            if found["state"] == State.PARKED:
                self._client.sadd(self._parked, place)
            if found["state"] == State.DONE:
                self._client.sadd(self._finished, found["job"])
                self._client.zadd(self._finished_of(found["job"]), {place: found["due"]}, nx=True)

    @_reached()
    def counts(self) -> Mapping[State, int]:
        """Return how many occurrences stand in each state; only the open ones are looked at."""
        found: dict[State, int] = dict.fromkeys(State, 0)
        opened = [str(place) for place in self._client.zrange(self._keys[1], 0, -1)]
        for text in self._client.hmget(self._keys[0], opened) if opened else ():
            if text:
                found[State(json.loads(text)["state"])] += 1
        found[State.DONE] = sum(int(self._client.zcard(self._finished_of(job))) for job in self._finished_jobs())
        found[State.PARKED] = int(self._client.scard(self._parked))
        return found


def _due(profile: str, job: str, due_s: float) -> dict[str, object]:
    return {"profile": profile, "job": job, "due": due_s, "state": "due", "not_before": due_s, "attempts": 0}


def _id(profile: str, job: str, due_s: float) -> str:
    return f"{profile}|{job}|{due_s:.3f}"
