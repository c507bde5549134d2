"""All that a site keeps, to be compared before and after."""

from typing import NamedTuple

import redis

from application.extensions import db

PASSING = {b"broadsheet:probe"}
"""What the process under test writes by itself, for one second, when its cache comes to life."""


class State(NamedTuple):
    """What Redis and the database hold."""

    keys: dict[bytes, bytes]
    rows: dict[str, list[tuple[object, ...]]]


def state(client: redis.Redis) -> State:
    """Read everything."""
    names = [name for name in client.scan_iter() if name not in PASSING]
    return State({name: client.dump(name) for name in names}, rows())  # type: ignore[misc]


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Read every table."""
    try:
        tables = db.metadata.tables.items()
        return {name: [tuple(row) for row in db.session.execute(table.select())] for name, table in tables}
    finally:
        db.session.remove()
