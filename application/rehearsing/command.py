"""`flask profile`: one address, asked again and again in this process, under a profiler.

Exit status: 1 when the address or the function is none, or does not answer.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import NamedTuple

import click
from flask import current_app
from flask.cli import with_appcontext

from application.config import ROOT, Settings
from application.measuring.growth import profile_memory
from application.measuring.profiling import Act, ProfilerMissingError, ours_in, profile_cpu, profile_lines
from application.rehearsing.functions import find_function
from application.rehearsing.report import tell_cpu, tell_lines, tell_memory
from application.rehearsing.site import BUILD, Rehearsal, RehearsalError, rehearsal
from application.utils.addresses import NotOursError, own_path
from application.utils.files import insist_on_writing

OURS = ours_in(
    ROOT,
    ("application/", "templates/"),
    without=("application/rehearsing/", "application/measuring/profiling.py", "application/measuring/growth.py"),
)


LONGEST_NS = 500_000_000
MOST_REQUESTS = 20_000
REPORT = Path(__file__).with_name("report.html.jinja")
"""A file to be kept and opened anywhere, so it carries its style itself; no page of the site may."""


class Found(NamedTuple):
    """What a profiler found: for a terminal, and as a page or as text for a file."""

    said: Iterable[str]
    text: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the report in a file."""

    title: str
    text: str
    page: str


Instrument = Callable[[Act, int, Act | None], Found]


@click.command("profile")
@click.argument("url")
@click.option("--cpu", is_flag=True, help="Which functions take the time (the default).")
@click.option("--lines", "function", metavar="FUNCTION", help="Which lines of FUNCTION take it.")
@click.option("--memory", is_flag=True, help="What stays in memory after each request, by type and place.")
@click.option("--requests", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How often to ask.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the full report into this file.")
@with_appcontext
def profile_command(url: str, *, cpu: bool, function: str | None, memory: bool, requests: int, html: Path) -> None:
    """Ask for URL again and again in this process, and say where the time or the memory goes.

    First cold, with an empty cache each time; then warm, as readers mostly find it. A reader without an account is
    played, on a Redis that lives as long as this command; the database refuses to write; no job runs, no letter goes
    out.
    """
    if cpu + (function is not None) + memory > 1:
        raise click.UsageError("One of --cpu, --lines and --memory at a time.")
    settings: Settings = current_app.config["SETTINGS"]
    if html is not None:
        with _writing(html):
            insist_on_writing(html)
    try:
        instrument = _memory if memory else _cpu if function is None else _lines_of(function)
        path = own_path(url, settings.hosts, settings.site_url)
        with rehearsal(current_app.extensions[BUILD], settings, path) as site:
            parts = _profile(site, instrument, requests)
    except ProfilerMissingError as error:
        raise click.ClickException(f"{error} is not installed; ./local_setup.sh does it") from error
    except (NotOursError, RehearsalError) as error:
        raise click.ClickException(str(error)) from error
    if html is not None:
        report = current_app.jinja_env.from_string(REPORT.read_text("utf-8"))
        with _writing(html):
            html.write_text(report.render(url=url, parts=parts), "utf-8")
        click.echo(f"The full report is in {html}")


@contextmanager
def _writing(html: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{html} cannot be written: {error.strerror}") from error


def _profile(site: Rehearsal, instrument: Instrument, requests: int) -> list[Part]:
    """Ask cold, then warm, and say what was found."""
    # What is loaded or compiled once in the life of a process is not what one request costs.
    site.warm_up()
    parts = [_profile_part(site, instrument, requests, "cold", site.forget)]
    site.warm_up()
    return [*parts, _profile_part(site, instrument, requests, "warm", None)]


def _profile_part(site: Rehearsal, instrument: Instrument, requests: int, title: str, before: Act | None) -> Part:
    alone = _time_alone(site, requests, before)
    site.outcomes.clear()
    found = instrument(site.ask, requests, before)
    outcomes = ", ".join(f"{outcome} {count}" for outcome, count in site.outcomes.most_common())
    heading = f"{title}: {site.path}, without a profiler {alone:,} ns (median of {requests}); X-Cache: {outcomes}"
    for line in [heading, *found.said]:
        click.echo(line)
    click.echo()
    return Part(heading, found.text, found.page)


def _time_alone(site: Rehearsal, requests: int, before: Act | None) -> int:
    spent = []
    for _ in range(requests):
        if before is not None:
            before()
        started = perf_counter_ns()
        site.ask()
        spent.append(perf_counter_ns() - started)
    return int(median(spent))


def _cpu(act: Act, times: int, before: Act | None) -> Found:
    if before is None:
        # What is answered from memory is over between two looks: it takes thousands for a picture.
        started = perf_counter_ns()
        act()
        times = max(times, min(LONGEST_NS // (perf_counter_ns() - started), MOST_REQUESTS))
    profile = profile_cpu(act, times, OURS, before)
    said = list(tell_cpu(profile))
    return Found(said, "\n".join(said), profile.html)


def _lines_of(name: str) -> Instrument:
    function = find_function(name)

    def lines(act: Act, times: int, before: Act | None) -> Found:
        said = list(tell_lines(profile_lines(act, times, [function], before), OURS))
        return Found(said or [f"{name} is not called"], "\n".join(said))

    return lines


def _memory(act: Act, times: int, before: Act | None) -> Found:
    profile = profile_memory(act, times, OURS, before)
    return Found(tell_memory(profile), "\n".join(tell_memory(profile, everything=True)))
