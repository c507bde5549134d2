"""What commands show and forget where two releases are on one Redis."""

import pytest
import redis

from application.caching.reporting import Reporter
from tests.caching.deployed import Deployed, new, old, values
from tests.caching.test_command import runner
from tests.caching.test_tiers import Worker, eventually, outcome, server

__all__ = ["new", "old", "server"]


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
