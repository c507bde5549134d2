"""The examples of Flask-Caching's documentation (2.5), run on our Cache; where it differs by design, the test says so.

`docs/caching.md` lists the differences in a table.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask, abort, jsonify, render_template_string, request
from flask.testing import FlaskClient
from flask_caching import CachedResponse, make_template_fragment_key, signals
from flask_caching.backends.simplecache import SimpleCache

from application.caching import Cache
from tests.caching.conftest import Site

Count = Callable[[], int]


@pytest.fixture
def random() -> Count:
    """Stands for the examples' `random.randrange`: another number each time."""
    return itertools.count(1).__next__


@pytest.fixture
def client(site: Site) -> FlaskClient:
    site.serve()
    return site.app.test_client()


def names(redis_client: redis.Redis) -> set[str]:
    return {name.decode().removeprefix("flask_cache_") for name in redis_client.scan_iter("flask_cache_*")}


# Set up.


def test_a_cache_is_set_up_with_the_application_or_later(redis_url: str) -> None:
    config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url, "CACHE_DEFAULT_TIMEOUT": 300}
    at_once = Flask("at once")
    at_once.config.from_mapping(SECRET_KEY="x", **config)
    later = Flask("later")
    later.config.from_mapping(SECRET_KEY="x")
    for app, cache in ((at_once, Cache(at_once)), (later, Cache(config=config)), (later, Cache())):
        if cache.config is None:
            cache.init_app(app, config=config)
        elif app is later:
            cache.init_app(app)
        with app.app_context():
            assert cache.engine is not None
            assert cache.set("key", "value")
            assert cache.get("key") == "value"


def test_several_caches_of_one_application_have_settings_of_their_own(site: Site) -> None:
    other = Cache(config={"CACHE_TYPE": "SimpleCache"})
    other.init_app(site.app)
    site.cache.set("key", 1)
    other.set("key", 2)
    assert (site.cache.get("key"), other.get("key")) == (1, 2)
    assert (site.cache.engine is None, other.engine is None) == (False, True)


def test_the_server_is_named_by_single_settings_too(redis_url: str) -> None:
    host, port = redis_url.removeprefix("redis://").split(":")
    app = Flask("site")
    app.config.from_mapping(SECRET_KEY="x", CACHE_TYPE="RedisCache", CACHE_REDIS_HOST=host, CACHE_REDIS_PORT=int(port))
    cache = Cache(app, config={"CACHE_REDIS_DB": 3})
    with app.app_context(), redis.Redis(host=host, port=int(port), db=3) as client:
        assert cache.set("key", "value")
        assert client.exists("flask_cache_key")


class CustomBackend(SimpleCache):
    """A backend of one's own, named by its import path."""

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "CustomBackend":
        return cls(*args, **{**kwargs, "threshold": 7})


@pytest.mark.parametrize("path", ["CustomBackend", "custom_backend"])
def test_a_backend_of_one_s_own_is_named_by_its_import_path(site: Site, path: str, random: Count) -> None:
    cache = Cache(config={"CACHE_TYPE": f"{__name__}.{path}"})
    cache.init_app(site.app)

    @cache.memoize(50)
    def number() -> int:
        return random()

    assert isinstance(cache.cache, CustomBackend)
    assert (number(), number()) == (1, 1)


def custom_backend(app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> CustomBackend:
    return CustomBackend(*args, **kwargs)


# Caching view functions.


def test_a_view_is_cached_by_its_path(site: Site, client: FlaskClient, random: Count) -> None:
    @site.app.route("/")
    @site.cache.cached(timeout=50)
    def index() -> str:
        return render_template_string("{{ number }}", number=random())

    assert [client.get("/").text for _ in range(3)] == ["1"] * 3
    assert index.uncached() == "2"


def test_unless_true_when_it_is_made_keeps_a_page_out(site: Site, client: FlaskClient, random: Count) -> None:
    """By design: it is asked when a page is made, not of each reader, who is answered before Flask is entered."""
    skipped = [True]

    @site.app.route("/")
    @site.cache.cached(timeout=50, unless=lambda: skipped[0])
    def index() -> str:
        return str(random())

    assert [client.get("/").text for _ in range(2)] == ["1", "2"]
    skipped[0] = False
    assert [client.get("/").text for _ in range(2)] == ["3", "3"]
    skipped[0] = True
    assert client.get("/").text == "3"


def test_forced_update_has_no_say_on_a_page(site: Site, client: FlaskClient, random: Count) -> None:
    """By design: a page is forgotten by what it was made from."""

    @site.app.route("/")
    @site.cache.cached(timeout=50, forced_update=lambda: True, is_stale=lambda _: True)
    def index() -> str:
        return str(random())

    assert [client.get("/").text for _ in range(2)] == ["1", "1"]


def test_a_response_filter_decides_what_is_kept(site: Site, client: FlaskClient, random: Count) -> None:
    @site.app.route("/<word>")
    @site.cache.cached(timeout=50, response_filter=lambda answer: not answer.startswith("bad"))
    def show(word: str) -> str:
        return f"{word} {random()}"

    assert [client.get(path).text for path in ("/good", "/good", "/bad", "/bad")] == [
        "good 1",
        "good 1",
        "bad 2",
        "bad 3",
    ]


def test_the_order_of_query_arguments_makes_no_other_page(site: Site, client: FlaskClient, random: Count) -> None:
    @site.app.route("/works")
    @site.cache.cached(timeout=50, query_string=True)
    def works() -> str:
        return f"{sorted(request.args.items())} {random()}"

    first = client.get("/works?mock=true&limit=15").text
    assert client.get("/works?limit=15&mock=true").text == first
    assert client.get("/works?limit=20&mock=true").text != first
    assert site.cache.delete_cached(works, "/works", {"limit": 15, "mock": "true"})
    assert client.get("/works?limit=15&mock=true").text != first


def test_a_cached_view_is_deleted_by_path_or_by_the_values_in_it(
    site: Site, client: FlaskClient, random: Count
) -> None:
    @site.app.route("/works/<int:number>")
    @site.cache.cached(timeout=50)
    def work(number: int) -> str:
        return str(random())

    assert [client.get("/works/5").text for _ in range(2)] == ["1", "1"]
    assert site.cache.delete_cached(work, "/works/5")
    assert client.get("/works/5").text == "2"
    assert site.cache.delete_cached(work, number=5)
    assert client.get("/works/5").text == "3"
    assert site.cache.delete(work.make_cache_key(path="/works/5"))
    assert not site.cache.delete_cached(work, number=5)


def test_a_key_of_one_s_own_caches_a_post_too(site: Site, client: FlaskClient, random: Count) -> None:
    def make_key() -> str:
        return ",".join(f"{name}={value}" for name, value in request.get_json().items())

    @site.app.route("/hello", methods=["POST"])
    @site.cache.cached(timeout=60, make_cache_key=make_key)
    def some_func() -> dict[str, int]:
        return {"number": random()}

    def post(word: str) -> Any:
        return client.post("/hello", json={"word": word}).get_json()

    assert [post("a"), post("a"), post("b")] == [{"number": 1}, {"number": 1}, {"number": 2}]


def test_a_key_prefix_that_is_called_chooses_the_key(
    site: Site, client: FlaskClient, redis_client: redis.Redis, random: Count
) -> None:
    @site.app.route("/me")
    @site.cache.cached(timeout=50, key_prefix=lambda: f"profile/{request.args['user']}")
    def me() -> str:
        return f"{request.args['user']} {random()}"

    assert [client.get(f"/me?user={user}").text for user in ("ada", "ada", "grace")] == ["ada 1", "ada 1", "grace 2"]
    assert names(redis_client) == {"profile/ada", "profile/grace"}


def test_under_a_key_of_its_own_a_view_returns_json_s_own_types(site: Site, client: FlaskClient) -> None:
    """By design: a stored Response would be a pickle; one that sets cookies would reach strangers."""

    @site.app.route("/raw")
    @site.cache.cached(timeout=50, key_prefix="raw")
    def raw() -> Any:
        return jsonify(number=1)

    with pytest.raises(TypeError, match="unsupported"):
        client.get("/raw")


def test_a_response_may_choose_its_lifetime(
    site: Site, client: FlaskClient, redis_client: redis.Redis, random: Count
) -> None:
    @site.app.route("/")
    @site.cache.cached(timeout=50)
    def index() -> CachedResponse:
        return CachedResponse(response=site.app.make_response(str(random())), timeout=timedelta(seconds=600))

    assert [client.get("/").text for _ in range(2)] == ["1", "1"]
    assert 500 < redis_client.ttl("flask_cache_view//") <= 600  # type: ignore[operator]
    assert int(client.get("/").headers["Age"]) < 100


def test_an_aborted_view_is_not_kept(site: Site, client: FlaskClient, random: Count) -> None:
    """By design: only pages, and ways to where they are now, are for everybody; an error is the answer to one."""

    @site.app.route("/")
    @site.cache.cached(timeout=50)
    def index() -> str:
        abort(503, str(random()))

    assert [client.get("/").headers["X-Cache"] for _ in range(2)] == ["bypass status"] * 2


def test_a_generator_is_joined(site: Site, client: FlaskClient, random: Count) -> None:
    @site.app.route("/")
    @site.cache.cached(timeout=50)
    def index() -> Any:
        return (str(random()) for _ in range(2))

    @site.cache.memoize(50)
    def words() -> Any:
        yield from ("a", "b")

    assert [client.get("/").text for _ in range(2)] == ["12", "12"]
    assert [words(), words()] == ["ab", "ab"]


# Caching other functions.


def test_any_function_is_cached_under_a_key_prefix(site: Site, redis_client: redis.Redis, random: Count) -> None:
    @site.cache.cached(timeout=50, key_prefix="all_comments")
    def get_all_comments() -> list[int]:
        return [random()]

    assert (get_all_comments(), get_all_comments()) == ([1], [1])
    assert names(redis_client) == {"all_comments"}
    assert site.cache.delete("all_comments")
    assert get_all_comments() == [2]


def test_unless_and_forced_update_are_asked_of_each_call(site: Site, random: Count) -> None:
    asked: dict[str, bool] = {"unless": False, "forced": False}

    @site.cache.memoize(50, unless=lambda: asked["unless"], forced_update=lambda: asked["forced"])
    def number() -> int:
        return random()

    assert (number(), number()) == (1, 1)
    asked["unless"] = True
    assert number() == 2
    asked["unless"] = False
    assert number() == 1
    asked["forced"] = True
    assert number() == 3
    asked["forced"] = False
    assert number() == 3


def test_unless_is_told_the_function_and_its_arguments(site: Site, random: Count) -> None:
    @site.cache.memoize(50, unless=lambda _function, first, *_rest: first == 2)
    def number(first: int) -> int:
        return random()

    assert [number(1), number(1), number(2), number(2)] == [1, 1, 2, 3]


def test_a_stale_value_is_computed_again(site: Site, random: Count) -> None:
    @site.cache.memoize(50, is_stale=lambda value, least: value < least)
    def number(least: int) -> int:
        return random()

    assert [number(1), number(1)] == [1, 1]
    assert [number(3), number(3)] == [2, 3]


def test_none_is_cached_where_it_is_wanted(site: Site, random: Count) -> None:
    calls: list[int] = []

    @site.cache.memoize(50, cache_none=True)
    def wanted() -> None:
        calls.append(random())

    @site.cache.memoize(50)
    def unwanted() -> None:
        calls.append(random())

    wanted(), wanted(), unwanted(), unwanted()
    assert calls == [1, 2, 3]


@pytest.mark.parametrize(("timeout", "ttl"), [(timedelta(minutes=1), 60), (timedelta(milliseconds=500), 1), (7, 7)])
def test_a_lifetime_may_be_a_timedelta_and_is_rounded_up(
    site: Site, redis_client: redis.Redis, timeout: Any, ttl: int
) -> None:
    @site.cache.memoize(timeout)
    def value() -> int:
        return 1

    value()
    assert (ttl - 1) * 1000 < redis_client.pttl("flask_cache_value") <= ttl * 1000  # type: ignore[operator]


# Memoization.


def test_arguments_are_part_of_the_key_however_they_are_given(site: Site, random: Count) -> None:
    @site.cache.memoize(50)
    def big_foo(a: int, b: int = 2, *rest: int, **more: int) -> int:
        return random()

    assert [big_foo(5), big_foo(5, 2), big_foo(a=5, b=2), big_foo(b=2, a=5)] == [1] * 4
    assert [big_foo(5, 3), big_foo(5, 2, 1), big_foo(5, x=1, y=2), big_foo(5, y=2, x=1)] == [2, 3, 4, 4]
    assert [big_foo(True), big_foo(1)] == [5, 6]


def test_arguments_may_be_ignored(site: Site, random: Count) -> None:
    @site.cache.memoize(50, args_to_ignore=["b"])
    def big_foo(a: int, b: int) -> int:
        return random()

    assert [big_foo(5, 2), big_foo(5, 3), big_foo(6, 2)] == [1, 1, 2]


def test_a_name_may_be_made(site: Site, redis_client: redis.Redis, random: Count) -> None:
    @site.cache.memoize(50, make_name=lambda name: f"renamed_{name}")
    def big_foo() -> int:
        return random()

    big_foo()
    assert names(redis_client) == {"renamed_big_foo"}
    big_foo.delete_memoized()  # type: ignore[attr-defined]
    assert big_foo() == 2


def test_the_documented_attributes_are_there_and_may_be_set(
    site: Site, redis_client: redis.Redis, random: Count
) -> None:
    @site.cache.memoize(50)
    def big_foo(a: int) -> int:
        return random()

    decorated: Any = big_foo
    assert decorated.uncached(1) == 1
    assert decorated.make_cache_key(decorated.uncached, 5) == decorated.make_cache_key(5)
    decorated.cache_timeout = 500
    decorated.make_cache_key = lambda a: f"own/{a}"
    big_foo(5)
    assert names(redis_client) == {"own/5"}
    assert redis_client.ttl("flask_cache_own/5") > 400  # type: ignore[operator]


def test_methods_of_one_name_are_told_apart_by_their_class(site: Site, random: Count) -> None:
    class One:
        @site.cache.memoize(50)
        def add(self) -> int:
            return random()

        def __repr__(self) -> str:
            return "the same"

    class Other(One):
        @site.cache.memoize(50)
        def add(self) -> int:
            return random()

    assert [One().add(), Other().add(), One().add()] == [1, 2, 1]


def test_two_functions_of_one_name_are_refused(site: Site) -> None:
    def function(module: str) -> Callable[[], int]:
        def get_item() -> int:
            return 1

        get_item.__module__, get_item.__qualname__ = module, "get_item"
        return get_item

    site.cache.memoize(50)(function("one"))
    site.cache.memoize(50)(function("one"))
    with pytest.raises(ValueError, match=r"two\.get_item and one\.get_item are both cached as get_item"):
        site.cache.memoize(50)(function("two"))
    site.cache.memoize(50, make_name="two_{}".format)(function("two"))


# Deleting memoized results.


def test_all_results_of_a_function_or_one_of_them_are_deleted(site: Site, random: Count) -> None:
    @site.cache.memoize(50)
    def random_func() -> int:
        return random()

    @site.cache.memoize(50)
    def param_func(a: int, b: int) -> int:
        return random()

    assert [random_func(), random_func()] == [1, 1]
    site.cache.delete_memoized(random_func)
    assert random_func() == 2
    assert [param_func(1, 2), param_func(2, 2)] == [3, 4]
    site.cache.delete_memoized(param_func, 1, 2)
    assert [param_func(1, 2), param_func(2, 2)] == [5, 4]
    site.cache.delete_memoized(param_func, b=2, a=1)
    assert [param_func(1, 2), param_func(2, 2)] == [6, 4]
    site.cache.delete_memoized(param_func)
    assert [param_func(1, 2), param_func(2, 2)] == [7, 8]


def test_a_method_is_deleted_for_one_instance_or_for_all(site: Site, random: Count) -> None:
    class Adder:
        @site.cache.memoize(50)
        def add(self, b: int) -> int:
            return random()

    cache, one, two = site.cache, Adder(), Adder()
    assert [one.add(3), two.add(3), one.add(3)] == [1, 2, 1]
    cache.delete_memoized(one.add)
    assert [one.add(3), two.add(3)] == [3, 2]
    cache.delete_memoized(Adder.add)
    assert [one.add(3), two.add(3)] == [4, 5]
    one.add(4)
    cache.delete_memoized(one.add, 3)
    assert [one.add(3), one.add(4), two.add(3)] == [7, 6, 5]
    cache.delete_memoized(one.add, one, 3)
    assert [one.add(3), two.add(3)] == [8, 5]
    cache.delete_memoized(Adder.add, one, 3)
    assert [one.add(3), two.add(3)] == [9, 5]


def test_an_instance_says_what_it_is_known_by(site: Site, random: Count) -> None:
    class User:
        def __init__(self, number: int) -> None:
            self.number = number

        def __caching_id__(self) -> int:
            return self.number

        @site.cache.memoize(50)
        def name(self) -> int:
            return random()

    assert [User(1).name(), User(1).name(), User(2).name()] == [1, 1, 2]
    site.cache.delete_memoized(User(1).name)
    assert [User(1).name(), User(2).name()] == [3, 2]


def test_a_class_method_is_deleted_for_its_class(site: Site, random: Count) -> None:
    class Mock:
        @classmethod
        @site.cache.memoize(50)
        def big_foo(cls, a: int) -> int:
            return random()

    class Heir(Mock):
        pass

    assert [Mock.big_foo(5), Mock.big_foo(5), Heir.big_foo(5)] == [1, 1, 2]
    site.cache.delete_memoized(Mock.big_foo, Mock, 5)
    assert [Mock.big_foo(5), Heir.big_foo(5)] == [3, 2]
    site.cache.delete_memoized(Mock.big_foo)
    assert [Mock.big_foo(5), Heir.big_foo(5)] == [4, 5]


def test_deleting_the_version_hash_forgets_and_leaves_no_key_behind(
    site: Site, redis_client: redis.Redis, random: Count
) -> None:
    """By design there are no version keys: what is forgotten is gone from Redis."""

    @site.cache.memoize(50)
    def big_foo(a: int) -> int:
        return random()

    big_foo(1), big_foo(2)
    assert names(redis_client) == {"big_foo(a=1)", "big_foo(a=2)"}
    site.cache.delete_memoized_verhash(big_foo)
    assert names(redis_client) == set()
    assert big_foo(1) == 3
    for forget in (site.cache.delete_memoized, site.cache.delete_memoized_verhash):
        with pytest.raises(TypeError):
            forget("big_foo")


# Fragments of templates.


@pytest.fixture
def show(site: Site, random: Count) -> Callable[..., str]:
    def show(template: str, **more: object) -> str:
        with site.app.test_request_context():
            return render_template_string(template, random=random, **more)

    return show


def test_a_fragment_is_cached_for_its_time_and_by_what_it_varies_on(show, redis_client: redis.Redis) -> None:
    template = '{% cache 60*5, "fragment1", name %}{{ random() }}{% endcache %}'
    assert [show(template, name="a"), show(template, name="a"), show(template, name="b")] == ["1", "1", "2"]
    assert 200 < redis_client.ttl("flask_cache_fragment/fragment1/a") <= 300  # type: ignore[operator]


def test_a_fragment_without_a_name_has_that_of_its_place(show) -> None:
    template = "{% cache 50 %}{{ random() }}{% endcache %}\n{% cache 50 %}{{ random() }}{% endcache %}"
    assert [show(template), show(template)] == ["1\n2", "1\n2"]


def test_a_fragment_may_live_by_default_and_be_deleted_in_a_template(show, redis_client: redis.Redis) -> None:
    template = '{% cache None, "key" %}{{ random() }}{% endcache %}'
    assert [show(template), show(template)] == ["1", "1"]
    assert redis_client.ttl("flask_cache_fragment/key") > 200  # type: ignore[operator]
    assert show('{% cache "del", "key" %}{{ random() }}{% endcache %}') == "2"
    assert show(template) == "3"


def test_a_fragment_is_deleted_by_the_key_that_flask_caching_makes(site: Site, show) -> None:
    template = '{% cache 50, "key1", one, 3 %}{{ random() }}{% endcache %}'
    assert [show(template, one="key2"), show(template, one="other")] == ["1", "2"]
    assert site.cache.delete(make_template_fragment_key("key1", vary_on=["key2", "3"]))
    assert [show(template, one="key2"), show(template, one="other")] == ["3", "2"]


# Values set by hand.


def test_values_are_set_and_got_one_by_one_or_many(site: Site, redis_client: redis.Redis) -> None:
    cache = site.cache
    assert cache.set("foo", "bar")
    assert cache.has("foo")
    assert cache.get("foo") == "bar"
    assert not cache.add("foo", "other")
    assert cache.add("fresh", [1, 2.5, None, {"a": True}])
    assert cache.get("fresh") == [1, 2.5, None, {"a": True}]
    assert set(cache.set_many({"one": 1, "two": 2}, timeout=5)) == {"one", "two"}
    assert redis_client.ttl("flask_cache_one") <= 5  # type: ignore[operator]
    assert cache.get_many("one", "two", "three") == [1, 2, None]
    assert cache.get_dict("one", "two") == {"one": 1, "two": 2}
    assert cache.delete("foo")
    assert not cache.delete("foo")
    assert cache.delete_many("one", "three") == ["one"]
    assert cache.unlink("two") == ["two"]
    assert cache.clear()
    assert names(redis_client) == set()


def test_a_lifetime_of_zero_has_no_end(site: Site, redis_client: redis.Redis) -> None:
    site.cache.set("forever", 1, timeout=0)
    assert redis_client.ttl("flask_cache_forever") > 10 * 360 * 86_400  # type: ignore[operator]


def test_clearing_leaves_what_is_not_the_cache_s(site: Site, redis_client: redis.Redis) -> None:
    redis_client.set("another's", 1)
    site.cache.set("foo", "bar")
    site.cache.clear()
    assert redis_client.get("another's") == b"1"


def test_what_json_cannot_give_back_is_refused(site: Site) -> None:
    """By design: values are typed, signed JSON, never pickles."""
    with pytest.raises(TypeError):
        site.cache.set("object", object())


# Signals.


def test_hits_and_misses_of_functions_are_signalled_with_their_arguments(site: Site) -> None:
    @site.cache.memoize(50)
    def big_foo(a: int, b: int) -> int:
        return a + b

    @site.cache.cached(50, key_prefix="list")
    def get_list() -> list[int]:
        return [1]

    told: list[tuple[str, dict[str, Any]]] = []

    def note(name: str) -> Callable[..., None]:
        def receive(_sender: object, **facts: Any) -> None:
            told.append((name, facts))

        return receive

    with (
        signals.cache_memoize_miss.connected_to(note("miss")),
        signals.cache_memoize_hit.connected_to(note("hit")),
        signals.cache_view_miss.connected_to(note("view miss")),
        signals.cache_view_hit.connected_to(note("view hit")),
    ):
        big_foo(1, b=2), big_foo(1, 2), get_list(), get_list()
    assert [name for name, _ in told] == ["miss", "hit", "view miss", "view hit"]
    assert told[0][1] == {
        "cache": site.cache,
        "cache_key": "big_foo(a=1,b=2)",
        "f": big_foo.uncached,  # type: ignore[attr-defined]
        "args": (1,),
        "kwargs": {"b": 2},
    }
    assert told[2][1] == {"cache": site.cache, "cache_key": "list", "args": (), "kwargs": {}}
