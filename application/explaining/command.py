"""`flask explain`: one address, as a reader or a named user gets it, looked at with every instrument.

Exit statuses: 1 when a budget is broken, 2 when there is nothing to explain, the page is an error, it takes too long,
or the site's Redis does not answer.
"""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec
from flask import current_app
from flask.cli import with_appcontext

from application.config import Settings
from application.explaining.explanation import Explanation
from application.explaining.gathering import explain
from application.explaining.report import tell
from application.explaining.stored import Shelf
from application.extensions import cache
from application.rehearsing.site import BUILD, RehearsalError
from application.utils.addresses import NotOursError, own_path

PATIENCE = 60
"""Seconds after which it gives up, whatever holds it."""


class OutOfTimeError(BaseException):
    """It takes too long; a view that catches every `Exception` does not catch this."""


class NotExplained(click.ClickException):
    """Nothing could be said, or not all of it."""

    exit_code = 2


def _number(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is no number")
    return value


@click.command("explain")
@click.argument("url", envvar="FLASK_EXPLAIN_URL")
@click.option(
    "--as",
    "reader",
    metavar="USER",
    envvar="FLASK_EXPLAIN_AS",
    help="As this account sees it; by its e-mail address or its name.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program: everything, in full; times in nanoseconds.")
@click.option("--max-queries", type=click.IntRange(0), help="Exit with 1 when making the page takes more statements.")
@click.option(
    "--max-ms",
    type=click.FloatRange(0, 1e12),
    callback=_number,
    help="Exit with 1 when making the page takes longer.",
)
@click.option("--give-up-after", type=click.IntRange(1, 3600), default=PATIENCE, show_default=True, metavar="SECONDS")
@with_appcontext
def explain_command(
    url: str,
    *,
    reader: str | None,
    as_json: bool,
    max_queries: int | None,
    max_ms: float | None,
    give_up_after: int,
) -> None:
    """Say where URL is answered from and why, what it was made from, and what it costs to make.

    The page is made in this process, on a Redis that lives as long as this command; whatever is written to the database
    is rolled back, no job runs, no letter goes out, no session begins. The site's own Redis is only read.
    """
    settings: Settings = current_app.config["SETTINGS"]
    backend = cache.engine
    shelf = None if backend is None else Shelf(backend, settings.cache_redis_url)
    try:
        path = own_path(url, settings.hosts, settings.site_url)
        with at_most(give_up_after):
            found = explain(current_app.extensions[BUILD], settings, path, reader, shelf)
    except (NotOursError, RehearsalError) as error:
        raise NotExplained(str(error)) from error
    except OutOfTimeError as error:
        raise NotExplained(f"{url} takes longer than {give_up_after} s to explain") from error
    found = msgspec.structs.replace(found, broken=_broken(found, max_queries, max_ms))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for line in tell(found):
            click.echo(line)
    if int(found.status[:3]) >= 400:
        raise NotExplained(f"{found.path} is answered with {found.status}")
    if found.redis:
        raise NotExplained(f"{found.redis}; what is stored could not be looked up")
    if found.broken:
        raise click.exceptions.Exit(1)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise `OutOfTimeError` out of the block when it lasts longer; what it began is cleared away on the way."""

    def ring(_signal: int, _frame: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _broken(found: Explanation, max_queries: int | None, max_ms: float | None) -> list[str]:
    """Name the budgets that making the page goes beyond."""
    broken = []
    if max_queries is not None and found.queries > max_queries:
        broken.append(f"{found.queries} statements, {max_queries} were allowed")
    if max_ms is not None and found.tier.made_ns > max_ms * 1e6:
        broken.append(f"{found.tier.made_ns / 1e6:.3f} ms, {max_ms:g} were allowed")
    return broken
