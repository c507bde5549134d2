"""What each cache earns, out of what was measured."""

import json

import pytest
import redis

from application.caching.holdings import WEIGHED, hold
from application.caching.listener import Listener
from application.caching.reporting import Reporter
from application.caching.statistics import gather
from application.caching.worth import FEW, Earnings, Worth, appraise
from application.measuring import figures
from application.measuring.figures import Part, Taken
from application.measuring.timing import measuring
from application.measuring.windows import WINDOWS, Windows
from tests.caching.conftest import Record, Site
from tests.caching.test_command import Run, runner
from tests.site import eventually

MS = 1_000_000


@pytest.fixture(autouse=True)
def nothing_yet() -> None:
    """Forget what earlier tests of this process measured."""
    figures.process.take()


@pytest.fixture
def run(site: Site) -> Run:
    return runner(site)


@pytest.fixture
def windows(site: Site) -> Windows:
    found = site.app.extensions[WINDOWS]
    assert isinstance(found, Windows)
    return found


def tell(windows: Windows, **parts: tuple[int, int]) -> None:
    """Tell figures of the family `rows`: calls and ms by kind."""
    taken = {(kind.replace("_", "-"), "rows"): Part(calls, ms * MS, ms * MS) for kind, (calls, ms) in parts.items()}
    assert windows.tell(Taken({}, taken), lambda call: call())


def earned(site: Site) -> Earnings:
    return appraise(site.app.extensions[WINDOWS], site.cache.engine, "hour")


def of_family(site: Site, family: str = "rows") -> Worth:
    return next(one for one in earned(site).families if one.family == family)


def lasted(site: Site, redis_client: redis.Redis, seconds: int) -> None:
    """Have the hour begun so long ago."""
    (slot,) = redis_client.keys("broadsheet:perf:hour:*")
    redis_client.hset(slot, "since", redis_client.time()[0] - seconds)


# The formula.


def test_what_is_saved_is_what_would_have_been_spent_less_what_was(
    site: Site, windows: Windows, redis_client: redis.Redis
) -> None:
    # Made four times at 10 ms; a hundred asked, who spent 60 ms in all: 40 of them in making.
    tell(windows, cached=(100, 60), made=(4, 40))
    lasted(site, redis_client, 1800)
    found = of_family(site)
    assert (found.what, found.asked, found.made, found.made_ms, found.hit_ratio) == ("function", 100, 4, 10, 0.96)
    assert found.lookup_us == 200
    # 100 x 10 - 60, in half an hour.
    assert found.saved_ms_per_hour == pytest.approx(2 * 940, rel=0.01)
    assert found.verdict == "worth it"


def test_what_is_made_ahead_is_a_cost(site: Site, windows: Windows, redis_client: redis.Redis) -> None:
    tell(windows, cached_page=(100, 60), made=(4, 40), made_ahead=(6, 60))
    lasted(site, redis_client, 3600)
    found = of_family(site)
    assert (found.what, found.made_ahead) == ("page", 6)
    assert found.saved_ms_per_hour == pytest.approx(100 * 10 - 60 - 60, rel=0.01)


@pytest.mark.parametrize(
    ("parts", "verdict", "reason"),
    [
        ({"fragment": (100, 90), "made": (50, 30)}, "not worth it", "looking up costs more than it saves"),
        ({"fragment": (100, 900), "made": (100, 800)}, "not worth it", "never hit"),
        ({"fragment": (FEW - 1, 1), "made": (1, 1)}, "not known", "too few have asked"),
        ({"fragment": (100, 1)}, "not known", "not made in the last day, so what that costs is not known"),
        ({"fragment": (100, 10), "made": (2, 8)}, "worth it", "saves more than looking up costs"),
    ],
)
def test_it_is_said_plainly_what_is_not_worth_it(
    site: Site, windows: Windows, run: Run, parts: dict[str, tuple[int, int]], verdict: str, reason: str
) -> None:
    tell(windows, **parts)
    found = of_family(site)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert f"fragment rows: {verdict}, {reason}" in run("worth")[1]


def test_what_was_made_earlier_today_tells_what_making_costs(
    site: Site, windows: Windows, redis_client: redis.Redis
) -> None:
    tell(windows, cached=(1, 10), made=(1, 10))
    (slot,) = redis_client.keys("broadsheet:perf:hour:*")
    redis_client.delete(slot)
    tell(windows, cached=(100, 1))
    assert of_family(site).made_ms == 10
    assert of_family(site).verdict == "worth it"


def test_those_that_earn_most_come_first_and_what_nobody_asked_for_is_told(site: Site, windows: Windows) -> None:
    tell(windows, cached=(100, 60), made=(4, 40))
    windows.tell(Taken({}, {("cached", "dear"): Part(100, 900 * MS), ("made", "dear"): Part(50, 100 * MS)}), _call)
    site.cache.memoize(50, make_name=lambda _name: "unasked")(site.read)(1)
    found = earned(site)
    assert [one.family for one in found.families] == ["rows", "unasked", "dear"]
    unasked = found.families[1]
    assert (unasked.asked, unasked.keys, unasked.verdict, unasked.reason) == (0, 1, "not known", "nobody asked")
    assert unasked.bytes > 100


def _call(call):
    return call()


# What is measured.


def test_a_function_is_counted_when_it_is_asked_for_and_when_it_is_made(site: Site, windows: Windows) -> None:
    @site.cache.memoize(50)
    def asked(number: int) -> Record:
        return site.read(number)

    with measuring("request", "GET /"):
        for _ in range(FEW):
            asked(1)
    Reporter(site.cache.engine).tell()
    found = of_family(site, "asked")
    assert (found.asked, found.made, found.keys, found.is_exact) == (FEW, 1, 1, True)
    assert found.hit_ratio == 1 - 1 / FEW
    assert None not in {found.made_ms, found.lookup_us, found.saved_ms_per_hour}


def test_what_a_job_asks_for_and_makes_is_no_readers(site: Site) -> None:
    @site.cache.memoize(50)
    def asked(number: int) -> Record:
        return site.read(number)

    with measuring("job", "rebuild-pages"):
        for number in range(FEW):
            asked(number)
    Reporter(site.cache.engine).tell()
    found = of_family(site, "asked")
    assert "asked" not in {one.family for one in gather(site.cache.engine).families}
    # Never hit, by those who asked: that would be said of a cache that no reader has met.
    assert (found.asked, found.keys, found.verdict, found.reason) == (0, FEW, "not known", "nobody asked")
    with measuring("request", "GET /"):
        for number in range(FEW):
            asked(number)
    Reporter(site.cache.engine).tell()
    found = of_family(site, "asked")
    assert (found.asked, found.made, found.made_ahead, found.hit_ratio) == (FEW, 0, FEW, 1)
    assert found.made_ms is not None
    (counted,) = (one for one in gather(site.cache.engine).families if one.family == "asked")
    # Where a reader found it agrees with what it earns.
    assert (counted.outcomes, counted.hit_ratio) == ({"hit redis": FEW}, 1)


def test_pages_are_counted_out_of_memory_too(redis_url: str) -> None:
    worker = Site(redis_url, CACHE_MEMORY_BYTES=1_000_000)

    @worker.app.get("/rows/<int:number>")
    @worker.cache.cached(timeout=50)
    def row(number: int) -> str:
        return worker.read(number).words[0]

    pages = worker.cache.page_cache(worker.app)
    worker.app.wsgi_app = pages.fast_lane(pages)  # type: ignore[method-assign, assignment]
    client = worker.app.test_client()
    with worker.app.app_context():
        listener = Listener(worker.cache.engine)
        listener.start()
        try:
            eventually(lambda: worker.cache.engine.memory.is_trusted)
            outcomes = [client.get("/rows/1").headers["X-Cache"] for _ in range(5)]
        finally:
            listener.stop()
        assert outcomes == ["miss"] + ["hit process"] * 4
        assert pages.refill("view//rows/2") == "miss"
        Reporter(worker.cache.engine).tell()
        found = of_family(worker, "/rows/…")
    assert (found.what, found.asked, found.made, found.made_ahead, found.keys) == ("page", 5, 1, 1, 2)


def test_what_a_family_holds_is_weighed_and_beyond_that_reckoned(site: Site, redis_client: redis.Redis) -> None:
    for number in range(2 * WEIGHED):
        redis_client.set(f"flask_cache_many(number={number:04})", "x" * 1_000)
    redis_client.set("flask_cache_\xff\x1b", "x")
    redis_client.hset("flask_cache_view//rows/1", "page", "x" * 1_000)
    redis_client.hset("broadsheet:spare:view//rows/1", "page", "x" * 1_000)
    held = hold(site.cache.engine)
    many, page = held.families["many"], held.families["/rows/…"]
    assert (many.keys, many.is_exact, held.is_whole) == (2 * WEIGHED, False, True)
    one = redis_client.memory_usage("flask_cache_many(number=0001)")
    assert many.bytes == pytest.approx(2 * WEIGHED * one, rel=0.1)
    assert (page.keys, page.spares, page.is_exact) == (1, 1, True)
    assert page.bytes > 2_000


# On the command line.


def test_worth_is_told_with_its_window_and_unit(site: Site, windows: Windows, run: Run) -> None:
    assert run("worth") == (0, "Nothing was measured in the last hour.\n", "")
    tell(windows, cached=(100, 60), made=(4, 40))
    status, output, _ = run("worth", "--window", "day")
    assert status == 0
    assert output.startswith("The last day: ")
    assert "saved ms/h" in output
    found = json.loads(run("worth", "--json")[1])
    assert (found["window"], found["families"][0]["family"], found["families"][0]["asked"]) == ("hour", "rows", 100)
