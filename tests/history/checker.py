"""Tell whether a history keeps the promises: nothing old, nothing torn, no error, nothing that was taken back."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from tests.history.records import History, Read, Write

BOUND = 1.0
"""Seconds after the answer to a write within which a read may still begin and get what was before, faults included."""


class Checker:
    """Looks at each read in the light of all writes."""

    def __init__(self, history: History, bound: float = BOUND) -> None:
        self.history = history
        self.bound = bound
        self._writes: defaultdict[int, list[Write]] = defaultdict(list)
        for write in history.writes:
            self._writes[write.article].append(write)
        # There are far more reads than versions.
        self._superseded: dict[tuple[int, int], float | None] = {}

    def faults(self) -> list[str]:
        """Return a line for each thing that must not have happened."""
        return list(chain.from_iterable(map(self._faults_of, self.history.reads)))

    def latenesses(self) -> list[float]:
        """Return, for every article on every answer, for how long another version had been the true one."""
        return sorted(
            max((self._lateness(read, article, version) for version in versions), default=0.0)
            for read in self.history.reads
            if read.status < 500
            for article, versions in read.seen.items()
        )

    def _faults_of(self, read: Read) -> Iterator[str]:
        if read.status >= 500:
            yield self._say(read, f"answers {read.status}")
        for article, versions in read.seen.items():
            if len(versions) > 1:
                yield self._say(read, f"is torn: article {article} in versions {sorted(versions)}")
            elif not versions:
                yield from self._absent(read, article)
            else:
                yield from self._present(read, article, *versions)

    def _present(self, read: Read, article: int, version: int) -> Iterator[str]:
        late = self._lateness(read, article, version)
        if late > (0 if read.own else self.bound):
            yield self._say(read, f"shows version {version} of article {article}, {late:.3f} s out of date")
        known = [write for write in self._writes[article] if write.version == version]
        if not known or known[0].withdrawn or known[0].began > read.ended:
            yield self._say(read, f"shows version {version} of article {article}, which was never written")

    def _absent(self, read: Read, article: int) -> Iterator[str]:
        """An article may be missing if it was withdrawn at some moment that the read may show."""
        writes = self._writes[article]
        withdrawn = [write for write in writes if write.withdrawn and write.began <= read.ended]
        bound = 0 if read.own else self.bound
        if all(self._lateness(read, article, write.version) > bound for write in withdrawn):
            yield self._say(read, f"lacks article {article}")

    def _lateness(self, read: Read, article: int, version: int) -> float:
        """Return the seconds since which a newer version had been answered when the read began."""
        if (article, version) not in self._superseded:
            writes = self._writes[article]
            newer = [write.answered for write in writes if write.version > version and write.answered is not None]
            self._superseded[article, version] = min(newer, default=None)
        since = self._superseded[article, version]
        return 0.0 if since is None else max(0.0, read.began - since)

    def _say(self, read: Read, what: str) -> str:
        before = [name for moment, name in sorted(self.history.troubles) if moment <= read.ended]
        whose = "to its writer " if read.own else ""
        return f"{read.began:.3f} {read.path} ({read.outcome}) {whose}{what}; last: {before[-1:]}"
