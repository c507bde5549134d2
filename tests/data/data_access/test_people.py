"""Authors as readers know them, and whose names are taken."""

from collections.abc import Callable

import pytest
from flask import Flask

from application.data.data_access import get_person, get_profile_id, get_tag, get_user_name, is_name_taken
from application.data.operations.articles import unpublish_article
from application.data.records import Person, PersonPage, TagRecord
from tests.articles import TESTER

Make = Callable[..., int]


def test_an_author_is_found_by_name(make_profile: Make) -> None:
    ada = make_profile("ada", "Ada Lovelace", biography="Wrote the first program.")
    assert get_person("ada") == PersonPage(Person(ada, "ada", "Ada Lovelace"), "Wrote the first program.")
    assert get_person("grace") is None


def test_an_author_who_comes_into_being_is_seen_at_once(app: Flask, make_profile: Make) -> None:
    assert get_person("ada") is None
    make_profile("ada")
    assert get_person("ada") is not None


def test_an_account_is_an_author_or_not(make_profile: Make, make_user: Make) -> None:
    reader, writer = make_user("reader"), make_user("writer")
    profile = make_profile("writer", user_id=writer)
    assert (get_profile_id(writer), get_user_name(writer)) == (profile, "writer")
    assert (get_profile_id(reader), get_user_name(reader)) == (None, None)


@pytest.mark.parametrize("name", ["ada", "Ada", " ADA ", "straße", "STRASSE", "a\u0308rger", "\u00c4RGER"])
def test_a_name_of_an_account_or_an_author_is_taken(make_profile: Make, make_user: Make, name: str) -> None:
    make_user("ada")
    make_profile("strasse")
    make_profile("\u00e4rger")
    assert is_name_taken(name)
    assert not is_name_taken(name + "x")


def test_a_tag_is_found_by_its_slug_once_readers_see_an_article_of_it(make_tag: Make, make_article: Make) -> None:
    assert get_tag("rust") is None
    rust = make_tag()
    assert get_tag("rust") is None
    make_article("draft", tags=(rust,), status="draft")
    assert get_tag("rust") is None
    make_article("shown", tags=(rust,))
    assert get_tag("rust") == TagRecord(rust, "rust", "Rust")
    unpublish_article("shown", TESTER)
    assert get_tag("rust") is None
