"""Metrics in Prometheus' format: counts and times, never a name, a score or a key."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Delivered
from huoban_perf.service.worker import Ended

_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 1800)


class Metrics:
    """Every metric of one process, in a registry of its own."""

    def __init__(self) -> None:
        """Register the metrics."""
        self.registry = CollectorRegistry()
        self._runs = Counter(
            "huoban_perf_job_runs", "Runs of jobs by result", ("profile", "job", "result"), registry=self.registry
        )
        self._seconds = Histogram(
            "huoban_perf_job_seconds", "Time of a run", ("job",), buckets=_SECONDS, registry=self.registry
        )
        self._occurrences = Gauge("huoban_perf_occurrences", "Occurrences by state", ("state",), registry=self.registry)
        self._messages = Counter(
            "huoban_perf_messages", "Messages by result", ("profile", "result"), registry=self.registry
        )
        self._firings = Counter(
            "huoban_perf_firings", "Firings of automations by result", ("profile", "result"), registry=self.registry
        )
        self._requests = Gauge(
            "huoban_perf_requests",
            "Requests sent to the platform since the start",
            ("profile",),
            registry=self.registry,
        )
        self._hints = Counter("huoban_perf_callbacks", "Callbacks by verdict", ("verdict",), registry=self.registry)
        self._audit = Gauge(
            "huoban_perf_audit_lines",
            "Lines of the audit log; -1 when its chain is broken",
            ("profile",),
            registry=self.registry,
        )
        self.audit_ends: dict[str, str] = {}
        """Profile → lines and hash at the end of its audit log, to be kept elsewhere; shown by ``/health``."""
        self._tick = Gauge("huoban_perf_last_tick_seconds", "When the last round ended", registry=self.registry)

    def ended(self, ended: Ended) -> None:
        """Count one run."""
        self._runs.labels(ended.claim.profile, ended.claim.job, ended.result).inc()
        self._seconds.labels(ended.claim.job).observe(ended.seconds)

    def delivered(self, profile: str, outcome: Delivered) -> None:
        """Count messages."""
        for result in ("sent", "failed", "parked", "unreachable"):
            self._messages.labels(profile, result).inc(getattr(outcome, result))

    def fired(self, profile: str, result: str, count: int = 1) -> None:
        """Count firings of automations."""
        self._firings.labels(profile, result).inc(count)

    def requested(self, profile: str, requests: int) -> None:
        """Take the number of requests a connection has sent."""
        self._requests.labels(profile).set(requests)

    def audited(self, profile: str, *, lines: int, end: str) -> None:
        """Take the end of a profile's audit log; no lines (-1) and ``broken`` when its chain does not hold."""
        self._audit.labels(profile).set(lines)
        self.audit_ends[profile] = f"{lines}:{end}" if lines >= 0 else end

    def hinted(self, verdict: str) -> None:
        """Count one call of the endpoint."""
        self._hints.labels(verdict).inc()

    def ticked(self, at: datetime, counts: dict[State, int]) -> None:
        """Take the state after a round."""
        self._tick.set(at.timestamp())
        for state, count in counts.items():
            self._occurrences.labels(state.value).set(count)

    def text(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)
