"""What stays in memory after something was done, by type and by place.

Of two runs of the same length, the second must grow by as much as the first: what only replaces something else, as a
cache does, does not. Uses what Python has: tracemalloc knows the place, the collector of garbage the type.
"""

import gc
import tracemalloc
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from application.measuring.allocations import Look, take_look
from application.measuring.profiling import Act, Ours

DEPTH = 25
"""Frames of each allocation that are kept: enough to find one's own function under a library's."""
OFTEN = 0.5
"""Blocks left for each time it was done, from which on a place is said to grow."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What one place leaves behind each time: bytes, blocks, and the types among them that hold others."""

    place: str
    size: float
    blocks: float
    types: dict[str, float]
    trace: list[str]


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """Bytes at the peak of one time; bytes that stay each time, in all; and from where."""

    peak: int
    stays: float
    grown: list[Grown]


def profile_memory(act: Act, times: int, ours: Ours, before: Act | None = None) -> MemoryProfile:
    """Do it twice so often, and tell what the second half left behind."""
    # What is there already is not looked through: there may be millions of things.
    gc.collect()
    gc.freeze()
    tracemalloc.start(DEPTH)
    try:
        # An array, whose numbers are no blocks of their own.
        peaks = array("q", (_peak(act, before) for _ in range(times)))
        first = take_look(ours)
        peaks.extend(_peak(act, before) for _ in range(times))
        second = take_look(ours)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    grown = list(_differences(first, second, times))
    stays = (second.sizes.total() - first.sizes.total()) / times
    return MemoryProfile(int(median(peaks)), stays, sorted(grown, key=lambda one: -one.size))


def _peak(act: Act, before: Act | None) -> int:
    if before is not None:
        before()
    tracemalloc.reset_peak()
    start, _ = tracemalloc.get_traced_memory()
    act()
    return tracemalloc.get_traced_memory()[1] - start


def _differences(first: Look, second: Look, times: int) -> Iterable[Grown]:
    for place, blocks in second.blocks.items():
        more = (blocks - first.blocks[place]) / times
        if more < OFTEN:
            continue
        types = second.types.get(place, Counter()) - first.types.get(place, Counter())
        often = {name: count / times for name, count in types.most_common() if count / times >= OFTEN}
        size = (second.sizes[place] - first.sizes[place]) / times
        yield Grown(place, size, more, often, second.traces[place].format())
