"""Two releases on one Redis: neither takes the other's values away, and a change reaches both."""

import threading
from collections.abc import Callable

import pytest
import redis
from flask.testing import FlaskClient

from application.caching import PAGES, cooled, keep_warm, refill_cold
from application.caching.leases import Grant, Lease
from application.caching.releases import MOST, RELEASES, SILENT_MS
from application.caching.reporting import Reporter
from tests.caching.conftest import Record, Site
from tests.caching.test_command import runner
from tests.caching.test_tiers import Worker, eventually, outcome, server

__all__ = ["server"]

DAY_MS = 86_400_000


class Deployed(Site):
    """A process of one release, alive from now on; it has a function and a page."""

    def __init__(self, redis_url: str, release: str, table: dict[int, str] | None = None) -> None:
        address = f"{redis_url}/0?socket_timeout=10"
        super().__init__(redis_url, CACHE_RELEASE=release, CACHE_REDIS_URL=address, PROPAGATE_EXCEPTIONS=False)
        self.table = {} if table is None else table
        self.broken = False
        self._add_view()
        self.serve()
        self.client: FlaskClient = self.app.test_client()
        self.row = self.cache.memoize(50)(self._row)
        with self.app.app_context():
            self.engine = self.cache.engine
            assert self.engine.breaker.allows()
        self.engine.releases.announces = True
        self.look()

    def _row(self, number: int) -> Record:
        return self.read(number)

    def _add_view(self) -> None:
        @self.app.get("/row/<int:number>")
        @self.cache.cached(timeout=50)
        def row(number: int) -> str:
            if self.broken:
                raise RuntimeError("made up")
            return self.row(number).words[0] + " " * 2000

    def look(self) -> str:
        """Tell that it is alive, as it does every few seconds; returns what its values are called by now."""
        self.engine.releases.look()
        return self.engine.names.prefix

    def word(self, number: int = 1) -> str:
        with self.app.app_context():
            return self.row(number).words[0]

    def page(self) -> tuple[str, str]:
        answer = self.client.get("/row/1")
        return answer.text.strip(), outcome(answer)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        return runner(self)(*arguments)


@pytest.fixture
def old(redis_url: str) -> Deployed:
    return Deployed(redis_url, "1", {1: "as it was"})


@pytest.fixture
def new(redis_url: str, old: Deployed) -> Deployed:
    made = Deployed(redis_url, "2", old.table)
    assert old.look() == "flask_cache_@1/"
    return made


def values(redis_client: redis.Redis) -> set[str]:
    return {name.decode() for name in redis_client.scan_iter("flask_cache_*")}


def silence(redis_client: redis.Redis, release: str) -> None:
    """Have a release be heard of for the last time as long ago as makes it silent."""
    began, heard = redis_client.hget(RELEASES, f"@{release}/").split()
    redis_client.hset(RELEASES, f"@{release}/", b"%s %d" % (began, int(heard) - SILENT_MS))


def test_each_release_keeps_its_own_page_and_values(old: Deployed, new: Deployed, redis_client: redis.Redis) -> None:
    for turn in ("miss", "hit redis", "hit redis"):
        assert (old.page(), new.page()) == (("as it was", turn), ("as it was", turn))
        assert (old.word(), new.word()) == ("as it was", "as it was")
    assert (old.calls, new.calls) == ([1], [1])
    assert values(redis_client) == {
        "flask_cache_view//row/1",
        "flask_cache__row(number=1)",
        "flask_cache_@1/view//row/1",
        "flask_cache_@1/_row(number=1)",
    }


def test_one_release_alone_has_the_names_of_always(old: Deployed, redis_client: redis.Redis) -> None:
    old.page()
    assert values(redis_client) == {"flask_cache_view//row/1", "flask_cache__row(number=1)"}


def forget_the_row(site: Deployed) -> None:
    assert site.cache.invalidate(["row/1"])


def forget_the_function(site: Deployed) -> None:
    site.cache.delete_memoized(site.row)
    site.cache.delete("view//row/1")


def forget_one_result(site: Deployed) -> None:
    site.cache.delete_memoized(site.row, 1)
    site.cache.delete("view//row/1")


def forget_by_key(site: Deployed) -> None:
    assert site.cache.delete("_row(number=1)")
    assert site.cache.delete("view//row/1")


def forget_everything(site: Deployed) -> None:
    assert site.cache.clear()


@pytest.mark.parametrize(
    "forget",
    [forget_the_row, forget_the_function, forget_one_result, forget_by_key, forget_everything],
    ids=lambda forget: str(forget.__name__),
)
@pytest.mark.parametrize("by_the_new", [False, True])
def test_an_edit_by_one_release_is_seen_at_once_by_the_other(
    old: Deployed, new: Deployed, forget: Callable[[Deployed], None], by_the_new: bool
) -> None:
    writer = new if by_the_new else old
    old.page(), new.page()
    for word in ("first", "second"):
        old.table[1] = word
        with writer.app.app_context():
            forget(writer)
        for _ in range(2):
            assert (old.word(), new.word()) == (word, word)
            assert (old.page()[0], new.page()[0]) == (word, word)
        assert (old.page()[1], new.page()[1]) == ("hit redis", "hit redis")


def test_a_value_that_was_forgotten_by_its_key_cannot_be_stored_by_the_other_release(
    old: Deployed, new: Deployed
) -> None:
    found, lease = old.engine.fetch("value"), Lease("value")
    with new.app.app_context():
        new.cache.delete("value")
        assert not old.engine._put("value", "as it was", 50, found.moment, lease)


def test_memory_of_the_other_release_is_told_too(server: object) -> None:
    first = Worker(server, CACHE_RELEASE="1")
    second = Worker(server, CACHE_RELEASE="2")
    second.table = first.table
    for worker in (first, second):
        assert [outcome(worker.get()) for _ in range(2)] == ["miss", "hit process"]
    first.change(1, "by the first")
    eventually(lambda: b"by the first" in second.get().data)
    second.change(1, "by the second")
    eventually(lambda: b"by the second" in first.get().data)


# Which release has the plain names.


def test_the_newest_has_the_plain_names_as_soon_as_it_starts(redis_url: str, old: Deployed) -> None:
    assert old.look() == "flask_cache_"
    new = Deployed(redis_url, "2")
    assert new.engine.names.prefix == "flask_cache_"
    assert old.look() == "flask_cache_@1/"
    newest = Deployed(redis_url, "3")
    assert [site.look() for site in (old, new, newest)] == ["flask_cache_@1/", "flask_cache_@2/", "flask_cache_"]


def test_a_restarted_process_of_the_old_release_does_not_take_them_back(
    redis_url: str, old: Deployed, new: Deployed
) -> None:
    assert Deployed(redis_url, "1").engine.names.prefix == "flask_cache_@1/"
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")


def test_the_old_release_has_them_again_when_the_new_one_is_silent(
    redis_url: str, old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"
    assert redis_client.hkeys(RELEASES) == [b"@1/"]
    assert new.look() == "flask_cache_", "it was held up, and is still the newer one"
    assert old.look() == "flask_cache_@1/"


def test_what_stands_there_of_the_other_is_not_believed_after_a_change(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    new.page()
    silence(redis_client, "2")
    old.look()
    assert [old.page()[1] for _ in range(2)] == ["miss", "hit redis"]
    assert old.calls == [1]


def test_a_process_that_only_looks_does_not_keep_its_release_alive(
    redis_url: str, old: Deployed, redis_client: redis.Redis
) -> None:
    looking = Site(redis_url, CACHE_RELEASE="2")
    with looking.app.app_context():
        looking.cache.set("x", 1)
        assert looking.cache.engine.names.prefix == "flask_cache_"
    assert redis_client.hkeys(RELEASES) == [b"@1/"]
    assert old.look() == "flask_cache_"


def test_whoever_connects_knows_the_names_before_it_stores(
    redis_url: str, old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    another = Site(redis_url, CACHE_RELEASE="1")
    with another.app.app_context():
        assert another.cache.set("x", 1)
    assert values(redis_client) == {"flask_cache_@1/x"}


def test_after_a_flush_the_order_is_the_same_whoever_speaks_first(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    for _ in range(2):
        redis_client.flushall()
        old.look()
        assert new.look() == "flask_cache_"
        assert old.look() == "flask_cache_@1/"


@pytest.mark.parametrize(
    "scribble",
    [
        lambda client: client.set(RELEASES, "something else"),
        lambda client: client.rpush(RELEASES, "something else"),
        lambda client: client.hset(RELEASES, mapping={"@1/": "x", "@2/": "9" * 400 + " 1", "@3/": b"\xff"}),
        lambda client: client.hset(RELEASES, mapping={f"@{number}/": f"{10**14} {10**14}" for number in range(5_000)}),
    ],
    ids=["string", "list", "no numbers", "thousands"],
)
def test_whatever_stands_at_the_place_of_releases_is_survived(
    old: Deployed, new: Deployed, redis_client: redis.Redis, scribble: Callable[[redis.Redis], object]
) -> None:
    if redis_client.type(RELEASES) == b"hash":
        redis_client.delete(RELEASES)
    scribble(redis_client)
    looking = Site(f"redis://127.0.0.1:{redis_client.connection_pool.connection_kwargs['port']}", CACHE_RELEASE="9")
    with looking.app.app_context():
        assert looking.cache.set("x", 1)
    for site in (old, new):
        assert site.page()[0] == "as it was"
        site.look()
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")
    assert redis_client.hlen(RELEASES) == 2


@pytest.mark.parametrize("began", [2**53 - 1, 2**52, 2**52 - 1])
def test_a_release_that_begins_after_the_end_of_days_confuses_nobody(
    redis_url: str, old: Deployed, redis_client: redis.Redis, began: int
) -> None:
    _, heard = redis_client.hget(RELEASES, "@1/").split()
    redis_client.hset(RELEASES, "@made up/", b"%d %s" % (began, heard))
    new = Deployed(redis_url, "2", old.table)
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")
    assert not redis_client.hexists(RELEASES, "@made up/")


def test_releases_are_bounded(redis_url: str, old: Deployed, redis_client: redis.Redis) -> None:
    for number in range(2 * MOST):
        Deployed(redis_url, f"of {number}/*")
        assert redis_client.hlen(RELEASES) <= MOST + 1
    assert old.look() in {"flask_cache_@1/", "flask_cache_"}


def test_a_clock_that_was_put_back_keeps_no_release_alive(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    began, heard = redis_client.hget(RELEASES, "@2/").split()
    redis_client.hset(RELEASES, "@2/", b"%s %d" % (began, int(heard) + DAY_MS))
    old.look()
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"


def test_a_full_redis_knows_its_releases(redis_url: str, old: Deployed, redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        new = Site(redis_url, CACHE_RELEASE="2")
        with new.app.app_context():
            new.cache.engine.releases.announces = True
            new.cache.engine.releases.look()
        assert old.look() == "flask_cache_@1/"
    finally:
        redis_client.config_set("maxmemory", 0)


def test_without_redis_the_names_stay_as_they_are(old: Deployed, new: Deployed) -> None:
    old.engine.client.connection_pool.disconnect()
    old.engine.releases._tell.registered_client = redis.Redis(port=1)
    assert old.engine.ask(old.engine.releases.look) is None
    assert old.engine.names.prefix == "flask_cache_@1/"


def test_a_reporter_keeps_its_release_alive_until_it_ends(redis_url: str, redis_client: redis.Redis) -> None:
    site = Site(redis_url, CACHE_RELEASE="1")
    with site.app.app_context():
        reporter = Reporter(site.cache.engine)
        reporter.start()
        assert redis_client.hkeys(RELEASES) == [b"@1/"]
        reporter.stop()
        assert not site.cache.engine.releases.announces


# What else bears a name.


def test_two_releases_do_not_wait_for_each_other(old: Deployed, new: Deployed) -> None:
    for one, other in ((old, new), (new, old)):
        lease = Lease("view//row/1")
        assert one.engine.take(lease) is Grant.GRANTED
        done = threading.Thread(target=other.page)
        done.start()
        done.join(2)
        assert not done.is_alive()
        one.engine.release(lease)
    assert (old.calls, new.calls) == ([1], [1])


def test_a_lease_is_given_back_after_a_change_of_names(old: Deployed, new: Deployed, redis_client: redis.Redis) -> None:
    lease = Lease("view//row/1")
    assert old.engine.take(lease) is Grant.GRANTED
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"
    old.engine.release(lease)
    assert not redis_client.keys("broadsheet:lease:*")


def test_each_release_has_spare_copies_of_its_own(old: Deployed, new: Deployed) -> None:
    old.page(), new.page()
    old.broken = new.broken = True
    with new.app.app_context():
        new.cache.invalidate(["row/1"])
    assert (old.page(), new.page()) == (("as it was", "stale error"), ("as it was", "stale error"))
    with old.app.app_context():
        old.cache.invalidate(["row/1"], "withdrawn")
    assert old.client.get("/row/1").status_code == new.client.get("/row/1").status_code == 500


def test_a_job_makes_the_pages_of_its_own_release_again(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    for site in (old, new):
        for _ in range(5):
            site.page()
        Reporter(site.engine).report()
    with old.app.app_context():
        old.cache.invalidate(["row/1"])
    assert values(redis_client) == set()
    sent: list[object] = []
    with cooled.connected_to(sent.append):
        assert refill_cold(old.app.extensions[PAGES]) == 1
        assert sent == [], "what is left is the other's to make"
    assert values(redis_client) == {"flask_cache_@1/view//row/1", "flask_cache_@1/_row(number=1)"}
    assert refill_cold(new.app.extensions[PAGES]) == 1
    assert (old.page(), new.page()) == (("as it was", "hit redis"), ("as it was", "hit redis"))
    redis_client.delete(*values(redis_client))
    assert (keep_warm(old.app.extensions[PAGES], []), len(values(redis_client))) == (1, 2)


def test_nobody_waits_for_the_pages_of_a_release_that_has_ended(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    redis_client.zadd("broadsheet:cold", {"flask_cache_@1/view//row/1": 5, "flask_cache_@0/view//row/1": 9})
    assert refill_cold(new.app.extensions[PAGES]) == 0
    assert redis_client.zrange("broadsheet:cold", 0, -1) == [b"flask_cache_@1/view//row/1"]


# What an operator sees.


def listed(site: Deployed, *arguments: str) -> set[str]:
    return {line.split(" B ", 1)[1].split(maxsplit=2)[-1] for line in site.run("keys", *arguments)[1].splitlines()}


def test_keys_are_listed_by_the_names_of_the_release_that_asks(old: Deployed, new: Deployed) -> None:
    old.page(), new.page()
    own = {"old flask_cache_view//row/1", "old flask_cache__row(number=1)"}
    others = {
        "old flask_cache_@1/view//row/1, of another release, 1",
        "old flask_cache_@1/_row(number=1), of another release, 1",
    }
    assert {" ".join(line.split()) for line in listed(new)} == own | others
    assert {" ".join(line.split()) for line in listed(new, "@1/*")} == others
    theirs = {"old flask_cache_@1/view//row/1"}
    assert {" ".join(line.split()) for line in listed(old, "view/*")} == theirs
    assert len(listed(old)) == 2
    assert len(listed(old, "flask_cache_*")) == 4


@pytest.mark.parametrize("said", ["@1/_row(number=1)", "flask_cache_@1/_row(number=1)"])
def test_a_value_of_another_release_is_shown_with_what_it_is(old: Deployed, new: Deployed, said: str) -> None:
    old.word()
    status, output, _ = new.run("show", said)
    assert status == 0
    assert "believed  no: of another release, 1\n" in output
    assert "as it was" in output
    status, output, _ = old.run("show", "_row(number=1)")
    assert (status, "believed  yes\n" in output) == (0, True)


def test_a_value_of_the_newest_is_shown_to_the_other_by_its_whole_name(old: Deployed, new: Deployed) -> None:
    new.word()
    assert old.run("show", "_row(number=1)")[0] == 1
    assert "no: of another release, 2\n" in old.run("show", "flask_cache__row(number=1)")[1]


def test_a_key_of_one_s_own_may_look_like_another_release_s(new: Deployed) -> None:
    with new.app.app_context():
        assert new.cache.set("@user/5", "x")
    assert "believed  yes\n" in new.run("show", "@user/5")[1]
    assert new.run("delete", "@user/5")[:2] == (0, "1 keys went\n")


@pytest.mark.parametrize("said", ["@1/view//row/1", "flask_cache_@1/view//row/1"])
def test_a_value_of_another_release_is_deleted(
    old: Deployed, new: Deployed, redis_client: redis.Redis, said: str
) -> None:
    old.page()
    old.table[1] = "changed"
    moment = old.engine.fetch("view//row/1", page=True).moment
    assert new.run("delete", said)[:2] == (0, "1 keys went\n")
    assert values(redis_client) == {"flask_cache_@1/_row(number=1)"}
    assert old.engine.fetch("view//row/1", page=True).moment.sequence == moment.sequence + 1
    status, output, told = new.run("delete", said)
    assert (status, output) == (1, "0 keys went\n")
    assert told == f"Error: nothing is cached under {said}\n"


def test_its_processes_forget_it_too(server: object) -> None:
    first, second = Worker(server, CACHE_RELEASE="1"), Worker(server, CACHE_RELEASE="2")
    with first.app.app_context():
        first.cache.engine.releases.look()
    first.get()
    assert outcome(first.get()) == "hit process"
    assert runner(second)("delete", "@1/view//row/1")[0] == 0
    eventually(lambda: len(first.memory) == 0)


def test_everything_of_both_is_purged(old: Deployed, new: Deployed, redis_client: redis.Redis) -> None:
    old.page(), new.page()
    assert old.run("purge", "--all")[:2] == (0, "4 keys went\n")
    assert values(redis_client) == set()
    assert not redis_client.keys("broadsheet:spare:*")


def test_what_is_held_is_that_of_both(old: Deployed, new: Deployed) -> None:
    old.page(), new.page()
    Reporter(old.engine).report(), Reporter(new.engine).report()
    status, output, _ = new.run("worth", "--json")
    assert (status, '"family": "@1' in output) == (0, False)
    assert "@1/view//row/1" in new.run("stats")[1]
