"""What audits have found before: a line of JSON a page, in the folder of the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from application.auditing.run import Audit
from application.config import DB_DIRECTORY

HISTORY = DB_DIRECTORY / "audits.jsonl"


class Past(msgspec.Struct, frozen=True):
    """What one page had."""

    at: datetime
    path: str
    scores: dict[str, int]
    axe: int
    markup: int
    bytes: int


def remember(found: Audit, history: Path = HISTORY) -> None:
    """Add what was found."""
    size = sum(fetched.bytes for fetched in found.requests)
    past = Past(datetime.now(UTC), _path(found.url), found.judged, len(found.axe), len(found.markup), size)
    with history.open("ab") as file:
        file.write(msgspec.json.encode(past) + b"\n")


def last(url: str, history: Path = HISTORY) -> Past | None:
    """Return what this page had the last time; None for the first."""
    found = None
    for past in read(history):
        if past.path == _path(url):
            found = past
    return found


def read(history: Path = HISTORY) -> Iterator[Past]:
    """Yield all that is remembered, the oldest first; a line that cannot be read is passed over."""
    if not history.exists():
        return
    for line in history.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(line, type=Past)
        except msgspec.DecodeError:
            continue


def _path(url: str) -> str:
    return urlsplit(url).path or "/"
