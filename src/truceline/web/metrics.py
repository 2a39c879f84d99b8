"""Figures of the service for Prometheus: requests by route and status, how long, how many, store errors.

Each app has a registry of its own; where several processes serve, their figures are added up from files in a
folder that the first one names (see `workers`). Labels are templates of routes, never addresses as sent:
those could hold names, and would make a new series for each.
"""

from __future__ import annotations

import os
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper bounds of the classes of durations, seconds; 0.5 is what a desk may wait."""
LIMITS = {
    408: "slow_body",
    413: "size",
    414: "target",
    415: "encoding",
    429: "rate",
    503: "in_flight",
    504: "time",
}
"""Limits by the status of the refusal; 504 stands for an answer that took too long, and is sent as 503."""
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable by which the library knows where several processes keep their figures."""


class Metrics:
    """The counters of one app."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "truceline_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.durations = Histogram(
            "truceline_request_seconds",
            "Time to answer a request, seconds.",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.in_flight = Gauge(
            "truceline_requests_in_flight",
            "Requests being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.refused = Counter(
            "truceline_requests_refused", "Requests refused by a limit.", ("limit",), registry=registry
        )
        self.store_errors = Counter(
            "truceline_store_errors", "Requests the store did not answer.", registry=registry
        )
        self.unexpected = Counter("truceline_unexpected_errors", "Answers 500.", registry=registry)
        self.rows = Counter(
            "truceline_rows_taken",
            "Rows of reports and effort taken over HTTP.",
            ("table", "outcome"),
            registry=registry,
        )
        self.imported = Gauge(
            "truceline_last_import_timestamp_seconds",
            "When rows last came in over HTTP, seconds since 1970; 0 before the first.",
            registry=registry,
            multiprocess_mode="max",
        )

    def see_refused(self, status: int) -> None:
        """Count a refusal by a limit, by the status that tells which."""
        if (limit := LIMITS.get(status)) is not None:
            self.refused.labels(limit).inc()

    def see_import(self, table: str, *, new: int, repeated: int, corrected: int, rejected: int) -> None:
        """Count what became of the rows of an import."""
        self.imported.set(time.time())
        outcomes = {"new": new, "repeated": repeated, "corrected": corrected, "rejected": rejected}
        for outcome, n in outcomes.items():
            self.rows.labels(table, outcome).inc(n)

    def render(self) -> bytes:
        """Return all figures in the text format of Prometheus: those of all processes that serve."""
        registry = self.registry
        if os.environ.get(SHARED_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
