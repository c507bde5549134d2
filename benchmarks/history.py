"""Let everything break at random, for minutes, and check every single read: nothing old, nothing torn, no error.

    .venv/bin/python -m benchmarks.history --minutes 10

Runs a site of its own: two machines (three workers), whose clocks are an hour apart where libfaketime is installed, a
Redis to be hurt, and SQLite, or an empty PostgreSQL database given by --database. Prints the seed, so that the same
troubles can be had again in the same order, each trouble as it comes, and what was found.
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from flask_migrate import upgrade

from application import create_app
from application.config import load_settings
from application.extensions import db
from tests.history.checker import BOUND, Checker
from tests.history.course import FAKETIME, Course, Trouble, second_machine
from tests.history.instrument import Instrument
from tests.history.records import History
from tests.history.troubles import ALL
from tests.own_redis import own_redis
from tests.site import running_site

USUAL = 0.05
"""Seconds that promise 2 gives to 99.9 of a hundred reads."""


def migrate(database_url: str, redis_url: str) -> None:
    """Make the tables."""
    environ = {"ENV": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SITE_URL": "http://localhost"}
    with create_app(load_settings(environ)).app_context():
        upgrade()
        for engine in db.engines.values():
            engine.dispose()


def troubles(seed: int, minutes: float, only: list[str]) -> Iterator[Trouble]:
    """Yield one trouble after the other until the time is over."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    end = time.monotonic() + 60 * minutes
    known = [trouble for trouble in ALL if not only or trouble.__name__ in only]
    while time.monotonic() < end:
        yield chance.choice(known)


def report(history: History) -> int:
    """Print what was found, and return how much of it must not have happened."""
    checker = Checker(history)
    faults, latenesses = checker.faults(), checker.latenesses()
    late = sum(lateness > 0 for lateness in latenesses)
    print(f"{len(history.reads)} reads of {len(latenesses)} articles, {len(history.writes)} writes")
    print(f"{len(history.troubles) // 2} troubles, {history.broken} connections broken by them")
    print(
        "answers:",
        ", ".join(f"{count} {name}" for name, count in Counter(r.outcome for r in history.reads).most_common()),
    )
    usual = latenesses[int(0.999 * (len(latenesses) - 1))]
    print(f"out of date: {late}; at the 99.9th percentile by {usual * 1000:.1f} ms (promised {USUAL * 1000:.0f})")
    print(f"at worst by {latenesses[-1] * 1000:.0f} ms (promised {BOUND * 1000:.0f})")
    print(f"broken promises: {len(faults)}", *faults[:50], sep="\n  ")
    return len(faults)


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--database", help="an empty PostgreSQL database; SQLite where it is not given")
    parser.add_argument("--only", nargs="*", default=[], help="troubles by name: " + ", ".join(t.__name__ for t in ALL))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; clocks {'an hour apart' if FAKETIME else 'alike: no libfaketime'}", flush=True)
    with tempfile.TemporaryDirectory() as made, own_redis() as server:
        folder = Path(made)
        redis_url = f"redis://127.0.0.1:{server.port}"
        database_url = arguments.database or f"sqlite:///{folder / 'site.sqlite3'}"
        migrate(database_url, redis_url)
        instrument = Instrument(folder / "instrument")
        environ = {"served": "tests.history.served:app", "INSTRUMENT": str(instrument.folder)}
        started = time.monotonic()
        with (
            running_site(database_url, redis_url, folder, jobs=False, **environ) as site,
            second_machine(site, folder) as port,
        ):
            course = Course(site, server, instrument, "ada", arguments.seed, (port,))
            coming = troubles(arguments.seed, arguments.minutes, arguments.only)
            history = course.run(coming, lambda name: print(f"{time.monotonic() - started:7.1f} s  {name}", flush=True))
    sys.exit(report(history) > 0)


if __name__ == "__main__":
    main()
