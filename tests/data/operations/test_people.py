"""Which account is which author."""

from collections.abc import Callable

import pytest
from flask import Flask

from application.data.data_access import get_person, get_profile_id, get_user_name
from application.data.errors import Invalid, NameTaken, NotFound
from application.data.operations.people import ensure_profile, link_profile

Make = Callable[..., int]


def test_an_account_becomes_an_author_once(make_user: Make) -> None:
    ada = make_user("ada")
    profile = ensure_profile(ada)
    assert ensure_profile(ada) == profile == get_profile_id(ada)
    found = get_person("ada")
    assert found is not None
    assert found.person.display_name == "ada"


def test_a_namesake_is_never_taken_for_the_author_who_is_there(make_user: Make, make_profile: Make) -> None:
    imported = make_profile("ada", "Ada Lovelace")
    ada = make_user("ada")
    assert ensure_profile(ada) != imported
    assert get_user_name(ada) == "ada-2"


def test_the_number_is_nobodys_either(make_user: Make, make_profile: Make) -> None:
    make_profile("ada")
    make_user("ada-2")
    make_profile("ada-3")
    ada = make_user("ada")
    ensure_profile(ada)
    assert get_user_name(ada) == "ada-4"


def test_an_account_without_a_name_does_not_show_its_address(make_user: Make) -> None:
    ada = make_user("ada", username=None)
    ensure_profile(ada)
    assert get_user_name(ada) == f"author-{ada}"


def test_an_administrator_links_an_account_to_an_imported_author(make_user: Make, make_profile: Make) -> None:
    imported, ada = make_profile("ada"), make_user("ada")
    assert link_profile(ada, "Ada") == imported == link_profile(ada, "ada")
    assert ensure_profile(ada) == imported


def test_an_author_is_one_account_and_an_account_one_author(make_user: Make, make_profile: Make) -> None:
    make_profile("ada")
    make_profile("grace")
    ada, grace = make_user("ada"), make_user("grace")
    link_profile(ada, "ada")
    with pytest.raises(NameTaken):
        link_profile(grace, "ada")
    with pytest.raises(Invalid):
        link_profile(ada, "grace")


def test_nobody_is_linked_to_nobody(app: Flask, make_user: Make, make_profile: Make) -> None:
    make_profile("ada")
    for user_id, name in ((99, "ada"), (make_user("grace"), "nobody")):
        with pytest.raises(NotFound):
            link_profile(user_id, name)
    with pytest.raises(NotFound):
        ensure_profile(99)
