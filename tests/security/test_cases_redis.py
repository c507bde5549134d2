"""A Redis that lies, or fails. The numbers are rows of docs/security.md."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tests.articles import edit
from tests.fronts import Front
from tests.own_redis import frozen, kill
from tests.security.conftest import assert_clean
from tests.site import eventually

LOOKS_PAST_MEMORY = {"Cookie": "seen=x.1"}
"""Whoever has written something this process does not know of has Redis asked."""

Page = dict[bytes, bytes]


class Bomb:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise SystemExit('evil')",)


def changed(original: Page, **fields: bytes) -> Page:
    return original | {name.encode(): value for name, value in fields.items()}


PLANTED: dict[str, Callable[[Page, Page], Page | bytes | list[bytes]]] = {
    "a pickle": lambda _mine, _other: pickle.dumps(Bomb()),
    "a pickle as a page": lambda mine, _other: changed(mine, page=pickle.dumps(Bomb())),
    "another page, well signed": lambda _mine, other: other,
    "another body": lambda mine, _other: changed(mine, identity=b"evil", br=b"evil", gzip=b"evil"),
    "a changed envelope": lambda mine, _other: changed(mine, page=mine[b"page"].replace(b"text/html", b"text/evil")),
    "a bad signature": lambda mine, _other: changed(mine, page=mine[b"page"][:-4] + b'00"}'),
    "a truncated envelope": lambda mine, _other: changed(mine, page=mine[b"page"][: len(mine[b"page"]) // 2]),
    "an empty envelope": lambda mine, _other: changed(mine, page=b""),
    "a missing body": lambda mine, _other: {b"page": mine[b"page"]},
    "a foreign hash": lambda _mine, _other: {b"evil": b"evil"},
    "a foreign list": lambda _mine, _other: [b"evil"],
    "a foreign string": lambda _mine, _other: b"evil",
}


@pytest.mark.parametrize("planted", PLANTED)
def test_29_what_is_planted_in_redis_is_rejected_and_made_again(front: Front, path: str, planted: str) -> None:
    other = f"/articles/{front.article(content='Other words.').slug}"
    name = f"flask_cache_view/{path}"
    with Redis.from_url(front.site.settings.cache_redis_url) as client:
        # A worker may still leave Redis alone, after the faults of another test.
        for asked in (path, other):
            eventually(lambda asked=asked: front.ask(asked) and client.exists(f"flask_cache_view/{asked}"))
        pages = [client.hgetall(f"flask_cache_view/{asked}") for asked in (path, other)]
        value = PLANTED[planted](*pages)
        client.delete(name)
        if isinstance(value, dict):
            client.hset(name, mapping=value)  # type: ignore[arg-type]
        elif isinstance(value, list):
            client.rpush(name, *value)
        else:
            client.set(name, value)
        client.pexpire(name, 300_000)
        answer = front.ask(path, headers=LOOKS_PAST_MEMORY)
        assert (answer.status, answer["X-Cache"]) == (200, "miss")
        assert "Honest words." in answer.text
        # What was planted is gone.
        assert set(client.hgetall(name)) == set(pages[0])
    assert front.ask(path, headers=LOOKS_PAST_MEMORY)["X-Cache"] == "hit redis"
    assert_clean(front, path)


@contextmanager
def down(front: Front) -> Iterator[None]:
    kill(front.redis)
    try:
        yield
    finally:
        front.redis._desired_port = urlsplit(front.site.settings.redis_url).port
        front.redis.start()


@contextmanager
def slow(front: Front) -> Iterator[None]:
    with frozen(front.redis):
        yield


@contextmanager
def told(front: Front, begin: str, end: str) -> Iterator[None]:
    """Give the server a command, and another afterwards."""
    with front.stored() as client:
        client.execute_command(*begin.split())
        try:
            yield
        finally:
            client.execute_command(*end.split())


FAULTS = {
    "down": down,
    "slow": slow,
    "read-only": lambda front: told(front, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "full": lambda front: told(front, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_35_readers_get_correct_pages_whatever_is_wrong_with_redis(front: Front, path: str, fault: str) -> None:
    known, slug = path, front.article(content="Honest words, new.").slug
    front.ask(known)
    said = front.log.stat().st_size
    with FAULTS[fault](front):
        for _ in range(5):
            for asked in (known, f"/articles/{slug}", "/", "/about"):
                assert front.ask(asked).status == 200
        with front.site.app.app_context():
            edit(known.rpartition("/")[2], content="Honest words, edited.")
        # A second is the bound; behind nginx, whose page may be as old as that, two.
        eventually(lambda: "Honest words, edited." in front.ask(known).text, 3)
        assert_clean(front, known, "Honest words, edited.")
    eventually(lambda: front.ask(known)["X-Cache"].startswith("hit"))
    assert_clean(front, known, "Honest words, edited.")
    # Somebody is told.
    assert "The cache " in front.log.read_text("utf-8")[said:]
