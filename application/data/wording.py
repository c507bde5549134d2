"""Statements as people tell them apart."""

import re

LONGEST = 120
"""Characters of a statement in a line of a table."""
_LIST = re.compile(r"\bIN \((?:\s*(?:\?|%\(\w+\)s(?:::[\w ]+)?)\s*,?)+\)")
"""A list in a condition, which has as many places as it had values."""
_ROW = r"\((?:[^()]|\([^()]*\))*\)"
_ROWS = re.compile(rf"\bVALUES ({_ROW})(?:, {_ROW})+")


def fold(sql: str) -> str:
    """Return a statement in one line, with one place for each list, however many values or rows it had."""
    return _ROWS.sub(r"VALUES \1, …", _LIST.sub("IN (…)", " ".join(sql.split())))


def short(sql: str) -> str:
    """Return so much of a statement as tells it from others: its columns are left out, its tables are not."""
    flat = _without_columns(sql) if len(sql) > LONGEST else sql
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"


def _without_columns(sql: str) -> str:
    depth = 0
    for found in re.finditer(r"[()]| FROM ", sql if sql.startswith("SELECT ") else ""):
        if found[0] == " FROM " and depth == 0:
            return f"SELECT …{sql[found.start() :]}"
        depth += {"(": 1, ")": -1}.get(found[0], 0)
    return sql
