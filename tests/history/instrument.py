"""What the instrument of a served site says, and how it is set."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Instrument:
    """The folder that `tests.history.served` writes to and reads from."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "computed").touch()
        self.take(0.0)

    def take(self, seconds: float) -> None:
        """Let each computation take so long from now on."""
        written = self.folder / "slow.new"
        written.write_text(str(seconds))
        written.replace(self.folder / "slow")

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Let each computation take so long until the block ends."""
        self.take(seconds)
        try:
            yield
        finally:
            self.take(0.0)

    def computed(self) -> list[tuple[int, str]]:
        """Return process and name of every computation so far."""
        lines = (self.folder / "computed").read_text().splitlines()
        return [(int(process), what) for process, _, what in (line.partition(" ") for line in lines)]

    @contextmanager
    def counting(self) -> Iterator["Count"]:
        """Count what is computed from here on."""
        yield Count(self, len(self.computed()))


@dataclass(frozen=True)
class Count:
    """What has been computed since a certain moment."""

    instrument: Instrument
    before: int

    def of(self, *names: str) -> int:
        """Return how often these were computed; without names, anything at all."""
        return sum(what in names or not names for _, what in self.since())

    def processes(self) -> Iterable[int]:
        """Return who computed."""
        return [process for process, _ in self.since()]

    def since(self) -> list[tuple[int, str]]:
        return self.instrument.computed()[self.before :]
