"""What nginx keeps away from the site: floods, giants and those who stand still; and who it says that a reader is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis

from application.config import MAX_BODY_BYTES, MAX_TEXT_BYTES
from tests.fronts import Front
from tests.nginx import OTHER_ADDRESS, Nginx, nginx_before
from tests.raw import connected, exchange, receive, request

Serving = Callable[..., AbstractContextManager[int]]


@pytest.fixture
def nginx(serving: Serving, tmp_path: Path) -> Iterator[Nginx]:
    """With little patience, so that a test has to wait for less."""
    changes = {
        "client_header_timeout 10s;": "client_header_timeout 1s;",
        "client_body_timeout 10s;": "client_body_timeout 1s;",
    }
    with serving(lambda _: b"a page") as port, nginx_before(port, tmp_path, changes) as nginx:
        yield nginx


def flood(port: int, source: str, requests: int) -> set[int]:
    """Send many requests on a few connections, and return what they were answered with."""
    found = set()
    for _ in range(8):
        with connected(port, source) as connection, connection.makefile("rb") as answers:
            connection.sendall(b"GET /about HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * (requests // 8) + request("/about"))
            found |= {int(line.split()[1]) for line in answers if line.startswith(b"HTTP/1.1 ")}
    return found


def test_a_flood_from_one_address_is_held_back(nginx: Nginx) -> None:
    # The rest of a flood comes through at the rate of the limit.
    assert flood(nginx.port, OTHER_ADDRESS, 1600) == {200, 429}
    answer = exchange(nginx.port, request("/hello"), OTHER_ADDRESS)
    if answer.status == 429:
        assert answer["Cache-Control"] == "no-store"


def test_this_machine_itself_is_not_limited(nginx: Nginx) -> None:
    assert flood(nginx.port, "127.0.0.1", 1600) == {200}


@pytest.mark.parametrize(
    "unfinished",
    [
        b"GET /about HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"POST /feedback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nname=",
    ],
    ids=["head", "body"],
)
def test_a_request_that_stands_still_is_given_up_and_never_reaches_the_site(nginx: Nginx, unfinished: bytes) -> None:
    with connected(nginx.port) as connection:
        connection.sendall(unfinished)
        assert receive(connection).status in {0, 408}
    assert {site for _, site, _ in nginx.log()} == {"-"}


def test_a_giant_is_refused(nginx: Nginx, behind: Front) -> None:
    with connected(nginx.port) as connection:
        connection.sendall(request("/feedback", "POST", {"Content-Length": str(3 * MAX_TEXT_BYTES)}))
        answer = receive(connection)
    assert (answer.status, answer["Cache-Control"]) == (413, "no-store")
    # A little too much is answered by the site, in its own words.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = behind.ask("/feedback", "POST", form, b"message=" + b"x" * MAX_BODY_BYTES)
    assert (answer.status, "This is too large" in answer.text) == (413, True)


def test_the_site_counts_readers_by_their_own_addresses(behind: Front) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7", "X-Real-IP": "203.0.113.7"}
    behind.ask("/article_like/999999", "POST", forged, source=OTHER_ADDRESS)
    with redis.Redis.from_url(behind.site.settings.cache_redis_url, decode_responses=True) as client:
        counted = [key for key in client.scan_iter() if "broadsheet:limit" in key and "likes" in key]
    assert any(OTHER_ADDRESS in key for key in counted), counted
    assert not any("203.0.113.7" in key for key in counted)
