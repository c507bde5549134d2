"""What templates are given: dates, short lines, the names of assets."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from application.controller.presentation import (
    fingerprint,
    long_date,
    made_at,
    opens_with,
    paragraphs,
    plain_line,
    short_date,
)

AUCKLAND = ZoneInfo("Pacific/Auckland")
LATE = datetime(2026, 8, 4, 22, 30, 5, tzinfo=UTC)


def test_dates_are_those_of_the_site_s_own_zone() -> None:
    assert long_date(LATE, AUCKLAND) == "5 August 2026"
    assert short_date(LATE, AUCKLAND) == "5 Aug 2026"
    assert long_date(LATE, ZoneInfo("UTC")) == "4 August 2026"


def test_a_page_tells_when_it_was_made() -> None:
    assert made_at(LATE, AUCKLAND) == "10:30:05 NZST"


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert paragraphs("one\nline\n \n\ntwo\n") == ["one\nline", "two"]
    assert paragraphs(" \n") == []


def test_a_line_is_cut_at_a_word() -> None:
    assert plain_line("  one\n two ", 20) == "one two"
    assert plain_line("one two, three four", 12) == "one two…"
    assert len(plain_line("x" * 50, 20)) == 20


def test_a_fingerprint_follows_the_content(tmp_path: Path) -> None:
    asset = tmp_path / "a.css"
    asset.write_text("one")
    first = fingerprint(asset)
    assert len(first) == 10
    asset.write_text("another")
    assert fingerprint(asset) != first
    assert fingerprint(tmp_path / "none.css") == ""


@pytest.mark.parametrize(
    ("html", "standfirst", "expected"),
    [
        ("<p>It <em>begins</em>\nlike this, and goes on.</p>", "It begins like this…", True),
        ("<p>Fish &amp; chips</p>", "Fish & chips", True),
        ("<p>It begins otherwise.</p>", "It begins like this…", False),
        ("", "It begins like this", False),
    ],
)
def test_a_standfirst_that_repeats_the_first_words_is_known(html: str, standfirst: str, expected: bool) -> None:
    assert opens_with(html, standfirst) is expected
