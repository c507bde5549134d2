"""`flask explain` in a process of its own, for a web worker: it must neither wait nor be endangered.

Under gevent the worker goes on with its other requests meanwhile.
"""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore

import msgspec
from flask import current_app

from application.config import ROOT, Settings
from application.explaining.explanation import Explanation
from application.utils.addresses import NotOursError, own_path
from application.utils.offload import TooBusyError

APP = "main"
GIVES_UP_AFTER = 20
"""Seconds after which the process ends by itself, even when its worker is no more; loading the site comes before."""
LIMIT = 25.0
"""Seconds until it is killed; nginx waits for thirty."""
NICENESS = 10
"""Readers come first."""
FOLDER = "broadsheet-explain-"
"""What the name of its temporary folder begins with."""

LONGEST_COMPLAINT = 4_000

logger = logging.getLogger(__name__)
_turn = BoundedSemaphore()


class NotExplainedError(Exception):
    """There is no explanation; the text says why, in one line."""


def explain_aside(url: str, reader: str = "", begin: Callable[[], object] = lambda: None) -> Explanation:
    """Explain an address as an account sees it, by default as nobody's. Raises `NotExplainedError`, `TooBusyError`.

    One at a time in each worker: each takes seconds of a processor. `begin` is called once it is this one's turn.
    """
    settings: Settings = current_app.config["SETTINGS"]
    try:
        # What is no address of this site need not cost a process.
        own_path(url, settings.hosts, settings.site_url)
    except NotOursError as error:
        raise NotExplainedError(str(error)) from error
    if not _turn.acquire(blocking=False):
        raise TooBusyError
    try:
        begin()
        status, told, complaint = _run(url, reader)
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


def _run(url: str, reader: str) -> tuple[int, bytes, str]:
    # What was typed cannot become an option, and stands in no list of processes, which everybody may read.
    typed = {"FLASK_EXPLAIN_URL": url, "FLASK_EXPLAIN_AS": reader}
    _sweep()
    # What a killed process could not clear away goes with the folder.
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder, _begin({**typed, "TMPDIR": folder}) as process:
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            told, complaint = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            raise NotExplainedError(f"it took longer than {LIMIT:.0f} s, and was ended") from error
        finally:
            _end(process)
    return process.returncode, told, complaint.decode(errors="replace")


def _sweep() -> None:
    """Clear away the folders of workers that were killed during a look."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > 2 * LIMIT:
                shutil.rmtree(folder, ignore_errors=True)


def _begin(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    options = ("--json", f"--give-up-after={GIVES_UP_AFTER}")
    return subprocess.Popen(  # noqa: S603 - nothing of it was typed by anybody
        [sys.executable, "-m", "flask", "--app", APP, "explain", *options],
        cwd=ROOT,
        env={**os.environ, **environment},
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
