"""The event loop of a web worker: whatever is slow is done beside it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from application.config import ROOT, Settings
from tests.locks import HELD, locked

BOUND = 0.1
"""Seconds that a greenlet may wait for its turn: a bound on blocking, not a speed."""

ATTEMPTS = 3


def test_a_lock_twenty_sign_ins_and_a_long_preview_delay_nobody(settings: Settings) -> None:
    # What blocks, blocks every time; a machine with more to do than processors may delay anybody once.
    for _ in range(ATTEMPTS):
        with idle_ticks() as idle:
            figures = measure(settings)
        assert figures["sign-ins"] == [302]
        assert (figures["preview"], figures["write"]) == (200, 303)
        status, still_signing_in = figures["read"]
        # Passwords have threads of their own: a reader does not stand in line behind them.
        assert (status, still_signing_in > 0) == (200, True)
        # The writer waited for the lock, and everybody else went on.
        assert figures["took"] > HELD / 2
        assert figures["ticks"] > 100
        if figures["longest wait"] < BOUND + max(idle):
            return
    pytest.fail(f"the event loop was blocked in each of {ATTEMPTS} runs: {figures}")


def measure(settings: Settings) -> dict[str, Any]:
    environ = {
        **os.environ,
        "ENV": "test",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SITE_URL": settings.site_url,
    }
    started = [sys.executable, "-m", "tests.ticking"]
    pipe = subprocess.PIPE
    with subprocess.Popen(started, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with locked(settings.database_url):
            child.stdin.write("go\n")
            child.stdin.flush()
            time.sleep(HELD)
        return dict(json.loads(child.stdout.readline()))


@contextmanager
def idle_ticks() -> Iterator[list[float]]:
    """Measure how long a thread waits that does nothing: that much is the machine's."""
    waits = [0.0]
    ended = threading.Event()

    def tick() -> None:
        while not ended.is_set():
            before = time.perf_counter()
            time.sleep(0.005)
            waits.append(time.perf_counter() - before - 0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join()
