"""Rows that are found while they are fetched: their time is the statement's."""

import time
from time import perf_counter_ns

import pytest
from flask import Flask
from sqlalchemy import text

from application.explaining.recorder import Recorder
from application.extensions import db
from application.measuring import timing
from application.measuring.timing import measuring, span

ROWS = 8
SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) SELECT slowly(i) FROM n"


@pytest.fixture
def moments(app: Flask) -> list[int]:
    """When each row after the first was begun and found."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has found all rows before one is fetched")
    found: list[int] = []

    def slowly(number: int) -> int:
        # The first row is there at once.
        if number > 1:
            found.append(perf_counter_ns())
            time.sleep(0.002)
            found.append(perf_counter_ns())
        return number

    driver = db.session.connection().connection.driver_connection
    driver.create_function("slowly", 1, slowly)  # type: ignore[union-attr]
    return found


def test_what_is_found_while_it_is_fetched_is_the_statements_time(moments: list[int]) -> None:
    with Recorder(db.engine).listening() as heard, measuring() as whole, span("view"):
        assert len(db.session.execute(text(SLOW)).all()) == ROWS
    took = moments[-1] - moments[0]
    (view,) = whole.root.children
    (statement,) = view.children
    assert statement.kind == "db"
    assert took <= statement.elapsed <= view.elapsed
    assert heard[0].elapsed >= took
    assert heard[0].rows == ROWS
    assert whole.totals()["db"] == (1, statement.elapsed)
    assert sum(found.own for _, found in whole.root.walk()) == whole.root.elapsed
    assert all(found.own >= 0 for _, found in whole.root.walk())


@pytest.mark.parametrize("way", ["one", "many"])
def test_it_is_so_however_they_are_fetched(moments: list[int], way: str) -> None:
    with measuring() as whole:
        result = db.session.execute(text(SLOW))
        while result.fetchone() if way == "one" else result.fetchmany(3):
            pass
    assert whole.root.children[0].elapsed >= sum(moments[1::2]) - sum(moments[::2])


def test_what_another_part_fetches_is_not_taken_from_it(moments: list[int]) -> None:
    with measuring() as whole:
        with span("view"):
            result = db.session.execute(text(SLOW))
        with span("template"):
            result.all()
    view, template = whole.root.children
    assert template.own >= moments[-1] - moments[0]
    assert view.own >= 0


def test_a_statement_for_which_the_tree_has_no_room_takes_as_long(
    moments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "MOST", 0)
    with measuring() as whole:
        db.session.execute(text(SLOW)).all()
    calls, spent = whole.passed_over["db"]
    assert calls == 1
    assert spent >= moments[-1] - moments[0]
