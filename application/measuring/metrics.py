"""Counters and histograms for Prometheus, the same whichever process is asked.

Every process adds what it measured to files of its own, once a second; whoever is asked adds up the files of all. The
folder is `PROMETHEUS_MULTIPROC_DIR`, which must be in the environment before prometheus_client is imported.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.values import MutexValue, ValueClass

from application.measuring.figures import BOUNDS, Taken

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_FILE = re.compile(r"[a-z]+(?:_[a-z]+)*_(\d+)\.db")
SECONDS = tuple(bound / 1e9 for bound in BOUNDS)


class Durations(Histogram):
    """A histogram that takes what was counted elsewhere."""

    def add(self, buckets: Iterable[int], spent: int) -> None:
        """Add counts by bucket, and the ns of all of them."""
        for bucket, count in zip(self._buckets, buckets, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(spent / 1e9)


class Metrics:
    """What is exported. Units are seconds and bytes; what is counted ends in `_total`."""

    def __init__(self) -> None:
        own: dict[str, Any] = {"namespace": "broadsheet", "registry": None}
        route, task = ("method", "route"), ("task",)
        self.requests = Durations(
            "http_request_duration_seconds", "Requests until their answers begin.", route, buckets=SECONDS, **own
        )
        self.jobs = Durations("job_duration_seconds", "Runs of jobs.", task, buckets=SECONDS, **own)
        self.refreshes = Durations(
            "page_refresh_duration_seconds",
            "Pages made anew behind readers' backs.",
            ("family",),
            buckets=SECONDS,
            **own,
        )
        self.refused = Counter("http_requests_refused", "Answers with a status of 400 to 499.", route, **own)
        self.failed = Counter("http_requests_failed", "Answers with a status of 500 and more.", route, **own)
        self.jobs_failed = Counter("jobs_failed", "Jobs that ended in an exception.", task, **own)
        self.spans = Counter("spans", "Parts of requests and jobs, by kind.", ("kind",), **own)
        self.span_seconds = Counter("span_seconds", "What they took, with all that is within them.", ("kind",), **own)
        self.outcomes = Counter("cache_outcomes", "What became of values.", ("family", "outcome"), **own)
        self.lost = Counter("figures_lost", "Requests and jobs that could not be told to Redis.", **own)
        live = {"multiprocess_mode": "livesum", **own}
        self.workers = Gauge("workers", "Web workers that report.", **live)
        self.memory = Gauge("cache_memory_bytes", "Process memory that cached values take.", **live)
        self.entries = Gauge("cache_memory_entries", "Values in process memory.", **live)
        self.trusting = Gauge("cache_memory_trusting_workers", "Workers whose memory hears of changes.", **live)
        self.redis_up = Gauge(
            "cache_redis_up", "1 where every process reaches Redis.", multiprocess_mode="livemin", **own
        )
        # A gauge begins at 0, and the least of all processes counts.
        self.redis_up.set(1)

    def add(self, taken: Taken) -> None:
        """Add what a process measured since the last time."""
        for (kind, name), whole in taken.wholes.items():
            if kind == "request":
                method, _, rule = name.partition(" ")
                self.requests.labels(method, rule).add(whole.buckets, whole.spent)
                # Those that are 0 are exported too: a first failure is an increase only where there was a 0 before.
                self.refused.labels(method, rule).inc(whole.refused)
                self.failed.labels(method, rule).inc(whole.failed)
            elif kind == "job":
                self.jobs.labels(name).add(whole.buckets, whole.spent)
                self.jobs_failed.labels(name).inc(whole.failed)
            elif kind == "refresh":
                self.refreshes.labels(name).add(whole.buckets, whole.spent)
        for (kind, _), part in taken.parts.items():
            self.spans.labels(kind).inc(part.calls)
            self.span_seconds.labels(kind).inc(part.spent / 1e9)

    def set_memory(self, used: int, entries: int, *, trusting: bool) -> None:
        """Say how the memory of this web worker is."""
        self.workers.set(1)
        self.memory.set(used)
        self.entries.set(entries)
        self.trusting.set(trusting)

    def add_outcomes(self, counted: Mapping[str, Mapping[str, int]]) -> None:
        """Add what became of cached values, by family."""
        for family, outcomes in counted.items():
            for outcome, count in outcomes.items():
                self.outcomes.labels(family, outcome).inc(count)


def folder() -> Path | None:
    """Return where the processes of this machine keep their figures, if they do."""
    path = os.environ.get(FOLDER)
    return Path(path) if path else None


def start_metrics() -> Metrics | None:
    """Begin to export from this process; None where the folder was not named before it started."""
    path = folder()
    if path is None or ValueClass is MutexValue:
        return None
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The one that this process stands in for may have been killed: gunicorn would have noticed, Celery says nothing.
    sweep("gauge_live*.db")
    return Metrics()


def expose() -> bytes:
    """Render what all processes have counted, in Prometheus' text format."""
    registry = CollectorRegistry()
    path = folder()
    if path is not None and path.is_dir():
        MultiProcessCollector(registry, str(path))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def process_ended(pid: int) -> None:
    """Take the gauges of a process that has ended out; what it counted stays, for counters never fall."""
    path = folder()
    if path is not None and path.is_dir():
        mark_process_dead(pid, str(path))  # type: ignore[no-untyped-call]


def sweep(files: str = "*.db") -> None:
    """Delete the files of processes that are no more; those of processes that run are in use."""
    path = folder()
    for file in path.glob(files) if path is not None else ():
        found = _FILE.fullmatch(file.name)
        if found and not _runs(int(found[1])):
            file.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
