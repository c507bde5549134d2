"""Kombu's Redis transport, with a repair."""

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel that can be closed after its connection was lost."""

    def close(self) -> None:
        """Close, and give unfinished jobs back only where there still is a connection.

        Kombu 5.7 tries to in any case, and with an AttributeError the whole worker ends: each time that the broker
        dies while a job is running or waits for its time. Such jobs come back by the visibility timeout.
        """
        if self.connection is not None and self.connection.client is None:
            self.do_restore = False
        super().close()  # type: ignore[no-untyped-call]  # kombu ships no types


class Transport(redis.Transport):
    """The transport that uses it."""

    Channel = Channel
