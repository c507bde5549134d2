"""Which account is which author."""

from collections.abc import Callable

import pytest
from flask import Flask

from application.data.data_access import get_audit, get_person, get_profile_id, get_user_name
from application.data.errors import Invalid, NameTaken, NotFound
from application.data.operations.people import LONGEST_BIOGRAPHY, edit_profile, ensure_profile, link_profile
from application.data.records import Actor

Told = list[tuple[str, set[str]]]
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


def test_an_author_says_who_they_are(make_user: Make, make_profile: Make, invalidated: Told) -> None:
    by = Actor(make_user("ada"), "ada")
    profile = make_profile("ada", "Ada")
    assert get_person("ada") is not None
    invalidated.clear()
    edit_profile("ADA", " Ada \n Lovelace ", "Wrote it.\r\n\r\nFirst.\n", by)
    found = get_person("ada")
    assert found is not None
    assert (found.person.display_name, found.biography) == ("Ada Lovelace", "Wrote it.\n\nFirst.")
    assert invalidated == [("changed", {f"person/{profile}"})]
    assert [(entry.deed, entry.subject) for entry in get_audit().entries] == [("profile edited", "author ada")]
    edit_profile("ada", "Ada Lovelace", "Wrote it.\n\nFirst.", by)
    assert len(invalidated) == 1
    assert len(get_audit().entries) == 1


def test_an_override_in_a_name_turns_nothing_round(make_profile: Make) -> None:
    make_profile("ada", "Ada")
    edit_profile("ada", "\u202eadA\u2066 x", "a\u202eb", Actor(None, "somebody"))
    found = get_person("ada")
    assert found is not None
    assert (found.person.display_name, found.biography) == ("adA x", "ab")


@pytest.mark.parametrize(
    ("name", "biography", "fields"),
    [
        ("", "", {"display_name"}),
        ("\u202e", "", {"display_name"}),
        ("x" * 201, "", {"display_name"}),
        ("x" * 10_000, "x" * (LONGEST_BIOGRAPHY + 1), {"display_name", "biography"}),
        ("a\x00", "\x07", {"display_name", "biography"}),
    ],
)
def test_what_cannot_stand_in_a_profile_is_refused(
    make_profile: Make, name: str, biography: str, fields: set[str]
) -> None:
    make_profile("ada", "Ada")
    with pytest.raises(Invalid) as refused:
        edit_profile("ada", name, biography, Actor(None, "somebody"))
    assert set(refused.value.problems) == fields
    with pytest.raises(NotFound):
        edit_profile("nobody", "Name", "", Actor(None, "somebody"))
