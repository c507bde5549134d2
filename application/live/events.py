"""One event, on its way through Redis and as text."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask_sse import Message

PUBLIC = "public"

Cursor = tuple[int, int]
START: Cursor = (0, 0)
_ID = re.compile(r"(\d{1,16})-(\d{1,16})", re.ASCII)
_EVENT_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)


class Event(Message):  # type: ignore[misc]  # flask-sse ships no types
    """One event, written as the HTML standard has it (section 9.2)."""

    def __str__(self) -> str:
        """Render as UTF-8 text, ended by an empty line."""
        lines = [f"event: {self.type}"] if self.type else []
        lines += [f"data: {line}" for line in str(self.data).splitlines()]
        lines += [f"id: {self.id}"] if self.id else []
        return "\n".join(lines) + "\n\n"


class Kept(NamedTuple):
    """An event as the process remembers it, for replay."""

    cursor: Cursor
    channel: str
    chunk: bytes


class Sent(NamedTuple):
    """An event as Redis keeps it: its name and data, and the Unix time at which it was sent, by Redis' clock."""

    id: str
    at: float
    type: str
    data: str


def parse_cursor(text: str | None) -> Cursor | None:
    """Read an event id such as `1700000000000-0`; None for anything else."""
    match = _ID.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else None


def read(entries: Iterable[tuple[str, Mapping[str, str]]]) -> list[Sent]:
    """Read Redis' entries, whatever stands in them."""
    cursors = [(identifier, parse_cursor(identifier) or START, fields) for identifier, fields in entries]
    return [
        Sent(one, cursor[0] / 1e3, fields.get("type", ""), fields.get("data", "")) for one, cursor, fields in cursors
    ]


def decode(entries: Iterable[tuple[str, Mapping[str, str]]]) -> list[Kept]:
    """Turn Redis' entries into events; leave out what is not one of ours."""
    kept = []
    for identifier, fields in entries:
        cursor, name, data = parse_cursor(identifier), fields.get("type", ""), fields.get("data")
        if cursor and data and _EVENT_NAME.fullmatch(name):
            chunk = str(Event(data, type=name, id=identifier)).encode()
            kept.append(Kept(cursor, fields.get("channel", PUBLIC), chunk))
    return kept


def join(events: Iterable[Kept], channel: str) -> bytes:
    """Make one piece of a channel's events."""
    return b"".join(event.chunk for event in events if event.channel == channel)
