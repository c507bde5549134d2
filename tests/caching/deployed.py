"""Processes of two releases on one Redis."""

import pytest
import redis
from flask.testing import FlaskClient

from application.caching.releases import RELEASES, SILENT_MS
from tests.caching.conftest import Record, Site
from tests.caching.test_command import runner
from tests.caching.test_tiers import outcome


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
