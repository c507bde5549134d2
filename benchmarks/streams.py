"""Measure what many open streams cost the pages of a running site.

    .venv/bin/python benchmarks/streams.py --url http://127.0.0.1:8080 --streams 2000

Times a page without streams, with all of them open and quiet, and, when a Redis is given, with events going out.
Tells the ratios, and how long an event took to reach all streams.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from redis.asyncio import Redis

PAGES = 400
AT_ONCE = 50
EVENTS = 20
KEY = "broadsheet:live"


@dataclass
class Site:
    """Where the site answers."""

    host: str
    port: int
    page: str

    async def ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of its own and ask for a path."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        return reader, writer


@dataclass
class Streams:
    """The open streams, and when each saw the last event."""

    refused: int = 0
    lost: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    seen: dict[int, list[float]] = field(default_factory=dict)

    async def open(self, site: Site) -> None:
        """Open one more; it counts as open when it said hello."""
        reader, writer = await site.ask("/stream")
        status = await reader.readline()
        if b" 200 " not in status:
            self.refused += 1
            writer.close()
            return
        while b": hello" not in await reader.readline():
            pass
        self.writers.append(writer)
        self.tasks.append(asyncio.create_task(self._listen(reader)))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b'data: {"benchmark":'):
                number = json.loads(line.removeprefix(b"data: "))["benchmark"]
                self.seen.setdefault(number, []).append(time.perf_counter())
        self.lost += 1

    async def close(self) -> None:
        """Leave."""
        for task in self.tasks:
            task.cancel()
        for writer in self.writers:
            writer.close()


async def time_pages(site: Site, count: int) -> list[float]:
    """Ask for the page one time after the other; milliseconds each."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        reader, writer = await site.ask(site.page)
        status = await reader.readline()
        await reader.read()
        times.append((time.perf_counter() - started) * 1000)
        writer.close()
        if b" 200 " not in status:
            sys.exit(f"{site.page} answered {status.decode().strip()}")
    return times


def tell(label: str, times: list[float], base: list[float] | None = None) -> None:
    """Print the median and the 99th percentile, with their ratio to the base."""
    cuts = statistics.quantiles(times, n=100)
    text = f"{label:<28} median {cuts[49]:7.2f} ms   p99 {cuts[98]:7.2f} ms   longest {max(times):7.2f} ms"
    if base:
        before = statistics.quantiles(base, n=100)
        text += f"   ratio {cuts[49] / before[49]:.2f} / {cuts[98] / before[98]:.2f}"
    print(text, flush=True)


async def publish(redis_url: str, started: dict[int, float]) -> None:
    """Send some events, one every half second."""
    async with Redis.from_url(redis_url) as redis:
        for number in range(EVENTS):
            started[number] = time.perf_counter()
            await redis.xadd(KEY, {"type": "benchmark", "data": json.dumps({"benchmark": number})}, maxlen=1000)
            await asyncio.sleep(0.5)


async def measure(arguments: argparse.Namespace) -> None:
    """Run the three measurements."""
    parts = urlsplit(arguments.url)
    site = Site(parts.hostname or "127.0.0.1", parts.port or 80, arguments.page)
    await time_pages(site, 50)
    base = await time_pages(site, PAGES)
    tell("no streams", base)

    streams = Streams()
    started = time.perf_counter()
    for first in range(0, arguments.streams, AT_ONCE):
        await asyncio.gather(*(streams.open(site) for _ in range(first, min(first + AT_ONCE, arguments.streams))))
    opened = len(streams.writers)
    print(f"{opened} streams open after {time.perf_counter() - started:.1f} s, {streams.refused} refused", flush=True)
    tell(f"{opened} quiet streams", await time_pages(site, PAGES), base)

    if arguments.redis:
        sent: dict[int, float] = {}
        events = asyncio.create_task(publish(arguments.redis, sent))
        tell(f"{opened} streams, 2 events a s", await time_pages(site, PAGES), base)
        await events
        await asyncio.sleep(1)
        delays = [(max(seen) - sent[number]) * 1000 for number, seen in streams.seen.items()]
        complete = sum(len(seen) == opened for seen in streams.seen.values())
        print(
            f"{complete} of {EVENTS} events reached every stream; the last stream had them after "
            f"{statistics.median(delays):.0f} ms (median), {max(delays):.0f} ms (longest)"
        )
    print(f"{streams.lost} streams lost")
    await streams.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--page", default="/")
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--redis", help="the site's LIVE_REDIS_URL, for example redis://127.0.0.1:6379/0")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(measure(arguments))


if __name__ == "__main__":
    main()
