"""`flask audit`: the running site, as Lighthouse, axe and a validator of HTML see it.

Exit statuses: 1 when a score is below what was demanded or something is not valid, 2 when nothing could be looked at.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext

from application.auditing.history import HISTORY, last, read, remember
from application.auditing.pages import usual_pages
from application.auditing.programs import AuditProblem, find_tools
from application.auditing.report import falls_short, tell, tell_scores
from application.auditing.run import audit
from application.config import Settings
from application.utils.files import insist_on_writing


class NotAudited(click.ClickException):
    """Nothing was looked at."""

    exit_code = 2


@click.command("audit")
@click.argument("urls", nargs=-1)
@click.option("--least", type=click.IntRange(0, 100), default=0, help="Exit with 1 when a score is below.")
@click.option("--past", is_flag=True, help="Only show what was found before.")
@click.option("--history", type=click.Path(dir_okay=False, path_type=Path), default=HISTORY, show_default=True)
@with_appcontext
def audit_command(urls: tuple[str, ...], *, least: int, past: bool, history: Path) -> None:
    """Look at pages of the running site with Lighthouse (mobile), axe and html-validate.

    URLS are addresses or paths; by default the front page, the newest article, its author, a tag, the feedback form and
    the sign-in page. Each page with its scores of 100, the three findings that cost most and how to mend them.
    """
    if past:
        for one in read(history):
            click.echo(f"{one.at:%Y-%m-%d %H:%M} UTC  {tell_scores(one.scores)}  {one.path}")
        return
    with _using(history):
        insist_on_writing(history)
    settings: Settings = current_app.config["SETTINGS"]
    pages = [urljoin(settings.site_url, url) for url in urls or usual_pages()]
    failed = False
    try:
        _insist_on_answers(pages)
        tools = find_tools()
        for found in audit(tools, pages):
            with _using(history):
                before = last(found.url, history)
                remember(found, history)
            for line in tell(found, before):
                click.echo(line)
            failed |= falls_short(found, least)
    except AuditProblem as error:
        raise NotAudited(str(error)) from error
    if failed:
        raise click.exceptions.Exit(1)


@contextmanager
def _using(history: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotAudited(f"{history} cannot be used: {error.strerror}") from error


def _insist_on_answers(pages: list[str]) -> None:
    """Raise `AuditProblem` unless each page is there: Lighthouse would take half a minute to say less."""
    for page in pages:
        parts = urlsplit(page)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise AuditProblem(f"{page} is not an address")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=10)
        try:
            connection.request("HEAD", parts.path or "/")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise AuditProblem(f"nothing answers at {page}: is the site running? ({error})") from error
        finally:
            connection.close()
        if status != 200:
            raise AuditProblem(f"{page} is answered with {status}, so there is nothing to look at")
