"""Keyset cursors: where a page of a list ends, as text in a URL."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from application.utils.ids import MAX_ID

_FORM = re.compile(r"(\d{8}T\d{12}Z)-([1-9]\d{0,18})", re.ASCII)
_TIME = "%Y%m%dT%H%M%S%fZ"


class InvalidCursor(ValueError):  # noqa: N818 - it is an answer to a reader, as in data/errors.py
    """The text is not a cursor that this site gave out."""


class Position(NamedTuple):
    """A place in a list that is ordered by time, then by id, newest first."""

    at: datetime
    article_id: int


TOP = Position(datetime.max.replace(tzinfo=UTC), MAX_ID)
"""Before everything: a first page is the page that follows it, so all pages are one statement."""


def write_cursor(position: Position) -> str:
    """Write a position as `yyyymmddThhmmssffffffZ-id`."""
    at = position.at.astimezone(UTC)
    # strftime("%Y") does not pad years before 1000 on every platform.
    return f"{at.year:04}{at:%m%dT%H%M%S%fZ}-{position.article_id}"


def read_cursor(text: str | None) -> Position:
    """Read a cursor back; None is the top of the list. Raises `InvalidCursor`."""
    if text is None:
        return TOP
    if (match := _FORM.fullmatch(text)) is None:
        raise InvalidCursor(f"not a cursor: {text[:50]!r}")
    try:
        at = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidCursor(f"not a time: {match[1]}") from error
    if (article_id := int(match[2])) > MAX_ID:
        raise InvalidCursor(f"not an id: {article_id}")
    return Position(at, article_id)
