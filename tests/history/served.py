"""The site with an instrument: whatever is computed is written down, and may be made slow from outside.

A folder, `INSTRUMENT` in the environment, holds both: `computed` gains a line at each computation, with the process and
what it makes; `slow` holds the seconds that each takes from then on. Run as `tests.history.served:app`.
"""

import os
import time
from pathlib import Path
from typing import Any

from flask import before_render_template

from application.extensions import cache
from main import app
from tests.history.lifetimes import LASTS

FOLDER = Path(os.environ["INSTRUMENT"])


def note(what: str) -> None:
    """Write a computation down, and take as long as it shall."""
    with (FOLDER / "computed").open("a") as computed:
        computed.write(f"{os.getpid()} {what}\n")
    # Everything has been read by now: whatever changes meanwhile, what is made here does not know it.
    time.sleep(float((FOLDER / "slow").read_text()))


@before_render_template.connect_via(app)
def _rendering(_app: object, template: Any, **_rest: object) -> None:
    note(str(template.name))


@cache.memoize(60)
def shared_part() -> str:
    note("shared part")
    return str(time.time_ns())


@app.get("/uses_the_part/<int:number>")
@cache.cached(timeout=60)
def uses_the_part(number: int) -> str:
    return f"{number} {shared_part()}"


@app.get("/expires")
@cache.cached(timeout=LASTS, fresh=LASTS)
def expires() -> str:
    note("expiring page")
    return str(time.time_ns())
