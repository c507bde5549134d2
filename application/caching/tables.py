"""What `flask cache …` prints for people."""

from typing import Any

import click

from application.caching.inspector import KeyLine, Shown, pretty, readable
from application.caching.purges import Purge
from application.caching.statistics import OUTCOMES, Family, Statistics
from application.caching.worth import Earnings, Worth
from application.utils.moments import written

LONGEST_RAW = 2_000
"""Bytes shown of a value that is none of ours."""


def line_of(line: KeyLine) -> str:
    """Write one key in a line."""
    ttl = "no end" if line.ttl is None else f"{line.ttl} s"
    age = "" if line.age is None else f"{line.age} s old"
    heat = "" if line.heat is None else f"{line.heat:.0f} hits"
    other = f", of another release, {line.release}" if line.release else ""
    return f"{ttl:>8}  {line.size:>8} B  {age:>9}  {heat:>9}  {line.name}{other}"


def known(shown: Shown) -> dict[str, Any]:
    """Return everything about one key, for a program; of a page what it is, and of what is none of ours no value."""
    entry, page = shown.entry, shown.page
    facts = {name: getattr(shown, name) for name in ("name", "doubt", "ttl", "age", "size", "heat")}
    if entry is not None:
        facts |= {"type": entry.type, "epoch": entry.epoch, "sequence": entry.sequence, "release": entry.release}
        facts |= {"tags": entry.tags, "value": entry.value if page is None else None}
    if page is not None:
        bodies = {name: len(body) for name, body in shown.bodies.items()}
        facts |= {"status": page.status, "headers": page.headers, "bodies": bodies}
    return facts


def describe(shown: Shown) -> None:
    """Print everything about one key."""
    entry = shown.entry
    facts = {
        "believed": f"no: {shown.doubt}" if shown.doubt else "yes",
        "type": "unknown" if entry is None else entry.type,
        "age": "unknown" if shown.age is None else f"{shown.age} s",
        "TTL": "no end" if shown.ttl is None else f"{shown.ttl} s",
        "size": f"{shown.size} B",
    }
    if shown.heat is not None:
        facts["heat"] = f"{shown.heat:.1f} hits lately"
    if entry is not None:
        facts |= {"order": f"{entry.sequence} in epoch {entry.epoch}", "release": entry.release}
        facts["tags"] = ", ".join(entry.tags) or "none"
    if shown.page is not None:
        facts["status"] = shown.page.status
        facts["bodies"] = ", ".join(f"{name} {len(body)} B" for name, body in shown.bodies.items())
        facts |= {f"header {name}": value for name, value in shown.page.headers}
    click.echo(shown.name)
    for name, fact in facts.items():
        click.echo(f"  {name:<9} {readable(fact.encode())}")
    if entry is None:
        click.echo(readable(shown.raw[:LONGEST_RAW]))
    elif shown.page is None:
        click.echo(pretty(entry.value))


def tabulate(found: Statistics) -> None:
    """Print what all processes counted."""
    if found.since is None:
        click.echo("No web worker has counted anything yet.")
        return
    click.echo(f"Since {written(found.since)} UTC, by requests: what jobs and refreshes look up is left out")
    width = max(len(one.family) for one in [found.total, *found.families])
    click.echo("  ".join([f"{'':<{width}}", "hit ratio", *(f"{outcome:>11}" for outcome in OUTCOMES)]))
    for one in [*found.families, found.total]:
        click.echo(_row(one, width))
    for worker in found.workers:
        trust = f"applied {worker.applied}" if worker.is_trusted else "memory not trusted"
        used = f"{worker.used / 2**20:.1f} of {worker.budget / 2**20:.0f} MB"
        click.echo(f"worker {worker.host}:{worker.pid}, up {worker.up} s: {worker.entries} values, {used}, {trust}")
    for name, heat in found.hottest.items():
        click.echo(f"hot {heat:>8.1f}  {name}")
    click.echo("Redis " + ", ".join(f"{name} {value}" for name, value in found.redis.items()))


def _row(one: Family, width: int) -> str:
    ratio = "-" if one.hit_ratio is None else f"{one.hit_ratio:.1%}"
    counts = (f"{one.outcomes.get(outcome, 0):>11}" for outcome in OUTCOMES)
    return "  ".join([f"{one.family:<{width}}", f"{ratio:>9}", *counts])


def price(found: Earnings) -> None:
    """Print what each cache earned."""
    if found.since is None:
        click.echo(f"Nothing was measured in the last {found.window}.")
        return
    click.echo(f"The last {found.window}: {_time(found.since)} to {_time(found.until)} UTC, all processes")
    click.echo("saved = asked × making (ms) − all that was spent with the cache; in ms an hour, net.")
    click.echo("Bytes are in Redis, spare copies included; ~ is reckoned from a part.")
    if not found.is_whole:
        click.echo("There are more keys than were looked at, so keys and bytes are too low.")
    click.echo("  saved ms/h     asked      made     ahead  hit ratio  making ms  lookup µs    keys       bytes")
    for one in found.families:
        click.echo(_price(one))


def _price(one: Worth) -> str:
    saved, making, lookup = (
        "-" if number is None else f"{number:,.{digits}f}"
        for number, digits in ((one.saved_ms_per_hour, 1), (one.made_ms, 3), (one.lookup_us, 1))
    )
    ratio = "-" if one.hit_ratio is None else f"{one.hit_ratio:.1%}"
    size = f"{'' if one.is_exact else '~'}{one.bytes:,}"
    numbers = f"{saved:>12} {one.asked:>9} {one.made:>9} {one.made_ahead:>9} {ratio:>10} {making:>10} {lookup:>10}"
    return f"{numbers} {one.keys:>7} {size:>11}  {one.what} {one.family}: {one.verdict}, {one.reason}"


def chronicle(purges: list[Purge]) -> None:
    """Print what was forgotten by which write, the newest first."""
    for one in purges:
        times = "" if one.times == 1 else f" ({one.times} times since {_time(one.began)})"
        more = f" and {one.more} more" if one.more else ""
        keys = "everything" if one.everything else f"{one.keys} keys"
        told = f"{_time(one.at)}  {one.by}{times}: {keys} went, {one.kind}: {', '.join(one.tags)}{more}"
        click.echo(readable(told.encode()))


def _time(moment: int) -> str:
    return written(moment)
