import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.importing.dates import date_in_name, date_in_path, read_date, without_date
from application.importing.problems import ImportProblem


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2014-03-12", "2014-03-12T00:00Z"),
        ("2014-3-2", "2014-03-02T00:00Z"),
        ("2014/03/12 9:05", "2014-03-12T09:05Z"),
        ("2015-03-17 14:00:00 -4", "2015-03-17T18:00Z"),
        ("2015-03-17 14:00:00 -0430", "2015-03-17T18:30Z"),
        ("2014-03-12T10:11:00-04:00", "2014-03-12T14:11Z"),
        ("2014-03-12T10:11:00.250Z", "2014-03-12T10:11:00.250Z"),
        ("2015-03-05 10:11:12 +0000 UTC", "2015-03-05T10:11:12Z"),
        ("March 5th, 2015", "2015-03-05T00:00Z"),
        ("5 Mar 2015 10:11 p.m.", "2015-03-05T22:11Z"),
        ("Thu, 05 Mar 2015 10:11:00 EST", "2015-03-05T15:11Z"),
        ("Thu Mar 05 2015 10:11:00 GMT-0400 (EDT)", "2015-03-05T14:11Z"),
        ("20150305", "2015-03-05T00:00Z"),
        ("25/03/2015", "2015-03-25T00:00Z"),
        ("5.3.2015", "2015-03-05T00:00Z"),
        (date(2015, 3, 5), "2015-03-05T00:00Z"),
        (datetime(2015, 3, 5, 1, tzinfo=timezone(timedelta(hours=2))), "2015-03-04T23:00Z"),
    ],
)
def test_every_shape_is_one_moment(written: object, moment: str) -> None:
    assert read_date(written, UTC).astimezone(UTC) == datetime.fromisoformat(moment)


def test_a_date_without_a_zone_is_the_blogs() -> None:
    zone = ZoneInfo("America/New_York")
    assert read_date("2015-07-08", zone).astimezone(UTC) == datetime(2015, 7, 8, 4, tzinfo=UTC)
    assert read_date("2015-01-08 12:00", zone).astimezone(UTC) == datetime(2015, 1, 8, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2015-02-30", "does not exist"),
        ("2015-03-05 25:00", "does not exist"),
        ("13:00 pm", "no known shape"),
        ("5 Brumaire 2015", "names no month"),
        ("05/03/2015", "two ways"),
        ("2015-07-08 10:00 XYZ", "unknown time zone"),
        ("2015-07-08 10:00 +99", "does not exist"),
        ("0001-01-01T00:00:00+14:00", "cannot be stored"),
        ("yesterday", "no known shape"),
    ],
)
def test_what_is_no_moment_is_reported(written: str, words: str) -> None:
    with pytest.raises(ImportProblem, match=words):
        read_date(written, UTC)


def test_dates_in_names_and_paths() -> None:
    assert date_in_name("2015-07-08-openfec-api") == date(2015, 7, 8)
    assert date_in_name("2015_7_8_x") == date(2015, 7, 8)
    assert date_in_name("20150708-x") == date(2015, 7, 8)
    assert date_in_name("2024-State-Of-Rust") is None
    assert date_in_name("12345678-numbers") is None
    assert date_in_path("inside-rust/2025/12/02/x") == date(2025, 12, 2)
    assert date_in_path("2015/x") is None
    assert without_date("2015-07-08-openfec-api") == "openfec-api"
    assert without_date("2024-Edition-CFP") == "2024-Edition-CFP"
    with pytest.raises(ImportProblem, match="does not exist"):
        date_in_name("2015-02-30-x")


@given(st.text(alphabet="0123456789-/:.TZ+ apmMarch,()", max_size=40) | st.text(max_size=40) | st.dates().map(str))
def test_anything_is_a_moment_or_a_problem(text: str) -> None:
    with contextlib.suppress(ImportProblem):
        assert read_date(text, UTC).tzinfo is not None
