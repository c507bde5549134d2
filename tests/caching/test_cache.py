"""Cached functions: readable keys, typed values, exact invalidation, no resurrection."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import unquote

import pytest
import redis
from flask_caching.signals import cache_memoize_hit, cache_memoize_miss

from application.caching.codec import UncacheableError
from application.caching.keys import page_address, page_key, shorten
from tests.caching.conftest import Record, Site


def test_a_memoized_function_is_computed_once_for_each_argument(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)
    assert [read(1), read(1), read(2)] == [Record(1, ("",)), Record(1, ("",)), Record(2, ("",))]
    assert site.calls == [1, 2]


def test_a_write_is_seen_by_the_next_read_and_leaves_the_rest_alone(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1), read(2)
    site.write(1, "new")
    assert (read(1).words, read(2).words) == (("new",), ("",))
    assert site.calls == [1, 2, 1]


def test_a_value_inherits_what_its_parts_were_made_from(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)

    @site.cache.cached(timeout=50, key_prefix="both")
    def both() -> tuple[Record, ...]:
        return (read(1), read(2))

    read(1)
    both()
    site.write(1, "new")
    assert both()[0].words == ("new",)
    site.write(2, "newer")
    assert [record.words for record in both()] == [("new",), ("newer",)]


def test_a_slow_computation_cannot_overwrite_what_came_after_it(site: Site) -> None:
    started, may_end = threading.Event(), threading.Event()

    @site.cache.memoize(50)
    def slow(number: int) -> Record:
        record = site.read(number)
        if len(site.calls) == 1:
            started.set()
            assert may_end.wait(10)
        return record

    def run() -> None:
        with site.app.app_context():
            answers.append(slow(1))

    answers: list[Record] = []
    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    site.write(1, "new")
    may_end.set()
    thread.join(10)
    assert slow(1).words == ("new",)
    assert answers[0].words == ("new",), "an answer overtaken by a write is made again"


def test_a_value_overtaken_again_and_again_is_answered_and_not_stored(site: Site) -> None:
    @site.cache.memoize(50)
    def restless(number: int) -> Record:
        record = site.read(number)
        site.write(number, f"write {len(site.calls)}")
        return record

    restless(1)
    assert len(site.calls) == 3
    assert site.cache.get("restless(number=1)") is None


def test_keys_read_like_calls_and_values_like_json(site: Site, redis_client: redis.Redis) -> None:
    @site.cache.memoize(50)
    def get_by(user_name: str, before: str | None = None) -> Record:
        return site.read(1)

    get_by("ada lovelace"), get_by("jürgen", before="x"), get_by("12")
    names = {name.decode() for name in redis_client.scan_iter("flask_cache_*")}
    assert names == {
        "flask_cache_get_by(user_name=ada lovelace)",
        "flask_cache_get_by(user_name=j%C3%BCrgen,before=x)",
        "flask_cache_get_by(user_name='12')",
    }
    raw = redis_client.get("flask_cache_get_by(user_name=ada lovelace)")
    assert json.loads(raw)["value"] == {"number": 1, "words": [""]}
    assert 45 < redis_client.ttl("flask_cache_get_by(user_name=ada lovelace)") <= 50


def test_a_long_key_is_cut_and_stays_unique(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)
    long = [read.make_cache_key("x" * 300), read.make_cache_key("x" * 299 + "y")]
    assert long[0] != long[1]
    assert all(len(key) <= 200 for key in long)


def test_nothing_is_spelled_like_another_s_cut_key() -> None:
    title = "abcd-это-довольно-длинное-русское-название-статьи-о-кэше-и-о-редисе"
    for path in (f"/articles/{title}", f"/articles/{'x' * 300}"):
        cut = page_key(path, {})
        assert len(cut) <= 200
        literal = unquote(cut.removeprefix("view/"))
        assert page_key(literal, {}) != cut
        assert page_address(cut) is None
    assert shorten(shorten("x" * 300)) != shorten("x" * 300)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-10],
        lambda raw: raw.replace(b'"number":1', b'"number":2'),
        lambda _: b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins.",
        lambda _: b"",
        lambda _: b"{}",
    ],
)
def test_a_value_that_is_not_ours_is_computed_again(site: Site, redis_client: redis.Redis, damage) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1)
    key = "flask_cache_read(number=1)"
    redis_client.set(key, damage(redis_client.get(key)))
    assert read(1) == Record(1, ("",))
    assert site.calls == [1, 1]
    assert site.cache.engine.rejected == 1


def test_a_value_moved_to_another_key_is_rejected(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1)
    redis_client.copy("flask_cache_read(number=1)", "flask_cache_read(number=2)")
    assert read(2).number == 2


def test_a_value_that_would_come_back_changed_is_refused_while_testing(site: Site) -> None:
    @site.cache.memoize(50)
    def pair():
        return ("x", 404)

    with pytest.raises(UncacheableError):
        pair()
    site.app.testing = False
    assert pair() == ("x", 404)
    assert pair() == ("x", 404), "in production it is answered and not stored"


def test_none_is_not_stored_unless_asked_for(site: Site) -> None:
    @site.cache.memoize(50)
    def nothing() -> str | None:
        site.calls.append("nothing")
        return None

    @site.cache.memoize(50, cache_none=True)
    def known_nothing() -> str | None:
        site.calls.append("known")
        return None

    nothing(), nothing(), known_nothing(), known_nothing()
    assert site.calls == ["nothing", "nothing", "known"]


def test_delete_memoized_forgets_one_call_or_all(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1), read(2)
    site.cache.delete_memoized(read, 1)
    read(1), read(2)
    assert site.calls == [1, 2, 1]
    site.cache.delete_memoized(read)
    read(1), read(2)
    assert site.calls == [1, 2, 1, 1, 2]


def test_the_documented_questions_are_asked(site: Site) -> None:
    forced = False

    @site.cache.memoize(
        50, unless=lambda: bool(site.table), forced_update=lambda: forced, response_filter=lambda r: r > 1
    )
    def count() -> int:
        site.calls.append("count")
        return len(site.calls)

    assert [count(), count(), count()] == [1, 2, 2]
    forced = True
    assert count() == 3
    forced = False
    site.table[1] = "x"
    assert [count(), count()] == [4, 5]


def test_hits_and_misses_are_signalled(site: Site) -> None:
    heard: list[str] = []

    def on_hit(*_args: object, **_rest: object) -> None:
        heard.append("hit")

    def on_miss(*_args: object, **_rest: object) -> None:
        heard.append("miss")

    read = site.cache.memoize(50)(site.read)
    with cache_memoize_hit.connected_to(on_hit), cache_memoize_miss.connected_to(on_miss):
        read(1), read(1)
    assert heard == ["miss", "hit"]


def test_a_tag_that_lists_too_many_keys_forgets_everything(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.caching.store.KEYS_PER_TAG", 3)

    @site.cache.memoize(50)
    def wide(number: int) -> int:
        site.calls.append(number)
        site.cache.depends_on("everything")
        return number

    for number in range(5):
        wide(number)
    assert site.cache.invalidate(["everything"])
    for number in range(5):
        wide(number)
    assert site.calls == [0, 1, 2, 3, 4] * 2


def test_trimmed_memory_of_tags_refuses_what_it_cannot_judge(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.caching.store.TAGS_REMEMBERED", 2)

    @site.cache.memoize(50)
    def slow(number: int) -> Record:
        record = site.read(number)
        if len(site.calls) == 1:
            site.write(1, "new")
            for other in range(10, 14):
                site.write(other, "x")
        return record

    assert slow(1).words == ("new",)
    assert slow(1).words == ("new",)


def test_a_fragment_is_cached_with_what_it_shows(site: Site) -> None:
    template = site.app.jinja_env.from_string(
        "{% cache 60, 'card', n %}<p>{{ count() }} {{ r.words[0] }}</p>{% endcache %}"
    )
    read = site.cache.memoize(50)(site.read)

    @site.cache.memoize(50)
    def page(number: int) -> str:
        record = read(number)

        def count() -> str:
            site.calls.append("fragment")
            return "made"

        return template.render(n=number, r=record, count=count)

    assert page(1) == "<p>made </p>"
    site.cache.delete_memoized(page, 1)
    assert page(1) == "<p>made </p>"
    assert site.calls.count("fragment") == 1
    site.write(1, "new")
    assert page(1) == "<p>made new</p>"
    assert site.calls.count("fragment") == 2


@pytest.mark.parametrize("cache_type", ["SimpleCache", "NullCache"])
def test_another_cache_type_still_works(redis_url: str, cache_type: str) -> None:
    site = Site(redis_url, CACHE_TYPE=cache_type, CACHE_NO_NULL_WARNING=True)
    with site.app.app_context():
        read = site.cache.memoize(50)(site.read)
        assert read(1) == read(1)
        assert len(site.calls) == (1 if cache_type == "SimpleCache" else 2)
        site.write(1, "new")
        assert read(1).words == ("new",)


def test_a_cleared_cache_fills_again(site: Site) -> None:
    read = site.cache.memoize(50)(site.read)
    site.write(1, "new")
    read(1)
    assert site.cache.clear()
    assert [read(1).words, read(1).words] == [("new",), ("new",)]
    assert site.calls == [1, 1]


def test_keywords_of_any_spelling_have_keys_of_their_own(site: Site) -> None:
    calls = []

    @site.cache.memoize(50)
    def odd(**rest: int) -> int:
        calls.append(rest)
        return len(calls)

    ways: list[dict[str, int]] = [{"a": 1, "b": 2}, {"a=1,b": 2}, {"a%3D1,b": 2}, {"é": 1}]
    assert [odd(**named) for named in ways] == [1, 2, 3, 4]
    assert [odd(**named) for named in ways] == [1, 2, 3, 4]


def test_lifetimes_of_any_kind_are_read_alike(site: Site) -> None:
    assert site.cache.set("part", 1, timeout=1.5)
    assert site.cache.set("delta", 1, timeout=timedelta(seconds=1.5))
    assert (site.cache.get("part"), site.cache.get("delta")) == (1, 1)


def test_what_is_not_believed_is_no_value_that_is_there(site: Site, redis_client: redis.Redis) -> None:
    backend = site.cache.engine
    assert backend is not None
    redis_client.set("flask_cache_once", "foreign")
    assert [backend.add("once", 1), backend.add("once", 2), backend.get("once")] == [True, False, 1]


def test_one_of_two_who_add_at_once_does(site: Site) -> None:
    backend, barrier = site.cache.engine, threading.Barrier(2)
    assert backend is not None

    def add(value: int) -> bool:
        barrier.wait(20)
        return backend.add("once", value)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            backend.delete("once")
            assert sorted(threads.map(add, [1, 2])) == [False, True]
