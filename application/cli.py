"""The `flask …` commands; thin."""

import click
import redis
from flask import Flask
from flask.cli import AppGroup

from application.caching.inspector import list_keys
from application.data.data_access import get_user_id
from application.data.errors import Invalid, NameTaken, NotFound
from application.data.operations.people import link_profile
from application.extensions import cache
from application.importing.command import import_articles
from application.safekeeping.command import backup_command, restore_command

cache_commands = AppGroup("cache", help="Look into the cache.")
articles_commands = AppGroup("articles", help="Bring articles in.")
articles_commands.add_command(import_articles)
authors_commands = AppGroup("authors", help="Say which account is which author.")


def register_commands(app: Flask) -> None:
    """Add the site's commands to `flask --app main`."""
    app.cli.add_command(articles_commands)
    app.cli.add_command(authors_commands)
    app.cli.add_command(cache_commands)
    app.cli.add_command(backup_command)
    app.cli.add_command(restore_command)


@authors_commands.command("link")
@click.argument("email")
@click.argument("user_name")
def link(email: str, user_name: str) -> None:
    """Link the account that signs in with EMAIL to the author USER_NAME, as in /articles_by/USER_NAME."""
    user_id = get_user_id(email)
    if user_id is None:
        raise click.ClickException(f"no account signs in with {email}")
    try:
        link_profile(user_id, user_name)
    except NotFound as error:
        raise click.ClickException(f"there is no author {user_name}") from error
    except NameTaken as error:
        raise click.ClickException(f"another account is {user_name} already") from error
    except Invalid as error:
        raise click.ClickException(" ".join(error.problems.values())) from error
    click.echo(f"{email} writes as {user_name}")


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
