"""Tells Redis once a second what this process counted, and how it is; a thread beside the listener."""

import atexit
import itertools
import os
import socket
import threading
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask

from application.caching import scripts
from application.measuring import figures
from application.measuring.metrics import Metrics, start_metrics

if TYPE_CHECKING:
    from application.caching.backend import RedisBackend

EVERY = 1.0
CHECKED_EVERY = 5
"""Reports between two looks at how Redis is set up."""
LASTS_MS = 5_000
"""How long a process that says nothing counts as there."""
FIELDS = 2_000
"""Counters that Redis holds, by family and outcome: they have no lifetime, so their number is bounded."""
AT_ONCE = 1_000
"""Values that are looked at before others get their turn."""
WORKER = "broadsheet:stats:worker:"
REPORTER = "broadsheet_reporter"
"""Where an application keeps what reports for its process: one, since it takes what all of the process measured."""


class Worker(msgspec.Struct, frozen=True):
    """How one process is: its memory in bytes and entries, and how far it has applied invalidations."""

    host: str
    pid: int
    up: int
    used: int
    budget: int
    entries: int
    is_trusted: bool
    epoch: str
    applied: int


class Reporter:
    """Reports for one process until it ends; one that serves no readers has no memory to tell about."""

    def __init__(self, backend: "RedisBackend", metrics: Metrics | None = None, *, serves: bool = True) -> None:
        self.backend = backend
        self.metrics = metrics
        self.serves = serves
        self.windows = backend.windows
        self._script = backend.client.register_script(scripts.REPORT)
        self._began = monotonic()
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to report, and to keep this release alive: what it calls its values is known before it stores any."""
        self.backend.releases.announces = True
        self._look()
        threading.Thread(target=self._run, name="cache-reports", daemon=True).start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Report a last time."""
        if not self._ended.is_set():
            self._ended.set()
            self.backend.releases.announces = False
            atexit.unregister(self.stop)
            self.tell()

    def tell(self) -> None:
        """Tell all that this process knows."""
        self.report()
        taken = figures.process.take()
        was_told = self.windows.tell(taken, self.backend.ask)
        if self.metrics is not None:
            self._export(self.metrics, taken, was_told=was_told)

    def _export(self, metrics: Metrics, taken: figures.Taken, *, was_told: bool) -> None:
        metrics.add(taken)
        if not was_told:
            metrics.lost.inc(sum(whole.count for whole in taken.wholes.values()))
        metrics.redis_up.set(self.backend.breaker.is_closed)
        if self.serves:
            memory = self.backend.memory
            metrics.set_memory(memory.used, len(memory), trusting=memory.is_trusted)

    def report(self) -> bool:
        """Tell what the cache counted since the last time; what Redis did not take (False) is told later."""
        memory, counters, prefix = self.backend.memory, self.backend.counters, self.backend.names.prefix
        for number, kept in enumerate(memory):
            counters.settle(kept)
            if number % AT_ONCE == AT_ONCE - 1:
                sleep(0)
        counted, asked = counters.take()
        pairs = [(f"{outcome}: {family}", n) for family, outcomes in counted.items() for outcome, n in outcomes.items()]
        pages = [(prefix + key, times) for key, times in asked.items()]
        name, summary = self._summary()
        arguments: list[Any] = [summary, LASTS_MS, FIELDS, scripts.PAGES_WITH_HEAT, len(pairs)]
        arguments += [part for pair in [*pairs, *pages] for part in pair]
        told = self.backend.ask(lambda: self._script(keys=[name], args=arguments)) is not None
        if not told:
            counters.put_back(counted, asked)
        elif self.metrics is not None:
            # Not before: what was put back will be taken again.
            self.metrics.add_outcomes(counted)
        return told

    def _run(self) -> None:
        for number in itertools.count():
            if self._ended.wait(EVERY):
                return
            self.tell()
            if number % CHECKED_EVERY == 0:
                self.backend.check()
                self._look()

    def _look(self) -> None:
        self.backend.ask(self.backend.releases.look, "releases")

    def _summary(self) -> tuple[str, bytes]:
        memory = self.backend.memory
        worker = Worker(
            host=socket.gethostname(),
            pid=os.getpid(),
            up=int(monotonic() - self._began),
            used=memory.used,
            budget=memory.budget,
            entries=len(memory),
            is_trusted=memory.is_trusted,
            epoch=memory.epoch,
            applied=memory.applied,
        )
        return f"{WORKER}{worker.host}:{worker.pid}", msgspec.json.encode(worker) if self.serves else b""


def start_reporter(app: Flask, backend: "RedisBackend", *, serves: bool = True) -> Reporter:
    """Begin to report what this process counts, to Prometheus too where the operator has a token for it."""
    metrics = start_metrics() if app.config.get("METRICS_TOKEN") else None
    reporter = Reporter(backend, metrics, serves=serves)
    reporter.start()
    return reporter
