"""Live events through nginx: at once, each by itself, and so many for one address."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from application.extensions import live
from tests.fronts import Front
from tests.nginx import OTHER_ADDRESS, nginx_before
from tests.raw import connected, receive, request


def lines_of(stream: BinaryIO) -> Iterator[str]:
    return (line.decode().strip() for line in stream)


def test_events_arrive_as_they_happen(behind: Front) -> None:
    with connected(behind.port) as connection, connection.makefile("rb") as stream:
        connection.sendall(request("/stream"))
        lines = lines_of(stream)
        assert next(lines) == "HTTP/1.1 200 OK"
        assert "Content-Type: text/event-stream; charset=utf-8" in iter(lambda: next(lines), "")
        for likes in range(3):
            # Each is sent when the one before has arrived.
            with behind.site.app.app_context():
                assert live.publish("likes", {"article_id": 1, "likes": likes})
            event = next(line for line in lines if line.startswith("data: "))
            assert json.loads(event.removeprefix("data: ")) == {"article_id": 1, "likes": likes}


def test_one_address_holds_so_many_streams_and_no_more(behind: Front, tmp_path: Path) -> None:
    upstream = int(urlsplit(behind.site.url).port or 80)
    changes = {"limit_conn broadsheet_streams 200;": "limit_conn broadsheet_streams 3;"}
    with nginx_before(upstream, tmp_path, changes) as nginx, ExitStack() as stack:

        def open_stream(source: str) -> str:
            connection = stack.enter_context(connected(nginx.port, source))
            connection.sendall(request("/stream"))
            return stack.enter_context(connection.makefile("rb")).readline().decode().split()[1]

        assert [open_stream(OTHER_ADDRESS) for _ in range(4)] == ["200", "200", "200", "429"]
        # Others, and this address' pages, have room.
        assert open_stream("127.0.0.1") == "200"
        page = stack.enter_context(connected(nginx.port, OTHER_ADDRESS))
        page.sendall(request("/about"))
        assert receive(page).status == 200
