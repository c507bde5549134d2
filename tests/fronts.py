"""The running site as readers reach it: by itself, or behind nginx. The fixtures are known to all tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import copy_of
from tests.nginx import Nginx, nginx_before
from tests.raw import Answer, Lines, exchange, request
from tests.servers import redis_server
from tests.site import RunningSite, running_site


@dataclass
class Front:
    """Where requests go: the site's own port, or nginx's in front of it."""

    site: RunningSite
    nginx: Nginx | None

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


def start(stack: ExitStack, migrated: str, folder: Path, **settings: str) -> RunningSite:
    """Run a site on a database and a Redis of its own until the stack is closed."""
    server = stack.enter_context(redis_server())
    database_url = stack.enter_context(copy_of(migrated, folder))
    redis_url = f"redis://127.0.0.1:{server.port}"
    return stack.enter_context(running_site(database_url, redis_url, folder, jobs=False, **settings))


@pytest.fixture(scope="session")
def alone(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site, reached directly."""
    with ExitStack() as stack:
        yield Front(start(stack, migrated, tmp_path_factory.mktemp("alone")), None)


@pytest.fixture(scope="session")
def behind(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site behind nginx, which it believes about its readers' addresses."""
    folder = tmp_path_factory.mktemp("behind")
    with ExitStack() as stack:
        site = start(stack, migrated, folder, PROXIES="1")
        yield Front(site, stack.enter_context(nginx_before(int(urlsplit(site.url).port or 80), folder)))


@pytest.fixture(params=["alone", "behind"])
def front(request: Any) -> Front:
    """Each in turn."""
    found: Front = request.getfixturevalue(request.param)
    return found
