"""Server-sent events on flask-sse's messages, made safe. Knows no request.

`docs/decisions/0003-live-events.md` has the reasons.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Mapping
from typing import Protocol

from flask import Flask, current_app
from redis import RedisError

from application.live.events import PUBLIC, Event, Sent, read
from application.live.hub import KEPT_EVENTS, KEY, Hub, StreamsFullError, connect, hubs
from application.live.stream import Stream
from application.measuring.timing import span

__all__ = ["Hub", "Live", "Sent", "Stream", "StreamsFullError", "worker_started"]

logger = logging.getLogger(__name__)

PUBLISH_TIMEOUT = 0.25
"""Seconds to connect and seconds to answer: a publisher never waits longer than both."""


class Worker(Protocol):
    """What is needed of a gunicorn worker."""

    alive: bool


class Live:
    """The Flask extension: `publish` anywhere in an application context, `open` for the one controller."""

    def init_app(self, app: Flask) -> None:
        """Give the application its hub; nothing is connected before it is used."""
        settings = app.config["SETTINGS"]
        app.extensions["live"] = Hub(settings.live_redis_url, settings.streams_per_worker)
        app.extensions["live_publisher"] = connect(settings.live_redis_url, PUBLISH_TIMEOUT)

    def publish(self, event: str, data: Mapping[str, object], _channel: str = PUBLIC) -> bool:
        """Send an event to every open page; False when Redis did not take it within half a second.

        Call it after the commit and after the caches were told, so that whoever fetches again sees the new state.
        """
        message = Event(json.dumps(data, separators=(",", ":")), type=event)
        fields = {**message.to_dict(), "channel": _channel}
        try:
            with span("event", event):
                current_app.extensions["live_publisher"].xadd(KEY, fields, maxlen=KEPT_EVENTS, approximate=True)
        except RedisError as error:
            logger.warning("the event %s could not be published: %s", event, error)
            return False
        return True

    def latest(self, most: int) -> tuple[list[Sent], int]:
        """Return the events that were sent last, the latest first, and how many are kept. Raises `RedisError`."""
        with current_app.extensions["live_publisher"].pipeline(transaction=False) as pipe:
            pipe.xrevrange(KEY, count=most)
            pipe.xlen(KEY)
            entries, kept = pipe.execute()
        return read(entries), kept

    def open(self, last_event_id: str | None, client: socket.socket | None) -> Stream:
        """Open a stream for this client. Raises `StreamsFullError`."""
        hub: Hub = current_app.extensions["live"]
        return hub.open(last_event_id, client)


def worker_started(worker: Worker) -> None:
    """End all streams as soon as this gunicorn worker is told to stop; for its `post_worker_init` hook.

    gunicorn waits for running responses up to `graceful_timeout`, and a stream would never end by itself.
    """
    threading.Thread(target=_close_with, args=(worker,), name="live events' end", daemon=True).start()


def _close_with(worker: Worker) -> None:
    while worker.alive:
        time.sleep(0.1)
    for hub in list(hubs):
        hub.close()
