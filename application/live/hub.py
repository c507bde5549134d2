"""The events of one process: one reader of Redis, many streams."""

import logging
import socket
import threading
import time
import weakref
from bisect import bisect_right
from collections import deque
from itertools import islice
from typing import Any, cast

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.live.events import PUBLIC, START, Cursor, Kept, decode, join, parse_cursor
from application.live.stream import KEEP_ALIVE, Stream

logger = logging.getLogger(__name__)

KEY = "broadsheet:live"
KEPT_EVENTS = 1000
BLOCK_MS = 2000
READ_TIMEOUT = 4.0
FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 2.0
PACE = 0.25
"""Seconds between two rounds to all streams; what arrives meanwhile travels in one piece."""
ROUND_SLICE = 20
ROUND_PAUSE = 0.001
"""Seconds that the pages of a gevent worker have for themselves after each slice of a round."""
SWEEP_EVERY = 5.0
SWEEP_WHEN_FULL = 0.5
CLOCK_SLACK_MS = 100
"""The clock that numbers a stream's entries is read once per turn of Redis' loop, so it runs a little late."""


class StreamsFullError(Exception):
    """Say that this process has no place for another stream, or is about to end."""


class Hub:
    """The events of one process: a reader thread (or greenlet), a memory of recent events, the open streams."""

    def __init__(self, url: str, limit: int, keep_alive: float = KEEP_ALIVE, sweep_every: float = SWEEP_EVERY) -> None:
        self.url = url
        self.limit = limit
        self.keep_alive = keep_alive
        self._sweep_every = sweep_every
        self._swept = 0.0
        self._lock = threading.RLock()
        self._streams: set[Stream] = set()
        self._recent: deque[Kept] = deque(maxlen=KEPT_EVENTS)
        self._newest = START
        self._knows_past = False
        self._reader: threading.Thread | None = None
        self._closed = False
        self._outage = False
        hubs.add(self)

    def open(self, last_event_id: str | None = None, client: socket.socket | None = None) -> Stream:
        """Open a stream of the public channel, beginning after an event if one is named. Raises `StreamsFullError`."""
        stream = Stream(PUBLIC, parse_cursor(last_event_id), client, self.keep_alive, self.forget)
        if len(self) >= self.limit:
            # Clients that closed hold their places until somebody looks.
            self._sweep(SWEEP_WHEN_FULL)
        with self._lock:
            if self._closed or len(self._streams) >= self.limit:
                raise StreamsFullError
            self._streams.add(stream)
            if self._knows_past and stream.after:
                self._give(stream, self._missed(stream.channel, stream.after))
            self._start_reader()
        return stream

    def forget(self, stream: Stream) -> None:
        """Take a stream off the list."""
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        """End every stream at once and open none any more."""
        with self._lock:
            self._closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.end()

    def __len__(self) -> int:
        return len(self._streams)

    def _start_reader(self) -> None:
        # Only with the first stream: before gunicorn forks there must be no thread, and jobs need none.
        if self._reader is None or not self._reader.is_alive():
            self._reader = threading.Thread(target=self._read_forever, name="live events", daemon=True)
            self._reader.start()

    def _read_forever(self) -> None:
        delay = FIRST_BACKOFF
        while not self._closed:
            try:
                # One connection, without a pool that would replace it unnoticed: after each loss we catch up.
                with connect(self.url, READ_TIMEOUT, single_connection_client=True) as redis:
                    self._catch_up(redis)
                    delay = FIRST_BACKOFF
                    while not self._closed:
                        self._read_once(redis)
            except RedisError as error:
                self._note_outage(error)
                self._sweep(self._sweep_every)
                time.sleep(delay)
                delay = min(delay * 2, LONGEST_BACKOFF)

    def _note_outage(self, error: RedisError) -> None:
        if not self._outage and not self._closed:
            self._outage = True
            logger.warning("live events are not readable, trying again: %s", error)

    def _catch_up(self, redis: Redis) -> None:
        """Read what is kept: at the first connection, and again after each loss of it."""
        seconds, microseconds = cast("tuple[int, int]", redis.time())
        now = int(seconds) * 1000 + int(microseconds) // 1000
        kept = decode(reversed(cast("list[Any]", redis.xrevrange(KEY, count=KEPT_EVENTS))))
        if self._outage:
            self._outage = False
            logger.info("live events are readable again")
        with self._lock:
            newest = kept[-1].cursor if kept else START
            # A Redis that lost its memory numbers from its clock anew, which may be behind.
            known = self._newest if newest >= self._newest else START
            fresh = [event for event in kept if event.cursor > known]
            self._recent.clear()
            self._recent.extend(kept)
            self._newest = newest
            first_time, self._knows_past = not self._knows_past, True
            streams = list(self._streams)
        if not first_time:
            return self._send_round(fresh, streams)
        for stream in streams:
            # These were opened before anything was known. Their age tells what they missed, whatever the clocks say.
            age = int((time.monotonic() - stream.opened) * 1000) + CLOCK_SLACK_MS
            self._give(stream, self._missed(stream.channel, stream.after or (now - age, 0)))
        return None

    def _read_once(self, redis: Redis) -> None:
        position = f"{self._newest[0]}-{self._newest[1]}"
        answer = cast("list[Any]", redis.xread({KEY: position}, count=KEPT_EVENTS, block=BLOCK_MS))
        self._sweep(self._sweep_every)
        for _key, entries in answer or ():
            fresh = decode(entries)
            with self._lock:
                self._newest = parse_cursor(entries[-1][0]) or self._newest
                self._recent.extend(fresh)
                streams = list(self._streams)
            self._send_round(fresh, streams)
            time.sleep(PACE)

    def _send_round(self, events: list[Kept], streams: list[Stream]) -> None:
        chunks = {channel: join(events, channel) for channel in {event.channel for event in events}}
        for number, stream in enumerate(streams if chunks else [], start=1):
            self._give(stream, chunks.get(stream.channel, b""))
            if not number % ROUND_SLICE:
                time.sleep(ROUND_PAUSE)

    def _missed(self, channel: str, after: Cursor) -> bytes:
        first = bisect_right(self._recent, after, key=lambda event: event.cursor)
        return join(islice(self._recent, first, None), channel)

    def _give(self, stream: Stream, chunk: bytes) -> None:
        if chunk and not stream.offer(chunk):
            # Too slow. It reconnects with the id of the last event that it got.
            self._drop(stream)

    def _sweep(self, interval: float) -> None:
        if time.monotonic() - self._swept < interval:
            return
        self._swept = time.monotonic()
        for stream in [stream for stream in list(self._streams) if stream.is_broken()]:
            self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        self.forget(stream)
        stream.cut()


def connect(url: str, timeout: float, **options: Any) -> Redis:
    """Make a client that gives up after `timeout` seconds and does not try again by itself."""
    retry = Retry(NoBackoff(), 0)
    return Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 1.0),
        retry=retry,
        **options,
    )


hubs: "weakref.WeakSet[Hub]" = weakref.WeakSet()
"""Every hub of this process, for its end."""
