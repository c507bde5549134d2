"""`flask cache …`: what is in the cache, and how to get it out.

Exit statuses: 1 when there is nothing of that name, 2 when Redis does not answer or refuses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import msgspec
import redis
from flask import current_app
from flask.cli import AppGroup

from application.caching.backend import RedisBackend
from application.caching.cache import Cache
from application.caching.inspector import count_listed, list_keys, listed, readable, show, tags_of
from application.caching.purges import latest
from application.caching.signals import ordered
from application.caching.statistics import gather
from application.caching.tables import chronicle, describe, known, line_of, price, tabulate
from application.caching.worth import appraise
from application.measuring.window import WindowName
from application.measuring.windows import WINDOWS
from application.utils.reasons import why_option

_json = click.option("--json", "as_json", is_flag=True, help="For a program.")
cache_commands = AppGroup("cache", help="Look into the cache, and forget what is in it.")


class CacheAway(click.ClickException):
    """Redis does not answer, or refuses."""

    exit_code = 2


@cache_commands.command("keys")
@click.argument("pattern", default="*")
@_json
def keys(pattern: str, *, as_json: bool) -> None:
    """List the cached keys; PATTERN as in redis-cli, for example 'view/*'.

    Each with its seconds to live, its bytes in Redis, its age, and how often it was asked for lately (pages only).
    Where two releases run, '@*' are the keys of the one that began earlier, and 'flask_cache_*' are all of them.
    """
    count = 0
    with _backend() as backend:
        for line in list_keys(backend, pattern):
            # One a line, for a program too: there may be millions.
            click.echo(msgspec.json.encode(line) if as_json else line_of(line))
            count += 1
    click.echo(f"{count} keys", err=True)
    if count == 0:
        raise click.exceptions.Exit(1)


@cache_commands.command("show")
@click.argument("key")
@click.option("--body", is_flag=True, help="Write only the body of a page, as it was before compression.")
@_json
def show_key(key: str, *, body: bool, as_json: bool) -> None:
    """Show one value: what it is, since when, made from what, and whether it would be believed now."""
    with _backend() as backend:
        shown = show(backend, key)
    if shown is None:
        _nothing(key)
    if as_json:
        _write(known(shown))
    elif not body:
        describe(shown)
    elif "identity" in shown.bodies:
        click.echo(shown.bodies["identity"], nl=False)
    else:
        raise click.ClickException(f"{shown.name} is not a page, so it has no body")


@cache_commands.command("delete")
@click.argument("key")
@why_option
def delete(key: str, why: str) -> None:
    """Forget one key, in every process, and refuse what is being computed for it.

    Of another release (@RELEASE/KEY) too; a key is forgotten in every release, so this one forgets its own as well.
    """
    _forget((key,), why, as_keys=True)


@cache_commands.command("purge")
@click.argument("tags", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Forget every value; hot pages are made again.")
@why_option
def purge(tags: tuple[str, ...], why: str, *, everything: bool) -> None:
    """Forget everything that was made from these TAGS, in every process; `show` names the tags of a value."""
    if everything == bool(tags):
        raise click.UsageError("Name tags, or say --all.")
    if not everything:
        _forget(tags, why, as_keys=False)
        return
    with _backend() as backend:
        count = sum(1 for _ in backend.client.scan_iter(match=backend.names.base + "*", count=1000))
        ordered.send(_cache(), names=(), why=why, keys=count)
        _insist(_cache().clear())
    click.echo(f"{count} keys went")


@cache_commands.command("stats")
@_json
def stats(*, as_json: bool) -> None:
    """Show hits and misses by family of keys and tier, refused and rejected values, and the web workers.

    Hits and misses are those of requests; what jobs and refreshes look up is left out.
    """
    with _backend() as backend:
        found = gather(backend)
    if as_json:
        _write(found)
    else:
        tabulate(found)


@cache_commands.command("worth")
@click.option("--window", type=click.Choice(["hour", "day"]), default="hour", show_default=True)
@_json
def worth(*, window: WindowName, as_json: bool) -> None:
    """Show what each cache earns: the time that it saves, less what it takes, and what it holds."""
    with _backend() as backend:
        found = appraise(current_app.extensions[WINDOWS], backend, window)
    if as_json:
        _write(found)
    else:
        price(found)


@cache_commands.command("purges")
@_json
def purges(*, as_json: bool) -> None:
    """Show what was forgotten lately: when, by which write, what it was made from, and how many keys went."""
    with _backend() as backend:
        found = latest(backend.client)
    if as_json:
        _write(found)
    elif found:
        chronicle(found)
    else:
        click.echo("Nothing was forgotten in the last seven days.")


def _write(document: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())


def _cache() -> Cache:
    (cache,) = current_app.extensions["cache"]
    assert isinstance(cache, Cache)  # noqa: S101 - the site has one cache, and it is ours
    return cache


@contextmanager
def _backend() -> Iterator[RedisBackend]:
    """Give the store of this site, and tell in one line when it does not answer."""
    backend = _cache().engine
    if backend is None:
        raise click.ClickException("CACHE_TYPE is not RedisCache, so there are no keys to look at")
    try:
        backend.releases.look()
        yield backend
    except redis.exceptions.ResponseError as error:
        raise CacheAway(f"Redis refuses: {error}") from error
    except redis.RedisError as error:
        raise CacheAway(f"Redis does not answer: {error}") from error


def _forget(names: tuple[str, ...], why: str, *, as_keys: bool) -> None:
    with _backend() as backend:
        shown = {tag: name for name in names for tag in (tags_of(backend, name) if as_keys else [name])}
        found = listed(backend, shown)
        written = tuple(readable(name.encode(errors="surrogateescape")) for name in shown)
        count = count_listed(found, shown)
        ordered.send(_cache(), names=written, why=why, keys=count)
        # Told whether or not there is such a thing: it may be under computation.
        _insist(_cache().invalidate(shown))
    if count is None:
        click.echo("More was made from this than is listed, so everything was forgotten")
    else:
        click.echo(f"{count} keys went")
    there = {shown[tag] for tag, keys in found.items() if keys}
    missing = [name for name in dict.fromkeys(shown[tag] for tag in found) if name not in there]
    if missing:
        _nothing(*missing)


def _insist(told: object) -> None:
    if not told:
        raise CacheAway("Redis did not take it; nothing is certain to be forgotten")


def _nothing(*names: str) -> NoReturn:
    written = ", ".join(readable(name.encode(errors="surrogateescape")) for name in names)
    raise click.ClickException(f"nothing is cached under {written}")
