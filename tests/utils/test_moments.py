"""Moments that may come from anybody."""

import pytest

from application.utils.moments import moment_of, written


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -float("inf"), 1e300, -1e300, -1, 2**70])
def test_what_is_no_time_is_written_all_the_same(seconds: float) -> None:
    assert moment_of(seconds).tzinfo is not None
    assert written(seconds)[:4] in {"1970", "9999"}


def test_a_moment_is_written_to_the_second() -> None:
    assert written(1_785_844_985) == "2026-08-04 12:03:05"
