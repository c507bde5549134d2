"""What the database was asked over the last hour or day, how it finds the rows, and what it holds."""

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue

from application.controller.console.frame import blueprint, operators_only, show
from application.controller.console.performance import asked_window
from application.data.data_access import get_database, get_statements
from application.data.facts import Order
from application.measuring.window import Window, WindowName
from application.measuring.windows import WINDOWS, Windows

MOST = 40
"""Statements that the page shows; `flask perf statements --json` has all."""
ORDERS: dict[Order, str] = {
    "mean": "slowest",
    "longest": "slowest once",
    "total": "most time in all",
    "calls": "most often",
}


@blueprint.get("/database")
@operators_only
def database() -> ResponseReturnValue:
    """Show the statements with what is to be said of their plans, and tables and indexes with their sizes."""
    name, order = asked_window(), asked_order()
    window = read_window(name)
    day = window if name == "day" else read_window("day")
    statements = None if window is None else get_statements(window, order)
    return show(
        "database",
        statements=statements,
        facts=get_database(day),
        name=name,
        order=order,
        orders=ORDERS,
        most=MOST,
    )


@blueprint.get("/database/<statement>")
@operators_only
def database_statement(statement: str) -> ResponseReturnValue:
    """Show the whole text of a statement, and its plan."""
    name = asked_window()
    window = read_window(name)
    statements = None if window is None else get_statements(window)
    found = next((one for one in statements.statements if one.id == statement), None) if statements else None
    return show("database", "statement", statements=statements, one=found, name=name), 200 if found else 404


def read_window(name: WindowName) -> Window | None:
    """Return the figures of a window, or None where none are kept."""
    windows: Windows | None = current_app.extensions.get(WINDOWS)
    return None if windows is None else windows.read(name)


def asked_order() -> Order:
    """Return the order that the address asks for; 400 for one that there is not."""
    asked = request.args.get("order", "mean")
    if asked not in ORDERS:
        abort(400, "The orders are “mean”, “longest”, “total” and “calls”.")
    return asked
