"""Why somebody does something, for the log of who did what: one short line, however it was typed."""

from typing import Any

import click

from application.utils.text import clean_line

LONGEST_REASON = 300


def why_option(command: Any) -> Any:
    """Give a command the option `--why`."""
    return click.option("--why", default="", callback=_reason, help="The reason, for the log of who did what.")(command)


def _reason(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    reason = clean_line(typed)
    if len(reason) > LONGEST_REASON:
        raise click.BadParameter(f"this can have {LONGEST_REASON} characters at most")
    return reason
