"""The cache on the console: what it earns, its keys, one of them, and what was forgotten by which write."""

import msgspec
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from application.caching import walking, written_by
from application.caching.codec import Seal
from application.caching.purges import latest
from application.caching.reporting import Reporter
from application.data.errors import DatabaseBusy
from application.data.models import AuditEntry
from application.data.operations import forgetting
from application.extensions import cache, db
from application.measuring.figures import Part, Taken
from application.measuring.windows import WINDOWS
from tests.controller.console.test_performance import cells
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user

MS = 1_000_000
KEY = "view//articles_by/ada"


@pytest.fixture
def page(client: FlaskClient, operator: FlaskClient) -> str:
    """A page in the cache, and its name in Redis."""
    make_article(make_user("ada", "author"))
    client.get("/articles_by/ada")
    return f"flask_cache_{KEY}"


def tell(app: Flask, **parts: tuple[int, int]) -> None:
    taken = {(kind.replace("_", "-"), "dear"): Part(calls, ms * MS, ms * MS) for kind, (calls, ms) in parts.items()}
    assert app.extensions[WINDOWS].tell(Taken({}, taken), lambda call: call())


def read(operator: FlaskClient, address: str, status: int = 200) -> str:
    answer = operator.get(address)
    assert answer.status_code == status, answer.text
    assert Markup(answer.text).faults == []
    return answer.text


def way_to(shown: str, start: str) -> str:
    (way,) = (link["href"] for link in Markup(shown).all("a") if link["href"].startswith(start))
    return str(way)


def log() -> list[tuple[str, str, str]]:
    db.session.rollback()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.deed == "cache purged"))
    return [(entry.user_name, entry.subject, entry.details["why"]) for entry in entries]


# What it earns.


def test_what_each_cache_earns_is_told_and_what_is_not_worth_it(app: Flask, operator: FlaskClient) -> None:
    tell(app, cached=(100, 900), made=(50, 100))
    shown = read(operator, "/console/cache")
    row = next(row for row in shown.split("<tr>") if "<bdi>dear</bdi>" in row)
    assert 'class="verdict bad">not worth it<' in row
    assert "looking up costs more than it saves" in row
    assert "50.0 %" in row
    assert "2.000" in row
    assert "ms an hour" in shown
    assert "−" in row
    assert "8,000.0" in row
    assert "dear" in read(operator, "/console/cache?window=day")
    read(operator, "/console/cache?window=year", 400)


def test_the_tiers_are_counted_by_family(page: str, operator: FlaskClient, client: FlaskClient) -> None:
    client.get("/articles_by/ada")
    assert cache.engine is not None
    Reporter(cache.engine).tell()
    shown = read(operator, "/console/cache")
    assert cells(shown.replace("<bdi>", "").replace("</bdi>", ""), "/articles_by/…")[0] != "–"
    assert "In their own memory the web workers hold" in shown


def test_before_anything_is_cached_it_says_so(operator: FlaskClient, redis_client: redis.Redis) -> None:
    redis_client.flushall()
    shown = read(operator, "/console/cache")
    assert "Nothing is cached, and nothing was asked for in the last hour" in shown
    assert "Nothing was forgotten in the last seven days" in shown
    assert "The cache is empty" in read(operator, "/console/cache/keys")


# Keys.


def test_keys_are_listed_with_what_they_were_made_from(page: str, operator: FlaskClient) -> None:
    shown = read(operator, "/console/cache/keys?filter=articles_by")
    assert f"<bdi>{KEY}</bdi>" in shown
    assert "keys match" in shown
    assert "author/" in shown or "many tags" in shown
    assert "No key matches “<bdi>&lt;b&gt;</bdi>”" in read(operator, "/console/cache/keys?filter=<b>")


def test_a_long_walk_is_gone_in_parts(
    page: str, operator: FlaskClient, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_client.mset({f"flask_cache_made_up({number})": "x" for number in range(500)})
    monkeypatch.setattr(walking, "STEPS", 1)
    monkeypatch.setattr(walking, "AT_ONCE", 20)
    address, walks = "/console/cache/keys?filter=made_up", 0
    while address:
        shown, walks = read(operator, address), walks + 1
        links = [one["href"] for tag, one in Markup(shown).elements if tag == "a" and one.get("rel") == "next"]
        address = links[0] if links else ""
    assert walks > 3
    read(operator, "/console/cache/keys?from=-1", 400)
    read(operator, "/console/cache/keys?from=x", 400)


def test_one_key_shows_its_facts_and_its_value(page: str, operator: FlaskClient, redis_client: redis.Redis) -> None:
    shown = read(operator, f"/console/cache/key?name={KEY}")
    assert "<dt>Believed</dt><dd>yes</dd>" in shown
    assert "<dt>Status</dt><dd>200 OK</dd>" in shown
    assert "&lt;!doctype html&gt;" in shown.lower()
    redis_client.set("flask_cache_foreign", b"<script>\xff")
    shown = read(operator, "/console/cache/key?name=flask_cache_foreign")
    assert "no: not signed by this site for this key" in shown
    assert "&lt;script&gt;\\xff" in shown
    assert "Nothing is cached under this name" in read(operator, "/console/cache/key?name=nothing", 404)
    assert "The address names no key" in read(operator, "/console/cache/key")


def test_a_key_with_controls_is_shown_and_forgotten(operator: FlaskClient, redis_client: redis.Redis) -> None:
    redis_client.set("flask_cache_view//planted\x1b[31m<b>", "x")
    listed = Markup(read(operator, "/console/cache/keys?filter=planted"))
    (way,) = (link["href"] for link in listed.all("a") if link["href"].startswith("/console/cache/key?"))
    shown = Markup(read(operator, way))
    (way,) = (link["href"] for link in shown.all("a") if link["href"].startswith("/console/cache/forget?key="))
    asked = read(operator, way)
    assert "One key goes now" in asked
    assert "\x1b" not in asked
    form = {"key": Markup(asked).value("key"), "why": "A test."}
    assert operator.post("/console/cache/forget", data=form).status_code == 303
    assert not redis_client.exists("flask_cache_view//planted\x1b[31m<b>")
    assert log() == [("root", "key/view//planted\\x1b[31m<b>", "A test.")]


# Forgetting.


def test_a_key_is_forgotten_with_who_and_why(page: str, operator: FlaskClient, redis_client: redis.Redis) -> None:
    asked = read(operator, f"/console/cache/forget?key={KEY}")
    assert "Forget this key?" in asked
    assert redis_client.exists(page)
    done = operator.post("/console/cache/forget", data={"key": KEY, "why": "It shows an old name."})
    assert (done.status_code, done.location) == (303, "/console/cache/purges")
    assert not redis_client.exists(page)
    assert log() == [("root", f"key/{KEY}", "It shows an old name.")]
    shown = read(operator, "/console/cache/purges")
    assert "One key went." in shown
    assert "POST /console/cache/forget" in shown


def test_what_was_made_from_tags_is_forgotten(page: str, operator: FlaskClient, redis_client: redis.Redis) -> None:
    asked = read(operator, "/console/cache/forget?tag=fn/get_articles_by_username&tag=nothing")
    assert "get_articles_by_username(user_name=ada)" in asked
    form = {"tag": ["fn/get_articles_by_username", "nothing"], "why": "A test."}
    assert operator.post("/console/cache/forget", data=form).status_code == 303
    assert not redis_client.exists(page)
    assert log() == [("root", "fn/get_articles_by_username, nothing", "A test.")]


def test_everything_is_forgotten_only_when_that_is_said(
    page: str, operator: FlaskClient, redis_client: redis.Redis
) -> None:
    assert "Forget everything?" in read(operator, "/console/cache/forget?what=everything")
    for nothing in ({"why": "x"}, {"why": "x", "tag": " "}, {"why": "x", "key": ""}):
        assert operator.post("/console/cache/forget", data=nothing).status_code == 400
    assert redis_client.exists(page)
    form = {"what": "everything", "why": "A new look."}
    assert operator.post("/console/cache/forget", data=form).status_code == 303
    assert not redis_client.exists(page)
    assert log() == [("root", "everything", "A new look.")]
    assert latest(redis_client)[0].everything


@pytest.mark.parametrize("why", ["", "   ", "x" * 301, "a\u202eb"])
def test_without_a_reason_nothing_is_forgotten(
    page: str, operator: FlaskClient, redis_client: redis.Redis, why: str
) -> None:
    answer = operator.post("/console/cache/forget", data={"key": KEY, "why": why})
    assert answer.status_code == 422
    assert Markup(answer.text).faults == []
    assert f'name="key" value="{KEY}"' in answer.text
    assert redis_client.exists(page)
    assert log() == []


def test_a_reason_is_one_line(page: str, operator: FlaskClient) -> None:
    operator.post("/console/cache/forget", data={"key": KEY, "why": "two\r\n lines\n"})
    assert log() == [("root", f"key/{KEY}", "two lines")]


@pytest.mark.parametrize("tag", ["x" * 301, "a\x1bb"])
def test_what_is_no_tag_is_refused(operator: FlaskClient, tag: str) -> None:
    assert operator.get("/console/cache/forget", query_string={"tag": tag}).status_code == 400
    assert operator.get("/console/cache/forget", query_string={"tag": [f"t{n}" for n in range(21)]}).status_code == 400
    assert operator.get("/console/cache/forget").status_code == 400


def test_when_redis_does_not_take_it_nothing_is_claimed(page: str, operator: FlaskClient) -> None:
    assert cache.engine is not None
    urgent = cache.engine._invalidate.registered_client
    cache.engine._invalidate.registered_client = redis.Redis(port=1)
    try:
        answer = operator.post("/console/cache/forget", data={"key": KEY, "why": "A test."})
    finally:
        cache.engine._invalidate.registered_client = urgent
    assert answer.status_code == 503
    assert "nothing is certain to be forgotten" in answer.text
    assert 'value="A test."' in answer.text
    assert "cache not purged" in read(operator, "/desk/log")


def test_a_key_of_another_release_is_told_and_forgotten(
    app: Flask, page: str, operator: FlaskClient, redis_client: redis.Redis
) -> None:
    seal, other = Seal(app.config["SECRET_KEY"], "older"), f"flask_cache_@older/{KEY}"
    entry = seal.verified(KEY, redis_client.hget(f"flask_cache_{KEY}", "page"))
    redis_client.copy(f"flask_cache_{KEY}", other)
    redis_client.hset(other, "page", seal.close(KEY, msgspec.structs.replace(entry, release="older")))
    listed = read(operator, "/console/cache/keys?filter=@older/view")
    assert "1 key matches" in listed
    assert "of another release" in listed
    shown = read(operator, way_to(listed, "/console/cache/key?"))
    assert "no: of another release, older" in shown
    page_of_asking = read(operator, way_to(shown, "/console/cache/forget?key="))
    assert "what this release has under the same key" in page_of_asking
    asked = Markup(page_of_asking)
    assert asked.value("key") == f"@older/{KEY}"
    form = {"key": asked.value("key"), "why": "A test."}
    assert operator.post("/console/cache/forget", data=form).status_code == 303
    assert not redis_client.exists(other, f"flask_cache_{KEY}")


def test_what_cannot_be_logged_is_not_forgotten(
    page: str, operator: FlaskClient, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(forgetting, "record", refuse)
    for asked in ({"key": KEY}, {"what": "everything"}):
        answer = operator.post("/console/cache/forget", data={**asked, "why": "A test."})
        assert answer.status_code == 503
        assert "too busy to write this into the log" in answer.text
        assert 'value="A test."' in answer.text
    assert redis_client.exists(f"flask_cache_{KEY}")


# What was forgotten.


def test_purges_are_told_with_their_writers(app: Flask, operator: FlaskClient) -> None:
    with written_by("POST /articles/<slug>/edit"):
        cache.invalidate({"card/1", "<script>"}, "withdrawn")
        cache.invalidate({"card/1"}, "withdrawn")
    shown = read(operator, "/console/cache/purges")
    assert "POST /articles/&lt;slug&gt;/edit" in shown
    assert "2 times in " in shown
    assert "&lt;script&gt;" in shown
    assert "card/1" in read(operator, "/console/cache")


def test_a_write_is_named_by_its_route(operator: FlaskClient) -> None:
    published = operator.post("/create_article", data={"title": "New", "content": "Words.", "do": "publish"})
    assert published.status_code == 303
    shown = read(operator, "/console/cache/purges")
    assert "POST /create_article" in shown
    assert "articles/latest" in shown
