"""What a value was made from, noted while it is computed and inherited outwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_current: ContextVar["Recording | None"] = ContextVar("broadsheet_recording", default=None)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the order of invalidations: numbers of two epochs cannot be compared."""

    epoch: str
    sequence: int


@dataclass(slots=True)
class Recording:
    """The tags of everything read so far, and the oldest moment that all of it is true for.

    An ambient recording stands around a whole request: it collects, but it is no computation of its own. An
    uncached one neither asks the cache for its parts nor stores them: they come from one view of the database.
    """

    moment: Moment | None = None
    tags: set[str] = field(default_factory=set)
    ambient: bool = False
    uncached: bool = False
    one_view: bool = False
    """Whether all of it must be read from one view of the data, since nothing else keeps it from mixing two."""
    fresh: bool = False
    """Whether it must look past this process's memory: somebody has seen a change that has not arrived here."""
    unstorable: str = ""
    overtaken: bool = False
    """Whether its parts belong to two epochs, so that what is made of them may mix two versions."""
    parts: list[Any] = field(default_factory=list)
    """What was made on the way and is to be stored with what is being made, in one round trip."""
    timeout: int | None = None
    """The lifetime (s) that a view chose for this one answer of its; None: that of its decorator."""
    wrote: Moment | None = None
    """The newest change that was told while an ambient recording lasted."""
    untold: bool = False
    """Whether a change could not be told."""
    without: frozenset[str] = frozenset()
    """Families of keys that are computed anew while it lasts, and stored for nobody: an operator's trial."""

    def read(self, tags: Iterable[str], moment: Moment | None) -> None:
        """Note that something with these tags, true for this moment, was used."""
        self.tags.update(tags)
        if moment is None:
            return
        if self.moment is None:
            self.moment = moment
        elif self.moment.epoch != moment.epoch:
            self.overtaken = True
        elif moment.sequence < self.moment.sequence:
            self.moment = moment

    def inherit(self, tags: Iterable[str], moment: Moment | None, unstorable: str, *, overtaken: bool) -> None:
        """Take over what was noted for a part."""
        self.read(tags, moment)
        self.unstorable = self.unstorable or unstorable
        self.overtaken = self.overtaken or overtaken


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
            parent.inherit(recording.tags, recording.moment, recording.unstorable, overtaken=recording.overtaken)
