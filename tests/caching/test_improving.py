"""Stored pages are compressed again, as well as can be, beside the readers."""

import brotli
import pytest
import redis
from flask.testing import FlaskClient

from application.caching import PAGES, improve, stored
from application.caching.improving import LARGEST, QUALITY
from tests.caching.conftest import Site

KEY = "view//row/1"
WORDS = " ".join(f"<p>{number} words of number {number * number}</p>" for number in range(500))


@pytest.fixture
def client(site: Site) -> FlaskClient:
    @site.app.get("/row/<int:number>")
    @site.cache.cached(timeout=300)
    def row(number: int) -> str:
        return site.read(number).words[0]

    site.table[1] = WORDS
    site.serve()
    return site.app.test_client()


def get(client: FlaskClient):
    return client.get("/row/1", headers={"Accept-Encoding": "br"})


def test_a_better_body_takes_the_place_of_the_quick_one(
    site: Site, client: FlaskClient, redis_client: redis.Redis
) -> None:
    quick = get(client)
    ttl = redis_client.pttl(f"flask_cache_{KEY}")
    saved = improve(site.cache.engine, KEY)
    best = get(client)
    assert saved == len(quick.data) - len(best.data) > 0
    assert best.data == brotli.compress(WORDS.encode(), quality=QUALITY)
    assert best.headers["X-Cache"] == "hit redis"
    assert best.headers["ETag"] != quick.headers["ETag"]
    again = client.get("/row/1", headers={"Accept-Encoding": "br", "If-None-Match": best.headers["ETag"]})
    assert again.status_code == 304
    assert redis_client.pttl(f"flask_cache_{KEY}") <= ttl  # type: ignore[operator]
    assert site.calls == [1]
    assert improve(site.cache.engine, KEY) == 0, "it cannot be improved again"


def test_a_page_that_changed_meanwhile_is_left_as_it_is(
    site: Site, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(client)
    compress = brotli.compress

    def changed_meanwhile(body: bytes, quality: int) -> bytes:
        monkeypatch.undo()
        site.write(1, "new " * 500)
        get(client)
        return bytes(compress(body, quality=quality))

    monkeypatch.setattr("application.caching.improving.brotli.compress", changed_meanwhile)
    assert improve(site.cache.engine, KEY) == 0
    assert brotli.decompress(get(client).data) == b"new " * 500


@pytest.mark.parametrize("body", ["short", "x" * (LARGEST + 1)])
def test_only_what_pays_is_exchanged(site: Site, client: FlaskClient, body: str) -> None:
    site.table[1] = body
    before = get(client).data
    assert improve(site.cache.engine, KEY) == 0
    assert get(client).data == before


def test_what_is_no_stored_page_is_left_alone(site: Site, client: FlaskClient, redis_client: redis.Redis) -> None:
    assert improve(site.cache.engine, "view//row/2") == 0
    site.cache.set("value", 1)
    assert improve(site.cache.engine, "value") == 0
    get(client)
    redis_client.hset(f"flask_cache_{KEY}", "br", "forged")
    assert improve(site.cache.engine, KEY) == 0


def test_a_stored_page_is_told_with_its_lifetime(site: Site, client: FlaskClient) -> None:
    told: list[tuple[str, int]] = []

    def note(_sender: object, key: str, timeout: int) -> None:
        told.append((key, timeout))

    with stored.connected_to(note, site.app.extensions[PAGES].maker):
        get(client), get(client)
    assert told == [(KEY, 300)]
