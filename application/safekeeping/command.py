"""`flask backup` and `flask restore`: what they say to the person at the terminal."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from application.config import Settings
from application.data.errors import DatabaseBusy
from application.safekeeping.backup import back_up
from application.safekeeping.bundle import Manifest
from application.safekeeping.problems import BackupProblem
from application.safekeeping.restore import restore

BUSY = "another writer holds the database; nothing was changed, try again"
UNTOLD = "Redis does not answer; the site tells its caches as soon as it does."
OTHER_SITE = (
    "This was another installation. Passwords and second factors hold only with its SECURITY_PASSWORD_SALT: "
    "copy that from its environment."
)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Write the whole site into FILE, consistent while it runs; a FILE of that name is replaced at the end.

    There are no uploads yet, so the database is all there is. Secrets in the environment or run.env are not in it.
    """
    try:
        manifest = back_up(file)
    except BackupProblem as error:
        raise click.ClickException(str(error)) from error
    except DatabaseBusy as error:
        raise click.ClickException(BUSY) from error
    click.echo(f"{file}: {_summary(manifest)}")


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is in the database.")
@with_appcontext
def restore_command(file: Path, force: bool) -> None:
    """Put what FILE holds into the database: all of it or, where anything is wrong, nothing."""
    try:
        manifest, is_told = restore(file, force=force)
    except BackupProblem as error:
        raise click.ClickException(str(error)) from error
    except DatabaseBusy as error:
        raise click.ClickException(BUSY) from error
    click.echo(f"Restored from {file}: {_summary(manifest)}")
    settings: Settings = current_app.config["SETTINGS"]
    if manifest.site_id != settings.installation_id:
        click.echo(OTHER_SITE, err=True)
    if not is_told:
        click.echo(UNTOLD, err=True)


def _summary(manifest: Manifest) -> str:
    counted = (f"{manifest.rows.get(name, 0)} {name}" for name in ("articles", "users", "feedback"))
    return f"{manifest.site_name}, made {manifest.made_at}, schema {manifest.revision}; {', '.join(counted)}"
