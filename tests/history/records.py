"""What a history consists of. All times are of one monotonic clock, that of the process which reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass
class Write:
    """A new version of an article; `answered` is None until it is, or where nobody knows what became of it."""

    article: int
    version: int
    began: float
    answered: float | None = None
    withdrawn: bool = False


class Read(NamedTuple):
    """One answer: which versions of which articles it shows; none: the article is not there, although it might be."""

    path: str
    began: float
    ended: float
    status: int
    outcome: str
    seen: Mapping[int, frozenset[int]]
    own: bool = False
    """Whether a writer looks at what they have just written."""


@dataclass
class History:
    """Everything that happened, in no order."""

    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    troubles: list[tuple[float, str]] = field(default_factory=list)
    broken: int = 0
    """Connections that broke, as they do when a worker is killed."""
