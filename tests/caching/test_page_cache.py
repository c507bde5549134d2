"""The fast lane: whole pages, rendered without anything personal, answered before Flask is entered."""

import gzip

import brotli
import pytest
import redis
from flask import Flask, abort, make_response, redirect, request, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.caching.conftest import Site


@pytest.fixture
def client(site: Site) -> FlaskClient:
    """The site with a few views: /row/<n> shows a row and whatever the view can see of the request."""
    app: Flask = site.app

    @app.get("/row/<int:number>")
    @site.cache.cached(timeout=20, args=("before",))
    def row(number: int) -> str:
        seen = f"{sorted(request.args.items())} {dict(request.cookies)} {request.host} {request.headers.get('X-Any')}"
        return f"<p>{site.read(number).words[0]} {seen}</p>" + " " * 2000

    @app.get("/sets-cookie")
    @site.cache.cached()
    def sets_cookie() -> object:
        site.calls.append("cookie")
        answer = make_response("x")
        answer.set_cookie("a", "b")
        return answer

    @app.get("/session")
    @site.cache.cached()
    def with_session() -> str:
        return "name" if "name" in session else "nobody"

    @app.get("/private")
    @site.cache.cached()
    def private() -> object:
        site.calls.append("private")
        return "x", {"Cache-Control": "private"}

    @app.get("/absent")
    @site.cache.cached()
    def absent() -> str:
        site.calls.append("absent")
        abort(404)

    @app.get("/moved/<int:number>")
    @site.cache.cached()
    def moved(number: int) -> object:
        site.cache.depends_on(f"row/{number}")
        return redirect(f"/row/{number}", 301)

    @app.get("/kept-out")
    @site.cache.cached()
    def kept_out() -> str:
        site.cache.do_not_store("made-up")
        return "x"

    @app.route("/plain", methods=["GET", "POST"])
    def plain() -> str:
        return request.cookies.get("a", "none")

    @app.post("/row/<int:number>")
    def change(number: int) -> str:
        return "changed"

    site.serve()
    return app.test_client()


def cache_of(answer: TestResponse) -> str:
    return answer.headers["X-Cache"]


def test_a_page_is_made_once_and_then_answered_before_flask(site: Site, client: FlaskClient) -> None:
    first, second = client.get("/row/1"), client.get("/row/1")
    assert (cache_of(first), cache_of(second)) == ("miss", "hit redis")
    assert first.data == second.data
    assert site.calls == [1]
    assert second.headers["Age"] in {"0", "1"}
    assert second.headers["Cache-Control"] == "no-cache"
    assert second.headers["Content-Type"] == first.headers["Content-Type"]


def test_a_write_is_seen_by_the_very_next_request(site: Site, client: FlaskClient) -> None:
    client.get("/row/1"), client.get("/row/2")
    site.write(1, "new")
    assert b"new" in client.get("/row/1").data
    assert cache_of(client.get("/row/2")) == "hit redis"


def test_a_page_overtaken_by_a_write_is_made_again(site: Site, client: FlaskClient) -> None:
    original = site.read

    def overtaken(number: int) -> object:
        record = original(number)
        if len(site.calls) == 1:
            site.write(number, "new")
        return record

    site.read = overtaken  # type: ignore[method-assign, assignment]
    assert b"new" in client.get("/row/1").data
    assert b"new" in client.get("/row/1").data


def test_only_declared_arguments_are_in_the_key_and_in_sight(
    site: Site, client: FlaskClient, redis_client: redis.Redis
) -> None:
    for query in ("utm_content='><script>", "a=1&a=2", "utm=1;callback=alert(1)", "x=1&y=2"):
        assert b"<p> [] {}" in client.get(f"/row/1?{query}").data
    assert b"[(&#39;before" not in client.get("/row/1").data
    assert b"('before', '2')" in client.get("/row/1?z=1&before=2&before=3").data
    names = {name.decode() for name in redis_client.scan_iter("flask_cache_*")}
    assert names == {"flask_cache_view//row/1", "flask_cache_view//row/1?before=2"}


def test_nothing_personal_reaches_a_page_that_may_be_stored(client: FlaskClient) -> None:
    client.set_cookie("a", "secret")
    answer = client.get("/row/1", headers={"X-Any": "secret", "Accept-Language": "fr", "X-Forwarded-Host": "evil"})
    assert b"secret" not in answer.data
    assert b"evil" not in answer.data
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert client.get("/session").headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "word"),
    [("/sets-cookie", "set-cookie"), ("/private", "private"), ("/absent", "status"), ("/kept-out", "made-up")],
)
def test_what_is_not_for_everybody_is_not_stored(
    client: FlaskClient, redis_client: redis.Redis, path: str, word: str
) -> None:
    answers = [client.get(path) for _ in range(2)]
    assert [cache_of(answer) for answer in answers] == [f"bypass {word}"] * 2
    # Nor by anybody on the way.
    assert "private" in answers[0].headers["Cache-Control"]
    assert not list(redis_client.scan_iter("flask_cache_*"))


def test_requests_that_pass_by_say_why(client: FlaskClient) -> None:
    assert cache_of(client.get("/plain")) == "bypass view"
    assert cache_of(client.post("/row/1")) == "bypass method"
    assert cache_of(client.get("/row/1", headers={"Authorization": "Basic eDp5"})) == "bypass authorization"
    assert cache_of(client.get("/row/1", headers={"Authentication-Token": "x"})) == "bypass authorization"
    assert cache_of(client.get("/nowhere")) == "bypass address"
    evil = client.get("/row/1", headers={"Host": "evil.example"})
    assert (evil.status_code, cache_of(evil)) == (400, "bypass host")


def test_a_post_is_never_answered_from_the_page_of_a_get(client: FlaskClient) -> None:
    client.get("/row/1")
    assert client.post("/row/1").data == b"changed"
    assert client.get("/row/1").data != b"changed"


def test_head_has_the_headers_of_get_and_no_body(client: FlaskClient) -> None:
    head = client.head("/row/1")
    get = client.get("/row/1")
    assert (head.data, cache_of(get)) == (b"", "hit redis")
    assert head.headers["Content-Length"] == str(len(get.data))
    assert client.head("/row/1").headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate", "gzip"),
        ("", None),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("zstd", None),
    ],
)
def test_each_client_gets_the_encoding_it_accepts(client: FlaskClient, accept: str, encoding: str | None) -> None:
    plain = client.get("/row/1").data
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    for _ in range(2):
        answer = client.get("/row/1", headers={"Accept-Encoding": accept})
        assert answer.headers.get("Content-Encoding") == encoding
        assert decode(answer.data) == plain
        assert answer.headers["Content-Length"] == str(len(answer.data))


def test_each_encoding_has_a_validator_of_its_own(client: FlaskClient) -> None:
    tags = {client.get("/row/1", headers={"Accept-Encoding": accept}).headers["ETag"] for accept in ("br", "gzip", "")}
    assert len(tags) == 3


@pytest.mark.parametrize("header", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, header: str) -> None:
    etag = client.get("/row/1").headers["ETag"]
    answer = client.get("/row/1", headers={"If-None-Match": header.format(etag=etag)})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert client.get("/row/1", headers={"If-None-Match": "rubbish"}).status_code == 200


def test_the_way_to_where_a_page_is_now_is_told_whatever_the_reader_has(client: FlaskClient) -> None:
    for _ in range(2):
        answer = client.get("/moved/1", headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.location) == (301, "/row/1")
    assert answer.headers["X-Cache"].startswith("hit")


def test_a_forged_page_is_rejected(site: Site, client: FlaskClient, redis_client: redis.Redis) -> None:
    client.get("/row/1")
    redis_client.hset("flask_cache_view//row/1", "identity", "<script>")
    assert b"<script>" not in client.get("/row/1").data
    redis_client.set("flask_cache_view//row/2", "<script>")
    assert b"<script>" not in client.get("/row/2").data
    assert cache_of(client.get("/row/2")) == "hit redis"


def test_without_redis_pages_are_made_and_compressed_all_the_same(redis_url: str) -> None:
    site = Site("redis://127.0.0.1:1")

    @site.app.get("/")
    @site.cache.cached()
    def home() -> str:
        return "x" * 1000

    site.serve()
    answer = site.app.test_client().get("/", headers={"Accept-Encoding": "br"})
    assert (answer.status_code, cache_of(answer)) == (200, "bypass redis")
    assert brotli.decompress(answer.data) == b"x" * 1000


def test_a_thousand_made_up_queries_are_one_entry(client: FlaskClient, redis_client: redis.Redis) -> None:
    client.get("/row/1")
    before = set(redis_client.scan_iter())
    for number in range(1000):
        client.get(f"/row/1?x={number}")
    assert set(redis_client.scan_iter()) <= before


def test_a_page_begun_without_redis_stores_none_of_its_parts(
    site: Site, client: FlaskClient, redis_client: redis.Redis
) -> None:
    """Redis comes back in the middle of a render, whose view of the data is older than that."""
    read = site.cache.memoize(300)(site.read)
    breaker = site.cache.engine.breaker

    @site.app.get("/parts")
    @site.cache.cached(timeout=300)
    def parts() -> str:
        first = read(1)
        breaker._retry_at = 0
        assert breaker.allows(), "Redis answers again"
        return f"{first.words} {read(2).words}"

    breaker.trip()
    breaker._retry_at = float("inf")
    assert cache_of(client.get("/parts")) == "bypass redis"
    assert not list(redis_client.scan_iter("flask_cache_*"))
    assert [cache_of(client.get("/parts")) for _ in range(2)] == ["miss", "hit redis"]


def test_a_key_reads_as_the_address_does(site: Site, client: FlaskClient, redis_client: redis.Redis) -> None:
    @site.app.get("/tags/<name>")
    @site.cache.cached(timeout=300)
    def tag(name: str) -> str:
        site.calls.append(name)
        return name

    client.get("/tags/日本")
    (key,) = redis_client.scan_iter("flask_cache_*")
    assert key == b"flask_cache_view//tags/%E6%97%A5%E6%9C%AC"
    assert site.cache.delete("view//tags/%E6%97%A5%E6%9C%AC")
    client.get("/tags/日本")
    assert site.calls == ["日本", "日本"]


def test_a_page_across_two_epochs_is_made_again(site: Site, client: FlaskClient, redis_client: redis.Redis) -> None:
    """Redis is emptied in the middle of a render: its numbers begin again, and must not be compared."""
    read = site.cache.memoize(300)(site.read)
    for _ in range(500):
        site.write(99, "x")
    renders: list[str] = []

    @site.app.get("/emptied")
    @site.cache.cached(timeout=300)
    def emptied() -> str:
        seen = site.table.get(1, "old")
        renders.append(seen)
        if len(renders) == 1:
            redis_client.flushall()
            site.write(1, "new")
            read(2)
        return f"{seen} {read(1).words[0]}"

    assert client.get("/emptied").data == b"new new"
    assert renders == ["old", "new"]
    assert client.get("/emptied").data == b"new new"
