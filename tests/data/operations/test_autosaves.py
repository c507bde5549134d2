"""Autosaves: what was typed and not sent is there again, for its writer alone, and touches nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from application.data.data_access import get_autosave, get_autosaves
from application.data.errors import Invalid, NotFound
from application.data.models import Autosave, User
from application.data.operations.autosaves import KEPT, LONGEST, MOST_FORMS, discard, keep, purge
from application.data.types import utc_now
from application.extensions import db

Make = Callable[..., int]
Told = list[tuple[str, set[str]]]


@pytest.fixture
def ada(make_user: Make) -> int:
    return make_user("ada")


def test_what_was_typed_is_there_again(ada: int, make_user: Make, invalidated: Told) -> None:
    grace = make_user("grace")
    keep(ada, "new", None, {"title": "A ti", "content": ""})
    at = keep(ada, "new", None, {"title": "A title", "content": "Half a sen"})
    keep(grace, "new", None, {"title": "Hers"})
    found = get_autosave(ada, "new")
    assert found is not None
    assert (found.fields, found.updated_at) == ({"title": "A title", "content": "Half a sen"}, at)
    assert get_autosave(ada, "other") is None
    keep(ada, "other", None, {})
    assert [kept.form_key for kept in get_autosaves(ada)] == ["other", "new"]
    assert discard(ada, "new")
    assert not discard(ada, "new")
    assert [kept.form_key for kept in get_autosaves(ada)] == ["other"]
    assert get_autosave(grace, "new") is not None
    assert invalidated == []


def test_it_knows_its_article_while_there_is_one(ada: int, make_article: Make) -> None:
    article_id = make_article()
    keep(ada, "form", article_id, {"title": "x"})
    keep(ada, "gone", 999, {"title": "x"})
    assert {kept.form_key: kept.article_id for kept in get_autosaves(ada)} == {"form": article_id, "gone": None}


@pytest.mark.parametrize("form_key", ["", "x" * 41, "a\nb", "ä"])
def test_a_key_is_a_key(ada: int, form_key: str) -> None:
    with pytest.raises(Invalid):
        keep(ada, form_key, None, {})


def test_a_form_has_bounds(ada: int) -> None:
    keep(ada, "long", None, {"content": "x" * (LONGEST - 100)})
    for fields in ({"content": "x" * LONGEST}, {str(n): "" for n in range(41)}):
        with pytest.raises(Invalid):
            keep(ada, "long", None, fields)


def test_half_characters_do_not_cost_the_rest(ada: int) -> None:
    keep(ada, "form", None, {"content": "a\x00b\ud800c 🎉\u202e"})
    found = get_autosave(ada, "form")
    assert found is not None
    assert found.fields == {"content": "abc 🎉\u202e"}


def test_the_oldest_of_very_many_forms_go(ada: int) -> None:
    for number in range(MOST_FORMS + 3):
        keep(ada, f"form-{number}", None, {})
    kept = [autosave.form_key for autosave in get_autosaves(ada)]
    assert len(kept) == MOST_FORMS
    assert kept[0] == f"form-{MOST_FORMS + 2}"
    assert "form-0" not in kept


def test_an_account_that_is_no_more_keeps_nothing(ada: int) -> None:
    keep(ada, "form", None, {"title": "x"})
    db.session.execute(delete(User))
    db.session.commit()
    assert get_autosaves(ada) == ()
    with pytest.raises(NotFound):
        keep(ada, "form", None, {"title": "y"})


def test_two_tabs_at_once_keep_one(app: Flask, ada: int) -> None:
    together = threading.Barrier(4)

    def work(number: int) -> None:
        with app.app_context():
            together.wait(10)
            keep(ada, "form", None, {"title": str(number)})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Autosave)) == 1


def test_what_nobody_came_back_for_is_purged(ada: int) -> None:
    keep(ada, "form", None, {})
    assert purge(utc_now() + KEPT - timedelta(minutes=1)) == 0
    assert purge(utc_now() + KEPT + timedelta(minutes=1)) == 1
    assert get_autosaves(ada) == ()
