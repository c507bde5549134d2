"""Spans: they nest, they add up, and they tell `Server-Timing`."""

import re
import threading

import pytest

from application.measuring import timing
from application.measuring.requests import ServerTiming
from application.measuring.timing import MOST, Measurement, Span, measuring, span, timed


def shape(within: Span) -> tuple[str, list[object]]:
    return within.name, [shape(child) for child in within.children]


def test_what_begins_within_a_span_is_a_part_of_it() -> None:
    with measuring("request", "whole") as whole:
        with span("data", "outer"):
            with span("db", "first"):
                pass
            with span("db", "second"):
                pass
        with span("template", "after"):
            pass
    assert shape(whole.root) == ("whole", [("outer", [("first", []), ("second", [])]), ("after", [])])


def test_every_part_lies_within_its_whole_and_their_own_times_add_up_to_it() -> None:
    with measuring() as whole:
        for _ in range(3):
            with span("data"), span("db"):
                sum(range(1000))
    spans = [found for _, found in whole.root.walk()]
    assert sum(found.own for found in spans) == whole.root.elapsed
    for outer in spans:
        end = outer.started
        for inner in outer.children:
            assert end <= inner.started
            end = inner.started + inner.elapsed
        assert end <= outer.started + outer.elapsed
        assert outer.own >= 0


def test_a_span_ends_with_the_error_that_ends_it() -> None:
    with measuring("request", "whole") as whole:
        with pytest.raises(ZeroDivisionError), span("data", "broken"), span("db", "too"):
            _ = 1 / 0
        with span("data", "next"):
            pass
    assert shape(whole.root) == ("whole", [("broken", [("too", [])]), ("next", [])])
    assert all(found.elapsed >= 0 for _, found in whole.root.walk())


def test_a_timed_function_is_a_span_of_its_name() -> None:
    @timed("double")
    def double(number: int) -> int:
        return number * 2

    with measuring() as whole:
        assert double(4) == 8
    (only,) = whole.root.children
    assert (only.kind, only.name) == ("data", "double")


def test_a_span_outside_any_measurement_costs_nobody_anything() -> None:
    assert timing.current() is None
    with span("db", "alone") as alone:
        assert timing.current() is None
    assert alone.elapsed >= 0


def test_a_measurement_within_another_is_a_whole_of_its_own() -> None:
    with measuring("request", "outer") as outer:
        with measuring("job", "inner") as inner, span("db", "of the job"):
            pass
        with span("db", "of the request"):
            pass
    assert shape(outer.root) == ("outer", [("of the request", [])])
    assert shape(inner.root) == ("inner", [("of the job", [])])


def test_a_thread_has_nothing_to_do_with_the_request_that_started_it() -> None:
    def work() -> None:
        with span("db", "elsewhere"):
            pass

    with measuring() as whole:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert whole.root.children == []


def test_a_tree_is_bounded_and_says_what_it_has_no_room_for() -> None:
    with measuring() as whole:
        for _ in range(MOST):
            with span("db", "one"):
                pass
        with span("data", "late"), span("db", "later"):
            pass
    assert len(whole.root.children) == MOST
    totals = whole.totals()
    assert (totals["db"][0], totals["data"][0]) == (MOST + 1, 1)
    assert set(whole.passed_over) == {"db", "data"}
    assert sum(found.own for _, found in whole.root.walk()) == whole.root.elapsed


def test_time_within_the_same_kind_is_not_added_twice() -> None:
    with measuring() as whole, span("cache", "outer") as outer, span("cache", "inner"):
        sum(range(1000))
    assert whole.totals()["cache"] == (2, outer.elapsed)


def test_the_header_counts_what_no_note_describes() -> None:
    with measuring() as whole:
        with span("db", "SELECT 1"):
            pass
        timing.note("cache", "hit process")
        with span("template", "a.html"):
            pass
        with span("template", "b.html"):
            pass
    number = r"\d+\.\d{3}"
    assert re.fullmatch(
        rf'db;dur={number};desc="1 statement", cache;dur={number};desc="hit process", '
        rf'template;dur={number};desc="2 templates", total;dur={number}',
        whole.header(),
    )


def answered(app: ServerTiming, path: str = "/") -> dict[str, str]:
    sent: dict[str, str] = {}

    def start(_status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> object:
        sent.update(headers)
        return None

    assert b"".join(app({"REQUEST_METHOD": "GET", "PATH_INFO": path}, start)) == b"hello"
    return sent


def test_each_request_is_measured_alone(measured: list[Measurement]) -> None:
    def application(environ: object, start: object) -> list[bytes]:
        with span("db", "SELECT 1"):
            pass
        start("200 OK", [])  # type: ignore[operator]
        return [b"hello"]

    app = ServerTiming(application)  # type: ignore[arg-type]
    for path in ("/one", "/two"):
        assert 'desc="1 statement"' in answered(app, path)["Server-Timing"]
        assert timing.current() is None
    assert [(whole.root.name, whole.status) for whole in measured] == [("GET /one", 200), ("GET /two", 200)]


def test_a_request_that_breaks_is_measured_too(measured: list[Measurement]) -> None:
    def application(_environ: object, _start: object) -> list[bytes]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answered(ServerTiming(application))  # type: ignore[arg-type]
    (whole,) = measured
    assert whole.root.elapsed > 0
    assert timing.current() is None
