"""The event loop of a web worker: whatever is slow is done beside it."""

import json
import os
import subprocess
import sys
import time
from typing import Any

from application.config import ROOT, Settings
from tests.locks import HELD, locked

BOUND = 0.1
"""Seconds that the loop may be held by one of them: a bound on blocking, not a speed. A machine with more to do than
processors does not count."""


def test_a_lock_twenty_sign_ins_and_a_long_preview_delay_nobody(settings: Settings) -> None:
    figures = measure(settings)
    assert figures["sign-ins"] == [302]
    assert (figures["preview"], figures["write"]) == (200, 303)
    status, still_signing_in = figures["read"]
    # Passwords have threads of their own: a reader does not stand in line behind them.
    assert (status, still_signing_in > 0) == (200, True)
    # The writer waited for the lock, and everybody else went on.
    assert figures["took"] > HELD / 2
    assert figures["ticks"] > 100
    assert figures["longest wait"] < BOUND


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
