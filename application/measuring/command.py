"""`flask perf …`: what requests and jobs took over the last hour or day, in all processes.

Exit statuses: 1 when nothing was measured, 2 when Redis does not answer or refuses.
"""

from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec
from flask import current_app
from flask.cli import AppGroup

from application.measuring.away import RedisError, why
from application.measuring.window import Route, Spent, Window, WindowName
from application.measuring.windows import WINDOWS, Windows
from application.utils.moments import written

SHOWN = 40
NAME = 100
"""Characters of a name in a table; `--json` has all of it."""

perf_commands = AppGroup("perf", help="Show what requests and jobs take, and where the time goes.")


class RedisAway(click.ClickException):
    """Redis does not answer, or refuses."""

    exit_code = 2


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For a program: everything, in full."),
        click.option("--window", type=click.Choice(["hour", "day"]), default="hour", show_default=True),
        click.option("--kind", default="", help="Only of this kind, such as request, job or db."),
    ):
        command = option(command)
    return command


@perf_commands.command("routes")
@_options
def routes(*, window: WindowName, kind: str, as_json: bool) -> None:
    """Show requests by route, and jobs: how many, how long (ms, to 1-2-5 buckets), how many failed."""
    found = read_window(window)
    chosen = [one for one in found.routes if kind in {"", one.kind}]
    _tell(found, "routes", chosen, as_json=as_json)
    if not as_json:
        click.echo("     count  a second   mean ms    p50 ms    p90 ms    p99 ms    4xx    5xx")
        _print(chosen, _route_line)


@perf_commands.command("spans")
@_options
def spans(*, window: WindowName, kind: str, as_json: bool) -> None:
    """Show where time went: spans by kind and name, those first that took most in all."""
    found = read_window(window)
    chosen = [one for one in found.spans if one.kind == kind] if kind else found.spent
    _tell(found, "spans", chosen, as_json=as_json)
    if not as_json:
        click.echo("    total ms     calls   mean ms  longest ms")
        _print(chosen, _span_line)


def read_window(window: WindowName) -> Window:
    """Return the figures of a window; one that cannot be read ends the command with a line that says why."""
    windows: Windows | None = current_app.extensions.get(WINDOWS)
    if windows is None:
        raise click.ClickException("CACHE_TYPE is not RedisCache, so no figures are kept")
    try:
        return windows.read(window)
    except RedisError as error:
        raise RedisAway(why(error)) from error


def _tell(found: Window, what: str, chosen: Sequence[Route] | Sequence[Spent], *, as_json: bool) -> None:
    """Say since when and until when, and what is missing; nothing at all is an error."""
    if as_json:
        told = {"window": found.name, "since": found.since, "until": found.until, "lost": found.lost}
        document = {**told, "left_out": found.left_out, what: chosen}
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        tell_window(found)
    if not chosen:
        raise click.ClickException(f"nothing of this was measured in the last {found.name}")


def tell_window(found: Window) -> None:
    """Say since when and until when figures are, and what is missing in them."""
    if found.since is not None:
        click.echo(f"The last {found.name}: {_time(found.since)} to {_time(found.until)} UTC, all processes")
    if found.lost:
        click.echo(f"{found.lost} requests and jobs are missing: Redis was away when they were to be told")
    if found.left_out:
        click.echo(f"{found.left_out} figures are missing: there were more names than are kept")


def _print(chosen: Sequence[Any], line: Callable[[Any], str]) -> None:
    for one in chosen[:SHOWN]:
        click.echo(line(one))
    if len(chosen) > SHOWN:
        click.echo(f"… and {len(chosen) - SHOWN} more: --json has them all")


def _route_line(one: Route) -> str:
    latencies = f"{one.mean_ms:>9.3f} {one.p50_ms:>9.3f} {one.p90_ms:>9.3f} {one.p99_ms:>9.3f}"
    counts = f"{one.count:>10} {one.per_second:>9.2f}"
    return f"{counts} {latencies} {one.refused:>6} {one.failed:>6}  {_named(one)}"


def _span_line(one: Spent) -> str:
    return f"{one.total_ms:>12.1f} {one.calls:>9} {one.mean_ms:>9.3f} {one.longest_ms:>11.3f}  {_named(one)}"


def _named(one: Route | Spent) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in " ".join([one.kind, *one.name.split()]))
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"


def _time(moment: int) -> str:
    return written(moment)
