"""`flask articles import`: what it says to the person at the terminal."""

from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import with_appcontext

from application.config import Settings
from application.importing.blog import Blog
from application.importing.run import Report, import_posts
from application.importing.telling import tell_caches

MOST_LINES = 50
"""Lines of one part of the summary; problems are always listed in full."""

NOT_TOLD = (
    "Warning: the cache could not be told of every change; pages may be old for some seconds, until the next sweep."
)


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and judge everything, store nothing.")
@click.option("--overwrite", is_flag=True, help="Let files win over what was edited here since.")
@click.option("--source", default="", metavar="NAME", help="The blog's name, by default that of its folder.")
@click.option(
    "--base-url", default="", metavar="URL", help="Where the blog stands on the web, for links to what stays there."
)
@with_appcontext
def import_articles(path: Path, dry_run: bool, overwrite: bool, source: str, base_url: str) -> None:
    """Import a blog: a folder of Markdown files (or one of them) with YAML, TOML or JSON front matter, or headers.

    The exit status is 0 when every file was imported or reported, and 1 when there was nothing to import.
    """
    settings: Settings = current_app.config["SETTINGS"]
    blog = Blog(path, ZoneInfo(settings.site_timezone), base_url=_checked(base_url), name=_source(source))
    if blog.is_empty:
        raise click.ClickException(f"{path} holds no Markdown file")
    with click.progressbar(length=len(blog.files), label="Reading") as bar:
        blog.read(lambda: bar.update(1))
    report = Report()
    label = "Trying" if dry_run else "Storing"
    try:
        with click.progressbar(
            import_posts(blog, report, overwrite=overwrite, dry_run=dry_run), len(blog.posts), label
        ) as bar:
            for _post in bar:
                pass
        _summarise(blog, report, dry_run=dry_run)
    finally:
        # After an interruption, too: what was stored until then stays.
        if not dry_run and not tell_caches():
            click.echo(NOT_TOLD, err=True)
    if not report.imported:
        raise click.ClickException(f"no post of {path} could be imported")


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise click.BadParameter("it begins with http:// or https://", param_hint="--base-url")
    return base_url


def _source(name: str) -> str:
    if len(name) > 100:
        raise click.BadParameter("it has at most 100 characters", param_hint="--source")
    return name.strip()


def _summarise(blog: Blog, report: Report, *, dry_run: bool) -> None:
    counts = ", ".join(f"{len(paths)} {outcome}" for outcome, paths in report.outcomes.items())
    would = " (dry run: nothing was stored)" if dry_run else ""
    click.echo(f"\n{blog.name}: {counts}, {len(report.failed)} not imported{would}")
    _list("Drafts", report.drafts)
    _list("Left alone, because edited here (--overwrite lets the files win)", report.outcomes["edited here"])
    _list("Without an author", report.authorless)
    _list("Old addresses that were not kept", report.lost_addresses)
    _list("Pages about a folder, no posts", blog.sections)
    if report.failed:
        click.echo(f"Not imported ({len(report.failed)}):")
        for path, reason in sorted(report.failed.items()):
            # "line 5: …" goes with the file, so that editors and terminals can jump there.
            place, _, rest = reason.partition(": ") if reason.startswith("line ") else ("", "", reason)
            click.echo(f"  {path}{place.replace('line ', ':')}: {rest}")


def _list(title: str, paths: list[str]) -> None:
    if not paths:
        return
    click.echo(f"{title} ({len(paths)}):")
    for path in paths[:MOST_LINES]:
        click.echo(f"  {path}")
    if len(paths) > MOST_LINES:
        click.echo(f"  … and {len(paths) - MOST_LINES} more")
