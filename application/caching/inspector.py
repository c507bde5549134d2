"""What is in the cache, for an operator; read without blocking Redis. Everything here raises `redis.RedisError`."""

import json
import re
from ast import literal_eval
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import redis

from application.caching import encodings
from application.caching.backend import RedisBackend
from application.caching.codec import FORMAT, Entry, Seal
from application.caching.names import Names
from application.caching.pages import PAGE_TYPE, Page
from application.caching.store import FOREVER_MS, PAGE

AT_ONCE = 500
_LIFETIME = re.compile(rb'"lifetime":(\d+)')
_RELEASE = re.compile(rb'"release":"([^"\\]*)"')
_TAGS = re.compile(rb'"tags":(\[(?:"(?:[^"\\]|\\.)*",?)*\])')
_ESCAPED = re.compile(r"\\(?:x[0-9a-f]{2}|u(?!d[89a-f])[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|[ntr])")
HEAD = 2_000
"""Bytes of an envelope within which its lifetime stands, and its tags unless they are many."""


class Shelves(Protocol):
    """Where values are kept, what they are called, and what they are signed with; a backend is one."""

    @property
    def client(self) -> redis.Redis:
        """Return what asks Redis."""

    @property
    def names(self) -> Names:
        """Return what values are called by now."""

    @property
    def seal(self) -> Seal:
        """Return what opens values."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Shelves that are only looked at: a client of a backend's own would name an epoch as it connects."""

    client: redis.Redis
    names: Names
    seal: Seal


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One stored value: its full name, seconds to live (None: no end), bytes in Redis, age in seconds, heat, tags.

    Tags are None where they are more than can be seen at a glance; `release` is named if it is another than one's own.
    """

    name: str
    ttl: int | None
    size: int
    age: int | None
    heat: float | None
    tags: tuple[str, ...] | None = ()
    release: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one key; `doubt` says why it would not be believed now."""

    name: str
    doubt: str
    ttl: int | None
    size: int
    heat: float | None
    entry: Entry | None = None
    page: Page | None = None
    raw: bytes = b""
    bodies: dict[str, bytes] = field(default_factory=dict)

    @property
    def age(self) -> int | None:
        """Return the seconds since it was stored."""
        return None if self.entry is None else _age(self.entry.lifetime, self.ttl)


def list_keys(shelves: Shelves, pattern: str = "*") -> Iterator[KeyLine]:
    """Walk the stored values that match."""
    return look_at(shelves, sorted(set(shelves.client.scan_iter(match=shelves.names.full(pattern), count=1000))))


def look_at(shelves: Shelves, names: Sequence[Any]) -> Iterator[KeyLine]:
    """Say how each of these values is, a batch at a time; those that have gone are left out."""
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        with shelves.client.pipeline(transaction=False) as pipe:
            for name in batch:
                pipe.pttl(name)
                pipe.memory_usage(name)
                pipe.zscore("broadsheet:heat", name)
                # One of the two is of the wrong type.
                pipe.getrange(name, 0, HEAD)
                pipe.hget(name, PAGE)
            answers = pipe.execute(raise_on_error=False)
        for number, name in enumerate(batch):
            pttl, size, heat, *heads = answers[number * 5 : number * 5 + 5]
            # A key may have expired since it was listed.
            if size is None:
                continue
            head = next((head for head in heads if isinstance(head, bytes) and head), b"")
            found, ttl = _LIFETIME.search(head), _seconds(pttl)
            age, of = _age(int(found[1]), ttl) if found else None, _release(head)
            other = "" if of == shelves.seal.release else of
            yield KeyLine(readable(name), ttl, size, age, heat, _tags(head), other)


def show(backend: Shelves, key: str) -> Shown | None:
    """Return what is known of one key, or None when there is none."""
    # A name that is no UTF-8 comes from the command line in this spelling.
    name: Any = backend.names.full(meant(backend, key)).encode(errors="surrogateescape")
    with backend.client.pipeline(transaction=False) as pipe:
        pipe.type(name)
        pipe.pttl(name)
        pipe.memory_usage(name)
        pipe.zscore("broadsheet:heat", name)
        pipe.get(name)
        pipe.hgetall(name)
        kind, pttl, size, heat, string, fields = pipe.execute(raise_on_error=False)
    if kind == b"none":
        return None
    bodies = {field.decode(errors="replace"): body for field, body in fields.items()} if kind == b"hash" else {}
    sealed = string if kind == b"string" else bodies.pop(PAGE, b"")
    entry, doubt = _entry(backend, name.decode(errors="replace"), sealed)
    page = None
    if entry is not None and entry.type == PAGE_TYPE:
        page, doubt = _page(entry, bodies, doubt)
    return Shown(readable(name), doubt, _seconds(pttl), size or 0, heat, entry, page, sealed, bodies)


def listed(backend: RedisBackend, tags: Iterable[str]) -> dict[str, set[bytes]]:
    """Return the keys that would go with each tag, a tag that has too many to list left out."""
    found: dict[str, set[bytes]] = {}
    client: Any = backend.client
    for tag in tags:
        if client.sismember("broadsheet:wide", tag):
            continue
        is_key = tag.startswith("key/")
        own = backend.names.full(tag.removeprefix("key/")).encode()
        names = [own] if is_key else client.zrange(f"broadsheet:tag:{tag}", 0, -1)
        with client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(name)
            found[tag] = {name for name, exists in zip(names, pipe.execute(), strict=True) if exists}
    return found


def count_listed(found: Mapping[str, Set[bytes]], tags: Collection[str]) -> int | None:
    """Return how many keys go with all of these tags; None when there are too many to list."""
    return None if len(found) < len(tags) else len(set().union(*found.values()))


def meant(shelves: Shelves, key: str) -> str:
    """Return the key of this name; where there is none, the one that `readable` shows as this."""
    other = _ESCAPED.sub(lambda found: str(literal_eval(f"'{found[0]}'")), key)
    if other == key or _exists(shelves, key) or not _exists(shelves, other):
        return key
    return other


def tags_of(shelves: Shelves, key: str) -> list[str]:
    """Return the tags that forget the key of this name, the one that names it first."""
    return shelves.names.tags_of(shelves.names.full(meant(shelves, key)))


def _exists(shelves: Shelves, key: str) -> bool:
    return bool(shelves.client.exists(shelves.names.full(key).encode(errors="surrogateescape")))


def readable(name: bytes) -> str:
    """Write a name so that a terminal shows it and does nothing else."""
    text = name.decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def pretty(value: bytes | msgspec.Raw) -> str:
    """Write a value as JSON that a person reads."""
    return json.dumps(msgspec.json.decode(value), ensure_ascii=False, indent=2)


def _entry(backend: Shelves, name: str, sealed: bytes) -> tuple[Entry | None, str]:
    """Return an envelope, and why it would not be believed now."""
    key = backend.names.key_of(name)
    try:
        entry = backend.seal.verified(key, sealed)
        if entry is None:
            # A key of one's own that begins as if it were another release's.
            key = name.removeprefix(backend.names.base)
            entry = backend.seal.verified(key, sealed)
    except msgspec.MsgspecError:
        return None, "signed by this site, but not in a format of this release"
    if entry is None:
        return None, "not signed by this site for this key: foreign, damaged or forged"
    if entry.format != FORMAT:
        return entry, f"of format {entry.format}"
    if entry.release != backend.seal.release:
        return entry, f"of another release, {entry.release}"
    client: Any = backend.client
    if (client.get("broadsheet:epoch") or b"").decode(errors="replace") != entry.epoch:
        return entry, "of another epoch: from before Redis was restarted or everything was forgotten"
    return entry, _overtaken(backend, key, entry)


def _overtaken(backend: Shelves, key: str, entry: Entry) -> str:
    tags = [f"key/{key}", *entry.tags]
    scores: Any = backend.client.zmscore("broadsheet:tags", tags)
    newer = next((tag for tag, score in zip(tags, scores, strict=True) if score and score > entry.sequence), None)
    return "" if newer is None else f"older than the last change of {newer}"


def _page(entry: Entry, bodies: dict[str, bytes], doubt: str) -> tuple[Page | None, str]:
    try:
        page = msgspec.json.decode(entry.value, type=Page)
    except msgspec.MsgspecError:
        return None, doubt or "not a page of this release"
    if page.digests != {name: encodings.digest(body) for name, body in bodies.items()}:
        return page, doubt or "its bodies are not those that were signed"
    return page, doubt


def _tags(head: bytes) -> tuple[str, ...] | None:
    """Return the tags of an envelope that begins so; of what is none of ours, none."""
    if not head.startswith(b'{"format":'):
        return ()
    found = _TAGS.search(head)
    try:
        return None if found is None else tuple(readable(tag.encode()) for tag in msgspec.json.decode(found[1]))
    except msgspec.MsgspecError:
        return ()


def _release(head: bytes) -> str:
    """Return the release that an envelope which begins so is of."""
    found = _RELEASE.search(head) if head.startswith(b'{"format":') else None
    return readable(found[1]) if found else ""


def _seconds(pttl: int) -> int | None:
    return None if pttl < 0 else pttl // 1000


def _age(lifetime: int, ttl: int | None) -> int | None:
    return None if ttl is None or lifetime >= FOREVER_MS else max(0, lifetime // 1000 - ttl)
