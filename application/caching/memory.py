"""The memory of a process, in front of Redis: kept coherent by pushed invalidations, trusted only while they arrive."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

from application.caching.counters import Counters
from application.caching.recording import Moment

LONGEST_SILENCE = 1.0
"""Seconds without a sign of life from the push channel, after which nothing here is believed."""
TAGS_REMEMBERED = 20_000
LARGEST_SHARE = 8
"""No value may take more than this part of the budget (1/8): one giant must not drive everything else out."""
OVERHEAD = 700
"""Bytes that an entry costs beside its value: its own object, its key, its places in the indexes."""


class Kept:
    """A value in memory. `alive` turns false as soon as it is dropped, so whoever holds it can tell at a glance."""

    __slots__ = (
        "alive",
        "born_at",
        "dies_at",
        "hits",
        "key",
        "looks",
        "size",
        "soft_at",
        "tags",
        "told",
        "value",
        "visited",
    )

    def __init__(self, key: str, value: Any, tags: frozenset[str], size: int, age: float, soft: float, hard: float):
        now = monotonic()
        self.key = key
        self.value = value
        self.tags = tags
        self.size = size + OVERHEAD
        self.born_at = now - age
        self.soft_at = now + soft
        self.dies_at = now + hard
        self.hits = 0
        self.told = 0
        self.visited = False
        self.alive = True
        self.looks: list[Any] = []


class Memory:
    """Values by key, within a budget of bytes; starts disabled, and empty after every break in the pushes."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self.epoch = ""
        self.applied = 0
        self.heard_at = float("-inf")
        self.breaks = 0
        self.evicted = 0
        self.counters = Counters()
        self.looks: dict[Any, Any] = {}
        """What the fast lane knows requests by; it goes with the page that it leads to."""
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._by_tag: defaultdict[str, set[str]] = defaultdict(set)
        self._touched: OrderedDict[str, int] = OrderedDict()
        self._floor = 0
        self._early: set[int] = set()
        self._own: set[int] = set()
        self._lock = threading.RLock()

    @property
    def is_trusted(self) -> bool:
        """Tell whether invalidations reach this process."""
        return monotonic() - self.heard_at < LONGEST_SILENCE

    @property
    def moment(self) -> Moment:
        """Return the point up to which invalidations have been applied."""
        return Moment(self.epoch, self.applied)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(list(self._kept.values()))

    def get(self, key: str) -> Kept | None:
        """Return what is kept under the key, unless its time is over or nothing here is believed."""
        kept = self._kept.get(key)
        if kept is None or not self.is_trusted:
            return None
        if monotonic() >= kept.dies_at:
            self.drop(key)
            return None
        kept.visited = True
        return kept

    def put(self, kept: Kept, as_of: Moment) -> bool:
        """Keep a value that was true at `as_of`, unless a push applied since then carries one of its tags."""
        with self._lock:
            if not self.is_current(kept.key, kept.tags, as_of) or kept.size > self.budget // LARGEST_SHARE:
                return False
            self.drop(kept.key)
            self._kept[kept.key] = kept
            self.used += kept.size
            for tag in kept.tags:
                self._by_tag[tag].add(kept.key)
            while self.used > self.budget:
                self._evict()
            return kept.alive

    def is_current(self, key: str, tags: Iterable[str], as_of: Moment) -> bool:
        """Tell whether nothing that was applied here since `as_of` concerns these tags."""
        if as_of.epoch != self.epoch or as_of.sequence < self._floor:
            return False
        touched = self._touched
        sequence = as_of.sequence
        return touched.get(f"key/{key}", 0) <= sequence and all(touched.get(tag, 0) <= sequence for tag in tags)

    def drop(self, key: str) -> None:
        """Forget one value."""
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None:
                return
            kept.alive = False
            for look in kept.looks:
                self.looks.pop(look, None)
            self.counters.settle(kept)
            self.used -= kept.size
            for tag in kept.tags:
                keys = self._by_tag[tag]
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]

    def apply(self, epoch: str, sequence: int, tags: Iterable[str], *, own: bool = False) -> bool:
        """Forget what was made from the tags. False when a push is missing: then nothing is known any more.

        What this process told Redis itself is applied at once (`own`), ahead of its push.
        """
        with self._lock:
            if epoch != self.epoch:
                return False
            if own:
                if sequence > self.applied and sequence not in self._early:
                    # Its push is still to come.
                    self._own.add(sequence)
            elif sequence in self._own:
                self._own.discard(sequence)
            elif (
                sequence <= self.applied and self.is_trusted and any(self._touched.get(tag) != sequence for tag in tags)
            ):
                # What was pushed before this process began has arrived by now, and this is news: Redis counts anew.
                return False
            if sequence <= self.applied or sequence in self._early:
                return True
            if sequence > self.applied + 1 and not own:
                return False
            self._touch(sequence, tags)
            self._early.add(sequence)
            while self.applied + 1 in self._early:
                self.applied += 1
                self._early.discard(self.applied)
            return True

    def _has_applied(self, sequence: int, tags: Iterable[str]) -> bool:
        return all(self._touched.get(tag) == sequence for tag in tags)

    def reset(self, epoch: str, sequence: int) -> None:
        """Forget everything, and begin again from this point."""
        with self._lock:
            for kept in self._kept.values():
                kept.alive = False
                self.counters.settle(kept)
            self._kept.clear()
            self._by_tag.clear()
            self._touched.clear()
            self._early.clear()
            self._own.clear()
            self.looks.clear()
            self.used = 0
            self.epoch, self.applied, self._floor = epoch, sequence, sequence

    def distrust(self) -> None:
        """Believe nothing here until whoever listens to the pushes has begun again, with nothing in memory."""
        self.breaks += 1
        self.heard_at = float("-inf")

    def _touch(self, sequence: int, tags: Iterable[str]) -> None:
        for tag in tags:
            self._touched[tag] = max(sequence, self._touched.pop(tag, 0))
            if tag.startswith("key/"):
                self.drop(tag.removeprefix("key/"))
            for key in list(self._by_tag.get(tag, ())):
                self.drop(key)
        while len(self._touched) > TAGS_REMEMBERED:
            _, forgotten = self._touched.popitem(last=False)
            self._floor = max(self._floor, forgotten)

    def _evict(self) -> None:
        """Drop the oldest value that nobody has asked for since it was last looked at (the clock algorithm)."""
        key, kept = next(iter(self._kept.items()))
        if kept.visited:
            kept.visited = False
            self._kept.move_to_end(key)
        else:
            self.evicted += 1
            self.counters.note(key, "evicted")
            self.drop(key)
