"""`flask perf statements` and `flask database …`: what the database is asked, and what it holds.

Exit statuses: 1 when there is nothing to show, 2 when Redis or the database does not answer or refuses.
"""

from typing import Any

import click
import msgspec
from flask.cli import AppGroup

from application.data.data_access import get_database, get_statements
from application.data.data_access.statements import ORDERS
from application.data.data_access.tables import LONGEST
from application.data.errors import DatabaseBusy
from application.data.facts import DatabaseFacts, IndexFacts, Order, StatementFacts, TableFacts
from application.measuring.command import perf_commands, read_window, tell_window
from application.measuring.window import Window, WindowName

SHOWN = 40
UNKNOWN = "–"
_ROWS = {"exact": "", "measured": "", "estimate": "about ", "at least": "over "}


class DatabaseAway(click.ClickException):
    """The database does not answer, or refuses."""

    exit_code = 2


database_commands = AppGroup("database", help="Show what the database holds, and which of its indexes nobody uses.")
_as_json = click.option("--json", "as_json", is_flag=True, help="For a program: everything, in full.")


@perf_commands.command("statements")
@_as_json
@click.option("--window", type=click.Choice(["hour", "day"]), default="hour", show_default=True)
@click.option("--order", type=click.Choice(ORDERS), default="mean", show_default=True, help="Which are shown first.")
@click.option("--plans", is_flag=True, help="Show the whole text and the whole plan of each.")
def statements(*, window: WindowName, order: Order, plans: bool, as_json: bool) -> None:
    """Show the statements that the database was asked: how often, how long (ms), and how it finds the rows.

    A plan is the one for any values: only texts are counted, and nothing is run. One that reads a big table from end to
    end, or much of it to sort it for a few rows, is marked with an exclamation mark.
    """
    found = read_window(window)
    asked = get_statements(found, order)
    if as_json:
        _print_json(asked)
    else:
        tell_window(found)
    if not asked.statements:
        raise click.ClickException(f"no statement was measured in the last {window}")
    if not as_json:
        click.echo("   mean ms  longest ms    total ms  share     calls")
        for one in asked.statements[:SHOWN]:
            _print_statement(one, whole=plans)
        _print_rest(asked.statements)


@database_commands.command("tables")
@_as_json
def tables(*, as_json: bool) -> None:
    """Show the rows and bytes of every table, the largest first. On SQLite the whole file is read for that."""
    facts = _read(None)
    if as_json:
        _print_json(facts)
        return
    _print_head(facts)
    click.echo("           bytes      of indexes            rows  table")
    for one in facts.tables:
        click.echo(_table_line(one))


@database_commands.command("indexes")
@_as_json
@click.option("--unused", is_flag=True, help="Only those that nothing is known to need.")
def indexes(*, unused: bool, as_json: bool) -> None:
    """Show the bytes and uses of every index, the largest first. On SQLite the whole file is read for that.

    One that keeps rows unique, or that deletions from another table look through, is needed without being used.
    """
    facts = _read(read_window("day"))
    chosen = facts.useless if unused else facts.indexes
    if as_json:
        _print_json(msgspec.structs.replace(facts, indexes=chosen))
    else:
        _print_head(facts)
        click.echo(facts.uses)
    if not chosen:
        raise click.ClickException("there is no such index")
    if not as_json:
        click.echo("           bytes      uses  index")
        for one in chosen:
            click.echo(_index_line(one))


def _read(day: Window | None) -> DatabaseFacts:
    try:
        return get_database(day, LONGEST)
    except DatabaseBusy as error:
        raise DatabaseAway(f"the database does not answer: {error}") from error


def _print_json(document: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())


def _print_head(facts: DatabaseFacts) -> None:
    free = f", of which {facts.free_bytes:,} are free" if facts.free_bytes else ""
    click.echo(f"{facts.system}: {facts.bytes:,} bytes{free}")
    if facts.sizes:
        click.echo(facts.sizes)


def _print_statement(one: StatementFacts, *, whole: bool) -> None:
    text = _printable(one.sql if whole else one.short)
    times = f"{one.mean_ms:>10.3f} {one.longest_ms:>11.3f} {one.total_ms:>11.1f}"
    click.echo(f"{times} {one.share:>6.1%} {one.calls:>9}  {text}")
    click.echo(f"{'':52}{'!' if one.plan.is_bad else ' '} {_printable(one.plan.says)}")
    for line in one.plan.lines if whole else ():
        click.echo(f"{'':54}  {_printable(line)}")


def _print_rest(found: tuple[Any, ...]) -> None:
    if len(found) > SHOWN:
        click.echo(f"… and {len(found) - SHOWN} more: --json has them all")


def _table_line(one: TableFacts) -> str:
    rows = f"{_ROWS[one.counted]}{one.rows:,}"
    return f"{_bytes(one.bytes)} {_bytes(one.index_bytes)} {rows:>15}  {one.name}"


def _index_line(one: IndexFacts) -> str:
    uses = UNKNOWN if one.uses is None else f"{one.uses:,}"
    words = [one.constraint, "partial" if one.is_partial else "", one.serves]
    about = "".join(f", {word}" for word in words if word)
    return f"{_bytes(one.bytes)} {uses:>9}  {one.name} on {one.table} ({one.columns}){about}"


def _bytes(count: int | None) -> str:
    return f"{UNKNOWN if count is None else f'{count:,}':>16}"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
