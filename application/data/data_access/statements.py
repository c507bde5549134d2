"""Which statements the database was asked, what they took, and how it finds their rows.

Only a text that the figures believe is ever explained: one that a process of this site counted, never one that somebody
else wrote into Redis (decision 15). It is explained, not run, in a transaction that may not write.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping

from flask import current_app
from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.exc import SQLAlchemyError

from application.data.errors import DatabaseBusy
from application.data.facts import Order, Plan, StatementFacts, Statements
from application.data.looking import PATIENCE, leave_no_trace, look, nothing_kept
from application.data.plans import find_indexes, find_scans, find_sorts, has_plan, read_plan_for_any
from application.data.wording import fold
from application.extensions import db
from application.measuring.figures import LONGEST_NAME, OTHERS
from application.measuring.timing import timed
from application.measuring.window import Spent, Window

MOST = 300
"""Statements of which plans are read: those that took most in all."""
LASTS = 60.0
"""Seconds after which a plan is read again: an index may have come."""
ORDERS: tuple[Order, ...] = ("mean", "longest", "total", "calls")
_PLANS = "broadsheet_plans"

_NO_ROWS = "no plan: it reads and writes no rows"
_CUT = f"no plan: the text was cut after {LONGEST_NAME:,} characters"
_MANY = "no plan: these are many statements, too many to be told apart"
_TWO = "no plan: only one statement can be explained at a time"
_LATER = "no plan yet: they are read for two seconds at a time"
_LESS = f"no plan: only the {MOST} statements that took most in all are explained"

Plans = dict[str, tuple[float, Plan]]
"""When each plan was read, and the plan."""


@timed("get_statements")
def get_statements(window: Window, order: Order = "mean") -> Statements:
    """Return the statements of a window with their plans."""
    groups: dict[str, list[Spent]] = {}
    for one in window.spans:
        if one.kind == "db":
            groups.setdefault(fold(one.name), []).append(one)
    texts = {text: max(group, key=lambda one: one.calls).name for text, group in groups.items()}
    plans = _read_plans(texts.values())
    whole = sum(one.total_ms for group in groups.values() for one in group)
    found = [_facts(text, group, plans[texts[text]], whole) for text, group in groups.items()]
    return Statements(
        window=window.name,
        since=window.since,
        until=window.until,
        lost=window.lost,
        left_out=window.left_out,
        order=order,
        calls=sum(one.calls for one in found),
        total_ms=round(whole, 3),
        statements=tuple(sorted(found, key=lambda one: (-getattr(one, _KEYS[order]), one.sql))),
    )


_KEYS: Mapping[Order, str] = {"mean": "mean_ms", "total": "total_ms", "longest": "longest_ms", "calls": "calls"}


def _facts(text: str, group: list[Spent], plan: Plan, whole: float) -> StatementFacts:
    calls, total = sum(one.calls for one in group), sum(one.total_ms for one in group)
    return StatementFacts(
        id=hashlib.blake2b(text.encode(errors="replace"), digest_size=6).hexdigest(),
        sql=text,
        calls=calls,
        share=round(total / whole, 4) if whole else 0,
        total_ms=round(total, 3),
        mean_ms=round(total / calls, 3),
        longest_ms=max(one.longest_ms for one in group),
        plan=plan,
    )


def _read_plans(texts: Iterable[str]) -> dict[str, Plan]:
    """Return the plan of each text, those first that took most; some are known from before."""
    wanted = list(texts)
    known: Plans = current_app.extensions.setdefault(_PLANS, {})
    now = time.monotonic()
    asked = [text for text in wanted[:MOST] if text not in known or known[text][0] < now - LASTS]
    if asked:
        # The database may be too busy to explain anything; then what is known has to do.
        try:
            read = look(db.engine, lambda connection: dict(_explain(connection, asked)))
        except DatabaseBusy as error:
            read = {text: Plan(why_not=_said(error)) for text in asked}
        known.update((text, (now, plan)) for text, plan in read.items())
    for text in known.keys() - set(wanted):
        if known[text][0] < now - LASTS:
            del known[text]
    rest = {text: Plan(why_not=_LATER if number < MOST else _LESS) for number, text in enumerate(wanted)}
    return {text: known[text][1] if text in known else plan for text, plan in rest.items()}


def _explain(connection: Connection, texts: list[str]) -> Iterator[tuple[str, Plan]]:
    inspector = inspect(connection)
    ends = time.monotonic() + PATIENCE * 0.9
    for text in texts:
        if time.monotonic() > ends:
            return
        yield text, Plan(why_not=_why_not(text)) if _why_not(text) else _plan(connection, text, inspector)


def _why_not(text: str) -> str:
    """Say why a text has no plan, before the database is asked for one."""
    if text == OTHERS:
        return _MANY
    if not has_plan(text):
        return _NO_ROWS
    if len(text) >= LONGEST_NAME:
        return _CUT
    return _TWO if ";" in text else ""


def _plan(connection: Connection, sql: str, inspector: Inspector) -> Plan:
    try:
        with nothing_kept(connection):
            lines = read_plan_for_any(connection, sql)
            leave_no_trace(connection)
            scans = find_scans(connection, sql, lines, inspector)
            sorts = find_sorts(connection, sql, lines, inspector)
    except SQLAlchemyError as error:
        return Plan(why_not=_said(error))
    return Plan(tuple(lines), tuple(scans), tuple(sorts), tuple(find_indexes(lines)))


def _said(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return f"no plan: the database makes none ({text})"
