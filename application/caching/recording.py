"""What a value was made from, noted while it is computed and inherited outwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_current: ContextVar["Recording | None"] = ContextVar("broadsheet_recording", default=None)


@dataclass(slots=True)
class Recording:
    """The tags of everything read so far, and the oldest sequence number that all of it is true for.

    An ambient recording stands around a whole request: it collects, but it is no computation of its own.
    """

    sequence: int | None = None
    tags: set[str] = field(default_factory=set)
    ambient: bool = False
    uncached: bool = False
    unstorable: str = ""

    def read(self, tags: Iterable[str], sequence: int | None) -> None:
        """Note that something with these tags, true for `sequence`, was used."""
        self.tags.update(tags)
        if sequence is not None:
            self.sequence = sequence if self.sequence is None else min(self.sequence, sequence)


def current() -> Recording | None:
    """Return the innermost recording that is under way."""
    return _current.get()


@contextmanager
def record(recording: Recording) -> Iterator[Recording]:
    """Collect into `recording`; afterwards whatever stands around it inherits what was noted."""
    parent = _current.get()
    token = _current.set(recording)
    try:
        yield recording
    finally:
        _current.reset(token)
        if parent is not None:
            parent.read(recording.tags, recording.sequence)
            parent.unstorable = parent.unstorable or recording.unstorable
