"""The `flask …` commands; thin."""

import click
import redis
from flask import Flask
from flask.cli import AppGroup

from application.caching.inspector import list_keys
from application.extensions import cache
from application.importing.command import import_articles

cache_commands = AppGroup("cache", help="Look into the cache.")
articles_commands = AppGroup("articles", help="Bring articles in.")
articles_commands.add_command(import_articles)


def register_commands(app: Flask) -> None:
    """Add the site's commands to `flask --app main`."""
    app.cli.add_command(articles_commands)
    app.cli.add_command(cache_commands)


@cache_commands.command("keys")
@click.argument("pattern", default="*")
def keys(pattern: str) -> None:
    """List the cached keys with their seconds to live and bytes; PATTERN as in redis-cli, for example 'view/*'."""
    engine = cache.engine
    if engine is None:
        raise click.ClickException("CACHE_TYPE is not RedisCache, so there are no keys to list")
    count = 0
    try:
        for line in list_keys(engine, pattern.removeprefix(engine.prefix)):
            ttl = "no end" if line.ttl is None else f"{line.ttl} s"
            click.echo(f"{ttl:>8}  {line.size:>8} B  {line.name}")
            count += 1
    except redis.RedisError as error:
        raise click.ClickException(f"Redis does not answer: {error}") from error
    click.echo(f"{count} keys", err=True)
