"""`flask explain` in a process of its own, for a web worker: it must neither wait nor be endangered.

Under gevent the worker goes on with its other requests meanwhile.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from threading import BoundedSemaphore

import msgspec

from application.config import ROOT
from application.explaining.explanation import Explanation
from application.utils.offload import TooBusyError

APP = "main"
GIVES_UP_AFTER = 20
"""Seconds after which the process ends by itself, even when its worker is no more; loading the site comes before."""
LIMIT = 25.0
"""Seconds until it is killed; nginx waits for thirty."""
NICENESS = 10
"""Readers come first."""

LONGEST_COMPLAINT = 4_000

logger = logging.getLogger(__name__)
_turn = BoundedSemaphore()


class NotExplainedError(Exception):
    """There is no explanation; the text says why, in one line."""


def explain_aside(url: str, reader: str = "", begin: Callable[[], object] = lambda: None) -> Explanation:
    """Explain an address as an account sees it, by default as nobody's. Raises `NotExplainedError`, `TooBusyError`.

    One at a time in each worker: each takes seconds of a processor. `begin` is called once it is this one's turn.
    """
    if not _turn.acquire(blocking=False):
        raise TooBusyError
    try:
        begin()
        status, told, complaint = _run(_command(url, reader))
    finally:
        _turn.release()
    try:
        # An error page and a Redis that is away end it with a status too, and are explained all the same.
        return msgspec.json.decode(told, type=Explanation)
    except msgspec.MsgspecError as error:
        reason = _why(complaint)
        if not reason:
            logger.warning("flask explain ended with status %d: %s", status, complaint[-LONGEST_COMPLAINT:])
            reason = f"flask explain ended with status {status}, and what it said is in the log of the site"
        raise NotExplainedError(reason) from error


def _command(url: str, reader: str) -> list[str]:
    # Both are typed by a person: neither may become an option, and no shell reads them.
    options = ["--json", f"--give-up-after={GIVES_UP_AFTER}", *([f"--as={reader}"] if reader else [])]
    return [sys.executable, "-m", "flask", "--app", APP, "explain", *options, "--", url]


def _run(command: list[str]) -> tuple[int, bytes, str]:
    # What a killed process could not clear away goes with the folder.
    with tempfile.TemporaryDirectory() as folder, _begin(command, folder) as process:
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            told, complaint = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            raise NotExplainedError(f"it took longer than {LIMIT:.0f} s, and was ended") from error
        finally:
            _end(process)
    return process.returncode, told, complaint.decode(errors="replace")


def _begin(command: list[str], folder: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - a list of arguments, made above
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A group of its own, so that what it starts can be ended with it.
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process with all that it started; one that ended by itself may have left a Redis."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _why(complaint: str) -> str:
    """Return what the command complained of first; the log of its site stands around it."""
    said = [line.removeprefix("Error: ") for line in complaint.splitlines() if line.startswith("Error: ")]
    return said[0].rstrip(".") if said else ""
