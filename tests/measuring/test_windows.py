"""What all processes measured, added up in Redis by the hour and the day."""

import msgspec
import pytest
import redis
from flask import Flask
from flask.testing import FlaskCliRunner

from application.caching.listener import Listener
from application.caching.reporting import Reporter
from application.extensions import cache
from application.measuring import figures
from application.measuring.figures import (
    BOUNDS,
    LOOKED_UP,
    OTHERS,
    SPANS,
    WHOLES,
    Figures,
    Part,
    Taken,
    Tally,
    Whole,
    route_name,
)
from application.measuring.timing import Measurement, measuring, span
from application.measuring.window import percentile
from application.measuring.windows import FIELDS, KEY, NAMES, NAMES_KEY, Windows, digest
from tests.controller.conftest import Browser
from tests.own_redis import own_redis
from tests.site import eventually

MS = 1_000_000
SECRET = b"of one site"
GIVEN = {"ask": lambda call: call()}


@pytest.fixture
def windows(redis_client: redis.Redis) -> Windows:
    return Windows(redis_client, SECRET)


@pytest.fixture(autouse=True)
def nothing_yet() -> None:
    """Forget what earlier tests of this process measured."""
    figures.process.take()


def measured(route: str, *elapsed: int, status: int = 200) -> Figures:
    made = Figures()
    for one in elapsed:
        made.tally("request", route).note(one, status)
    return made


# In the process.


def test_a_tally_counts_by_duration_and_outcome() -> None:
    tally = Tally()
    for elapsed, status in ((40_000, 200), (3 * MS, 404), (20_000 * MS, 503)):
        tally.note(elapsed, status)
    tally.fast += 2
    tally.fast_spent += 9_000
    whole = tally.take()
    assert whole is not None
    assert (whole.count, whole.refused, whole.failed) == (5, 1, 1)
    assert whole.spent == 40_000 + 3 * MS + 20_000 * MS + 9_000
    assert (whole.buckets[0], whole.buckets[BOUNDS.index(5 * MS)], whole.buckets[-1]) == (3, 1, 1)
    assert (whole.shortest, whole.longest) == (1, 20_000 * MS)
    assert tally.take() is None


def test_a_whole_and_its_parts_are_counted_when_it_ends() -> None:
    with measuring("job", "tidy"), span("data", "look"), span("db", "SELECT 1"):
        pass
    taken = figures.process.take()
    assert taken.wholes["job", "tidy"].count == 1
    assert {name: part.calls for name, part in taken.parts.items()} == {("data", "look"): 1, ("db", "SELECT 1"): 1}
    assert figures.process.take() == Taken({}, {})


def test_a_job_that_breaks_is_counted_as_failed() -> None:
    with pytest.raises(ZeroDivisionError), measuring("job", "tidy"):
        _ = 1 / 0
    assert figures.process.take().wholes["job", "tidy"].failed == 1


def test_made_up_methods_and_names_do_not_make_the_figures_grow() -> None:
    made = Figures()
    for number in range(2 * WHOLES):
        made.tally("request", f"GET /{number}").note(1, 200)
    with measuring() as whole:
        pass
    whole.root.children = [span("db", f"SELECT {number}") for number in range(2 * SPANS)]
    made.note(whole)
    taken = made.take()
    assert len(taken.wholes) <= WHOLES + 2
    assert taken.wholes["request", OTHERS].count == WHOLES
    assert len(taken.parts) == SPANS + 1
    assert {route_name(f"X{number}", "/") for number in range(9)} == {"OTHER /"}


def test_a_request_is_counted_under_its_route(reader: Browser) -> None:
    reader.get("/articles/on-engines")
    reader.get("/articles/none")
    reader.get("/made/up")
    wholes = figures.process.take().wholes
    assert wholes["request", "GET /articles/<slug>"].count == 2
    assert wholes["request", "GET /articles/<slug>"].refused == 1
    assert wholes["request", "GET (no route)"].refused == 1


def test_an_answer_of_the_fast_lane_is_counted_under_the_route_of_its_page(
    reader: Browser, measured: list[Measurement]
) -> None:
    assert cache.engine is not None
    listener = Listener(cache.engine)
    listener.start()
    try:
        eventually(lambda: reader.get("/").headers["X-Cache"] == "hit process")
        figures.process.take()
        measured.clear()
        for _ in range(5):
            assert reader.get("/").headers["X-Cache"] == "hit process"
    finally:
        listener.stop()
    assert measured == []
    whole = figures.process.take().wholes["request", "GET /"]
    assert (whole.buckets[0], whole.count) == (5, 5)
    assert whole.spent > 0


# In Redis.


def test_two_processes_are_added_up(windows: Windows) -> None:
    for process in (measured("GET /", MS, 3 * MS), measured("GET /", 3 * MS, status=500)):
        assert windows.tell(process.take(), **GIVEN)
    found = windows.read("hour")
    (route,) = found.routes
    assert (route.kind, route.name, route.count, route.failed, route.refused) == ("request", "GET /", 3, 1, 0)
    assert route.mean_ms == pytest.approx(7 / 3, abs=0.001)
    assert 2 < route.p50_ms <= 5
    assert found.since is not None
    assert found.since <= found.until
    assert windows.read("day").routes[0].count == 3


def test_spans_are_added_up_and_the_longest_is_kept(windows: Windows) -> None:
    for longest in (5 * MS, 3 * MS):
        windows.tell(Taken({}, {("db", "SELECT 1\n FROM x"): Part(2, 7 * MS, longest)}), **GIVEN)
    (spent,) = windows.read("hour").spans
    assert (spent.kind, spent.name, spent.calls, spent.total_ms, spent.longest_ms) == (
        "db",
        "SELECT 1\n FROM x",
        4,
        14,
        5,
    )


def test_what_was_before_the_window_is_not_in_it(windows: Windows, redis_client: redis.Redis) -> None:
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    (slot,) = redis_client.keys(f"{KEY}hour:*")
    name, _, start = slot.decode().rpartition(":")
    redis_client.rename(slot, f"{name}:{int(start) - 3_900}")
    assert windows.read("hour").routes == []
    assert windows.read("day").routes[0].count == 1


def test_every_slot_goes_by_itself(windows: Windows, redis_client: redis.Redis) -> None:
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    lifetimes = {name: redis_client.ttl(name) for name in redis_client.keys(f"{KEY}*")}
    assert len(lifetimes) == 3
    assert all(0 < seconds <= 2 * 86_400 for seconds in lifetimes.values())


def test_a_slot_is_bounded_and_says_what_was_left_out(windows: Windows, redis_client: redis.Redis) -> None:
    for start in range(0, FIELDS, 500):
        parts = {("db", f"SELECT {number}"): Part(1, 1, 1) for number in range(start, start + 500)}
        windows.tell(Taken({}, parts), **GIVEN)
    for slot in redis_client.keys(f"{KEY}[hd]*:*"):
        assert redis_client.hlen(slot) <= FIELDS + 2
    assert redis_client.hlen(NAMES_KEY) <= NAMES
    assert windows.read("hour").left_out > 0


def test_names_that_were_forgotten_are_told_again(windows: Windows, redis_client: redis.Redis) -> None:
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    redis_client.delete(NAMES_KEY)
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    assert redis_client.hgetall(NAMES_KEY) == {digest(SECRET, "request", "GET /").encode(): b"request GET /"}
    assert windows.read("hour").routes[0].count == 2


def test_a_name_that_somebody_else_wrote_is_not_believed(windows: Windows, redis_client: redis.Redis) -> None:
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    (slot,) = redis_client.keys(f"{KEY}hour:*")
    (known,) = redis_client.hkeys(NAMES_KEY)
    strange = digest(b"guessed", "db", "SELECT drop_all()")
    redis_client.hset(NAMES_KEY, mapping={strange: "db SELECT drop_all()", known: "db SELECT drop_all()"})
    redis_client.hset(slot, mapping={f"calls {strange}": 1, f"calls {known.decode()}": 1})
    found = windows.read("hour")
    assert (found.routes, found.spans) == ([], [])


def test_what_is_no_figure_is_passed_over(windows: Windows, redis_client: redis.Redis) -> None:
    windows.tell(measured("GET /", MS).take(), **GIVEN)
    (slot,) = redis_client.keys(f"{KEY}hour:*")
    redis_client.hset(slot, mapping={b"calls \xff": 1, "calls one": "many", "since": "yesterday"})
    redis_client.hset(NAMES_KEY, b"\xff", b"db \xff")
    assert [one.count for one in windows.read("hour").routes] == [1]


def test_a_full_redis_takes_the_figures(windows: Windows, redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        assert windows.tell(measured("GET /", MS).take(), **GIVEN)
    finally:
        redis_client.config_set("maxmemory", 0)


def test_what_could_not_be_told_is_lost_and_that_is_told(windows: Windows) -> None:
    assert not windows.tell(measured("GET /", MS, MS).take(), lambda _call: None)
    assert windows.tell(measured("GET /", MS).take(), **GIVEN)
    found = windows.read("hour")
    assert (found.lost, found.routes[0].count) == (2, 1)


@pytest.mark.parametrize(
    ("buckets", "part", "expected"),
    [
        ([10], 0.5, 25_000),
        ([0, 10], 1.0, 100_000),
        ([9, 0, 0, 1], 0.9, 50_000),
        ([0] * len(BOUNDS) + [1], 0.5, BOUNDS[-1]),
        ([], 0.5, 0),
    ],
)
def test_a_percentile_lies_within_its_bucket(buckets: list[int], part: float, expected: float) -> None:
    assert percentile(buckets, part) == expected


def test_percentiles_lie_between_the_shortest_and_the_longest(windows: Windows) -> None:
    # One alone is told as it was; several of two processes lie between what either measured.
    assert windows.tell(measured("POST /one", 4_101 * MS).take(), **GIVEN)
    assert windows.tell(measured("POST /login", 1_100 * MS, 1_187 * MS).take(), **GIVEN)
    assert windows.tell(measured("POST /login", 1_050 * MS, 15_000 * MS).take(), **GIVEN)
    found = {route.name: route for route in windows.read("hour").routes}
    alone = found["POST /one"]
    assert alone.p50_ms == alone.p90_ms == alone.p99_ms == alone.mean_ms == 4_101
    several = found["POST /login"]
    assert 1_050 <= several.p50_ms <= 2_000
    assert 10_000 < several.p99_ms <= 15_000


def test_what_the_fast_lane_answered_is_the_shortest(windows: Windows) -> None:
    figures = measured("GET /", 3 * MS)
    figures.tally("request", "GET /").fast += 9
    assert windows.tell(figures.take(), **GIVEN)
    (route,) = windows.read("hour").routes
    assert 0 < route.p50_ms <= 0.05
    assert 2 <= route.p99_ms <= 3


# On the command line.


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def told(app: Flask, reader: Browser) -> None:
    """A page that was asked for, and what its process told of it."""
    reader.get("/articles/on-engines")
    reader.get("/made/up")
    assert cache.engine is not None
    Reporter(cache.engine).tell()


def test_routes_are_shown_with_their_window(told: None, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["perf", "routes"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("The last hour: ")
    assert "UTC, all processes" in result.output
    assert "p99 ms" in result.output
    assert "request GET /articles/<slug>" in result.output


def test_spans_are_shown_by_kind(told: None, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["perf", "spans", "--kind", "db", "--window", "day"])
    assert result.exit_code == 0, result.output
    assert "db SELECT articles.article_id" in result.output
    assert "template" not in result.output


def test_a_program_gets_everything(told: None, runner: FlaskCliRunner) -> None:
    routes = msgspec.json.decode(runner.invoke(args=["perf", "routes", "--json"]).output)
    assert {one["name"]: one["count"] for one in routes["routes"]}["GET /articles/<slug>"] == 1
    assert routes["since"] <= routes["until"]
    assert (routes["window"], routes["lost"], routes["left_out"]) == ("hour", 0, 0)
    spans = msgspec.json.decode(runner.invoke(args=["perf", "spans", "--json"]).output)
    assert {"calls", "kind", "longest_ms", "mean_ms", "name", "total_ms"} == set(spans["spans"][0])


def test_nothing_measured_is_said_in_a_line(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["perf", "spans", "--kind", "none"])
    assert (result.exit_code, result.output) == (1, "Error: nothing of this was measured in the last hour\n")


def test_a_redis_that_is_away_is_said_in_a_line(app: Flask, runner: FlaskCliRunner) -> None:
    with own_redis() as server:
        client = redis.Redis(port=server.port)
    app.extensions["broadsheet_windows"] = Windows(client)
    result = runner.invoke(args=["perf", "routes"])
    assert result.exit_code == 2
    assert result.output.startswith("Error: Redis does not answer: ")
    assert "Traceback" not in result.output


def test_a_whole_without_spans_is_nothing_to_show(windows: Windows) -> None:
    windows.tell(Taken({("request", "GET /"): Whole([0, 1])}, {}), **GIVEN)
    assert windows.read("hour").spans == []


def test_what_the_fast_lane_answers_is_counted_by_route_and_by_family(windows: Windows) -> None:
    made = Figures()
    lane = made.lane("GET /rows/<int:number>", "/rows/…")
    assert made.lane("GET /rows/<int:number>", "/rows/…") is lane
    lane.calls, lane.spent = 3, 6_000
    taken = made.take()
    assert taken.wholes["request", "GET /rows/<int:number>"].count == 3
    assert taken.parts[LOOKED_UP, "/rows/…"] == Part(3, 6_000)
    assert made.take() == Taken({}, {})
    windows.tell(taken, **GIVEN)
    (spent,) = windows.read("hour").spans
    assert (spent.kind, spent.name, spent.calls, spent.longest_ms) == ("cached-page", "/rows/…", 3, 0)


def test_made_up_families_do_not_make_the_figures_grow() -> None:
    made = Figures()
    for number in range(2 * WHOLES):
        made.lane("GET /<path:any>", f"/{number}").calls += 1
        made.add("made", f"/{number}", 1)
    for number in range(2 * SPANS):
        made.add("made", f"/{number}", 1)
    taken = made.take()
    assert len(taken.parts) <= SPANS + 2
    assert sum(part.calls for (kind, _), part in taken.parts.items() if kind == LOOKED_UP) == 2 * WHOLES
    assert taken.wholes["request", "GET /<path:any>"].count == 2 * WHOLES
