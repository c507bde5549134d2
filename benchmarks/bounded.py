"""Ask a running site for a million made-up addresses, and tell what Redis and the workers have grown by.

.venv/bin/python -m benchmarks.bounded --count 1000000
"""

import argparse
import tempfile
import time
from pathlib import Path

import redis

from benchmarks.history import migrate
from tests.made_up import ask_made_up, worker_memory
from tests.own_redis import own_redis
from tests.site import running_site

STEPS = 10
MB = 1024 * 1024


def main() -> None:
    """Read the command line, and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as made, own_redis() as server, redis.Redis(port=server.port) as client:
        folder, redis_url = Path(made), f"redis://127.0.0.1:{server.port}"
        database_url = f"sqlite:///{folder / 'site.sqlite3'}"
        migrate(database_url, redis_url)
        with running_site(database_url, redis_url, folder, jobs=False) as site:
            started = time.monotonic()
            for step in range(STEPS + 1):
                workers = ", ".join(f"{size / MB:.1f}" for size in worker_memory(site))
                used = client.info("memory")["used_memory"] / MB
                asked = count * step // STEPS
                took = time.monotonic() - started
                print(
                    f"{asked:>9,} {took:7.0f} s   {client.dbsize()} keys, {used:.2f} MB; workers {workers} MB",
                    flush=True,
                )
                if step < STEPS:
                    ask_made_up(site, range(asked, count * (step + 1) // STEPS))


if __name__ == "__main__":
    main()
