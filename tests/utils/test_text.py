import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.utils.text import (
    clean_body,
    clean_line,
    fold,
    fold_address,
    numbered,
    reading_minutes,
    shorten,
    slugify,
)


def test_a_folded_name_is_one_spelling_whatever_its_case_and_composition() -> None:
    assert fold("ÅSA") == fold("a\u030asa") == "åsa"
    assert fold("Straße") == "strasse"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Announcing Rust 1.17!", "announcing-rust-1-17"),
        ("  Ünïcode — “quotes”  ", "ünïcode-quotes"),
        ("Почему мы пишем", "почему-мы-пишем"),
        ("snake_case", "snake-case"),
        ("…!?", ""),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("\u3164", ""),
        ("a\u2800b", "ab"),
        ("C", "c"),
        ("What is new in C++20 & F#?", "what-is-new-in-c-plus-plus-20-f-sharp"),
        ("Rock+roll: #1 in the + list, C.", "rock-roll-1-in-the-list-c"),
    ],
)
def test_a_slug_keeps_letters_and_digits_of_any_script(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_a_long_slug_is_cut_between_words() -> None:
    assert slugify("one two three", 9) == "one-two"
    assert slugify("x" * 50, 10) == "x" * 10


def test_a_numbered_slug_stays_within_the_limit() -> None:
    assert numbered("x", 1) == "x"
    assert numbered("x" * 100, 12) == "x" * 97 + "-12"


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("2014/12/12/1.0-Timeline.html", "/2014/12/12/1.0-timeline.html"),
        ("/2015/07/08/x/", "/2015/07/08/x"),
        ("http://blog.example.org/post/1/coming%20soon", "/post/1/coming soon"),
        ("/a//b/index.html", "/a/b"),
        ("/?p=12", ""),
        ("/", ""),
        ("http://[broken", ""),
    ],
)
def test_an_address_has_one_spelling(address: str, folded: str) -> None:
    assert fold_address(address) == folded


def test_controls_and_overrides_are_taken_out_of_bodies_and_other_marks_of_direction_kept() -> None:
    assert clean_body("a\x00\x08b\r\nc\u202ed\u2067e\tf") == "ab\ncd\u2067e\tf"


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b\u200d", "\u3164", "\u2800 \u115f\n", "\u2066\u2069", "\ufe0f", "\ufffc"]
)
def test_text_in_which_there_is_nothing_to_see_is_none(text: str) -> None:
    assert (clean_line(text), clean_body(text)) == ("", "")


@pytest.mark.parametrize("text", ["!", "a\u200bb", "ㅎ\u3164", "👩\u200d🔬", "١", "§"])
def test_text_keeps_the_joiners_and_fillers_between_what_is_seen(text: str) -> None:
    assert clean_line(text) == text


def test_a_line_holds_nothing_that_turns_its_neighbours_round() -> None:
    assert clean_line("a\n \u2067b\u202a\tc ") == "a b c"


def test_reading_time_counts_words_and_the_characters_of_scripts_without_spaces() -> None:
    assert reading_minutes("") == 1
    assert reading_minutes("word " * 2300) == 10
    assert reading_minutes("字" * 5000) == 10


@given(st.text(), st.integers(1, 300))
def test_what_is_shortened_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit + 1


@given(st.text(max_size=300))
def test_a_slug_is_a_fixed_point(text: str) -> None:
    slug = slugify(text)
    assert slugify(slug) == slug
    assert len(slug) <= 100
    assert not slug or unicodedata.is_normalized("NFC", slug)


@given(st.text(max_size=300))
def test_an_address_is_a_fixed_point_or_nothing(text: str) -> None:
    folded = fold_address(text)
    assert folded == "" or folded.startswith("/")
