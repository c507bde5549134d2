"""The `flask …` commands; thin."""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from application.auditing.command import audit_command
from application.caching.command import cache_commands
from application.caching.inspector import readable
from application.data.command import database_commands
from application.data.data_access import get_user_id
from application.data.errors import Invalid, NameTaken, NotFound
from application.data.operations.people import link_profile
from application.explaining.command import explain_command
from application.importing.command import import_articles
from application.jobs.command import jobs_commands
from application.measuring.command import perf_commands
from application.rehearsing.command import profile_command
from application.rehearsing.site import BUILD, Build
from application.safekeeping.command import backup_command, restore_command

articles_commands = AppGroup("articles", help="Bring articles in.")
articles_commands.add_command(import_articles)
authors_commands = AppGroup("authors", help="Say which account is which author.")


def register_commands(app: Flask, build: Build) -> None:
    """Add the site's commands to `flask --app main`; `build` makes another application like this one."""
    app.extensions[BUILD] = build
    app.cli.add_command(articles_commands)
    app.cli.add_command(authors_commands)
    app.cli.add_command(cache_commands)
    app.cli.add_command(perf_commands)
    app.cli.add_command(jobs_commands)
    app.cli.add_command(database_commands)
    app.cli.add_command(backup_command)
    app.cli.add_command(restore_command)
    app.cli.add_command(profile_command)
    app.cli.add_command(explain_command)
    app.cli.add_command(audit_command)
    _be_plain(app.cli)


class Text(click.ParamType[str]):
    """What can be written down and shown: a terminal may send bytes that are no UTF-8."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or refuse it in a line."""
        try:
            text = str(value)
            text.encode()
        except UnicodeEncodeError:
            self.fail("this is not UTF-8", param, ctx)
        return text


class Complaint(click.ClickException):
    """What a command complains of, in one line that a terminal shows and does nothing else."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(readable(error.message.encode(errors="surrogateescape")))
        # Click means one for each class; this one stands for all of them.
        self.exit_code = error.exit_code  # type: ignore[misc]


class Plainly:
    """What a command does; where it complains, what was typed is quoted plainly."""

    def __init__(self, act: Callable[..., Any]) -> None:
        self.act = act

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Do it. Raises `Complaint`."""
        try:
            return self.act(*arguments, **options)
        except click.UsageError:
            raise
        except click.ClickException as error:
            raise Complaint(error) from error


def _be_plain(command: click.Command) -> None:
    """Have every command complain plainly, and refuse what is no text but for keys: those may be anything."""
    # A command is one object for all applications of this process.
    if command.callback is not None and not isinstance(command.callback, Plainly):
        command.callback = Plainly(command.callback)
    for parameter in command.params:
        if parameter.type is click.STRING and parameter.name != "key":
            parameter.type = Text()
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _be_plain(inner)


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
