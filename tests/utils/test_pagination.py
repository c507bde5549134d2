"""Cursors: what was written is read back, anything else is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.utils.ids import MAX_ID
from application.utils.pagination import TOP, InvalidCursor, Position, read_cursor, write_cursor


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, MAX_ID))
def test_a_cursor_is_read_back_as_it_was_written(at: datetime, article_id: int) -> None:
    assert read_cursor(write_cursor(Position(at, article_id))) == (at, article_id)


def test_a_cursor_reads_like_a_time_and_an_id() -> None:
    at = datetime(2026, 3, 1, 13, 4, 5, 6, tzinfo=timezone(timedelta(hours=1)))
    assert write_cursor(Position(at, 12)) == "20260301T120405000006Z-12"


def test_no_cursor_is_the_top() -> None:
    assert read_cursor(None) == TOP


@given(st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        position = read_cursor(text)
    except InvalidCursor:
        return
    assert write_cursor(position) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "20260301T120405000006Z",
        "20260301T120405000006Z-",
        "20260301T120405000006Z-0",
        "20260301T120405000006Z-012",
        "20260301T120405000006Z--1",
        "20260301T120405000006Z-99999999999",
        "20260301T120405000006Z-1234567890123456789012",
        "20260231T120405000006Z-1",
        "20260301T250405000006Z-1",
        "00000301T120405000006Z-1",
        "２０２６0301T120405000006Z-1",
        "20260301T120405000006Z-1\n",
        " 20260301T120405000006Z-1",
        "20260301T120405000006Z-1\x00",
        "x" * 100_000,
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(text)
