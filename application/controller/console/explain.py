"""One address, looked at with every instrument, as a reader or an account gets it."""

import shlex
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import current_app, request
from flask.typing import ResponseReturnValue
from flask_security import lookup_identity
from werkzeug.exceptions import HTTPException

from application.controller.console.frame import blueprint, operators_only, show
from application.controller.console.reasons import TOO_BUSY
from application.controller.staff import actor
from application.data.database import end_read_transaction
from application.data.errors import DatabaseBusy
from application.data.operations.account_life import note_look
from application.explaining import words
from application.explaining.aside import NotExplainedError, explain_aside
from application.explaining.explanation import Explanation
from application.utils.offload import TooBusyError

LONGEST = 2_000
NO_ADDRESS = "Type an address of this site first, such as “/”."
TOO_LONG = f"This is longer than {LONGEST} characters."
BUSY = "This worker is looking at another page already. Try again in a few seconds."


@blueprint.get("/explain")
@operators_only
def explain() -> ResponseReturnValue:
    """Show the form, filled in by the link that led here.

    A look takes seconds of a processor, and may be a deed for the log, so it takes the button.
    """
    return _page(request.args)


@blueprint.post("/explain")
@operators_only
def look() -> ResponseReturnValue:
    """Look at the address, in a process of its own."""
    url, reader = _asked(request.form)
    if not url:
        return _page(request.form, problem=NO_ADDRESS), 422
    if max(len(url), len(reader)) > LONGEST:
        return _page(request.form, problem=TOO_LONG), 422
    account = lookup_identity(reader) if reader else None
    if reader and account is None:
        return _page(request.form, problem=f"No account is called {reader}, and none signs in with it."), 422

    def begin() -> None:
        if account is not None:
            # Before the look, which may fail after it has seen something.
            note_look(account.id, actor(), _rule_of(url))
        # The look takes seconds, in which no connection of the site's shall be held.
        end_read_transaction()

    try:
        return _page(request.form, found=explain_aside(url, reader, begin))
    except (DatabaseBusy, TooBusyError) as error:
        problem = BUSY if isinstance(error, TooBusyError) else TOO_BUSY
        return _page(request.form, problem=problem), 503, {"Retry-After": str(error.retry_after)}
    except NotExplainedError as error:
        return _page(request.form, problem=f"This could not be explained: {error}."), 422


def _page(source: Mapping[str, str], *, found: Explanation | None = None, problem: str = "") -> str:
    url, reader = _asked(source)
    return show(
        "explain",
        url=url,
        reader=reader,
        command=_command(url, reader),
        found=found,
        problem=problem,
        words=words,
    )


def _rule_of(url: str) -> str:
    """Return the rule of an address for the log: an address itself may hold a token that opens something."""
    try:
        rule, _ = current_app.url_map.bind("").match(urlsplit(url).path, return_rule=True)
    except (HTTPException, ValueError):
        return "an address without a page"
    return str(rule)


def _asked(source: Mapping[str, str]) -> tuple[str, str]:
    return source.get("url", "").strip(), source.get("as", "").strip()


def _command(url: str, reader: str) -> str:
    """Return what an operator types for the same."""
    return shlex.join(["flask", "--app", "main", "explain", *([f"--as={reader}"] if reader else []), "--", url])
