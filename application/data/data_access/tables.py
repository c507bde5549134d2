"""The tables and indexes of the database: how large they are, and which indexes nothing looks into."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from flask import current_app
from msgspec.structs import replace

from application.data.catalogues import postgresql, sqlite
from application.data.data_access.statements import get_statements
from application.data.facts import DatabaseFacts, Pages, TableFacts
from application.data.looking import Kept, look
from application.extensions import db
from application.measuring.timing import timed
from application.measuring.window import Window

SOON = 1.0
"""Seconds that a page waits for the sizes in a file of SQLite's; a large one is read aside, and shown when it was."""
LONGEST = 300.0
"""Seconds after which reading the whole file is given up."""
_WATCH = "broadsheet_database"


@dataclass
class Watch:
    """What an application keeps of its database from one look to the next."""

    layout: Kept[DatabaseFacts]
    pages: Kept[Pages]


@timed("get_database")
def get_database(day: Window | None, patience: float = SOON) -> DatabaseFacts:
    """Return the tables and indexes; on SQLite the plans of a day's statements tell which indexes are used."""
    watch = _watch()
    facts = watch.layout.get(LONGEST)
    if facts is None:
        raise TimeoutError("the database did not say what it holds")
    if db.engine.dialect.name == "sqlite":
        facts = _with_uses(_with_sizes(facts, watch.pages.get(patience)), day)
    return replace(
        facts,
        tables=tuple(sorted(facts.tables, key=lambda one: (-(one.bytes or 0) - (one.index_bytes or 0), one.name))),
        indexes=tuple(sorted(facts.indexes, key=lambda one: (-(one.bytes or 0), one.name))),
    )


def _watch() -> Watch:
    watch: Watch | None = current_app.extensions.get(_WATCH)
    if watch is None:
        engine = db.engine
        read = sqlite.read if engine.dialect.name == "sqlite" else postgresql.read
        watch = Watch(
            layout=Kept(lambda: look(engine, read), least=5),
            pages=Kept(lambda: look(engine, sqlite.measure, LONGEST), least=60),
        )
        current_app.extensions[_WATCH] = watch
    return watch


def _with_sizes(facts: DatabaseFacts, pages: Pages | None) -> DatabaseFacts:
    """Add what the pages of the file say."""
    if pages is None:
        return replace(facts, sizes="Sizes are being measured: all of the file is read for that.")
    if pages.at is None:
        return replace(facts, sizes=f"Sizes are not known: {pages.why}.")
    of_indexes: dict[str, int] = defaultdict(int)
    for index in facts.indexes:
        of_indexes[index.table] += pages.bytes.get(index.name, 0)
    return replace(
        facts,
        tables=tuple(_sized(table, pages, of_indexes[table.name]) for table in facts.tables),
        indexes=tuple(replace(index, bytes=pages.bytes.get(index.name)) for index in facts.indexes),
        sizes=f"Sizes were measured at {pages.at:%Y-%m-%d %H:%M:%S} UTC, from every page of the file.",
    )


def _sized(table: TableFacts, pages: Pages, of_indexes: int) -> TableFacts:
    table = replace(table, bytes=pages.bytes.get(table.name), index_bytes=of_indexes)
    if table.counted == "at least" and table.name in pages.rows:
        return replace(table, rows=pages.rows[table.name], counted="measured")
    return table


def _with_uses(facts: DatabaseFacts, day: Window | None) -> DatabaseFacts:
    """Add in how many statements' plans each index is read."""
    if day is None:
        return replace(facts, uses="SQLite does not count uses, and no statements are counted either.")
    plans = [one.plan for one in get_statements(day).statements]
    seen = [plan for plan in plans if not plan.why_not]
    uses = Counter(name for plan in seen for name in plan.indexes)
    said = f"SQLite does not count uses. Of the {len(seen)} statements seen in the last day, these many have a plan"
    missing = f"; {len(plans) - len(seen)} more statements have no plan" if len(seen) < len(plans) else ""
    return replace(
        facts,
        indexes=tuple(replace(index, uses=uses[index.name] if seen else None) for index in facts.indexes),
        uses=f"{said} that reads the index{missing}.",
    )
