"""The desk and the log: what is found, in which order, page by page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from application.data.data_access import get_audit, get_desk
from application.data.data_access.audit import ENTRIES_A_PAGE
from application.data.data_access.desk import LINES_A_PAGE, NEWER_DRAFT
from application.data.operations import audit
from application.data.operations.articles import publish_article
from application.data.operations.bin import bin_article
from application.data.records import Actor, DeskFilter, DeskLine
from application.data.types import utc_now
from application.utils.pagination import InvalidCursor
from tests.articles import TESTER, save, write

Make = Callable[..., int]


@pytest.fixture
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


def lines(**wanted: Any) -> tuple[DeskLine, ...]:
    return get_desk(DeskFilter(**wanted)).lines


def slugs(**wanted: Any) -> list[str]:
    return [line.slug for line in lines(**wanted)]


@pytest.fixture
def desk(ada: int, make_profile: Make, make_user: Make) -> int:
    """Articles in every state; returns the account of Grace, who wrote two."""
    account = make_user("grace")
    make_profile("grace", "Grace Hopper", user_id=account)
    write("A draft", publish=False, authors=("grace",))
    scheduled = write("Due soon", publish=False)
    publish_article(scheduled.slug, None, TESTER, utc_now() + timedelta(hours=1))
    write("Shown", authors=("ada", "grace"))
    save(write("Shown with more").slug, content="Newer.")
    bin_article(write("Thrown away").slug, TESTER)
    return account


def test_the_desk_shows_everything_but_the_bin_lately_saved_first(desk: int) -> None:
    assert slugs() == ["shown-with-more", "shown", "due-soon", "a-draft"]
    newest = lines()[0]
    assert newest.has_working_copy
    assert [author.display_name for author in newest.authors] == ["Ada Lovelace"]
    save("a-draft", content="Changed.")
    assert slugs()[0] == "a-draft"


def test_the_desk_is_filtered_by_state_author_and_words(desk: int) -> None:
    assert slugs(state="draft") == ["a-draft"]
    assert slugs(state="scheduled") == ["due-soon"]
    assert slugs(state="published") == ["shown-with-more", "shown"]
    assert slugs(state="binned") == ["thrown-away"]
    assert slugs(state=NEWER_DRAFT) == ["shown-with-more"]
    assert slugs(author_user_name="Grace") == ["shown", "a-draft"]
    assert slugs(mine_user_id=desk) == ["shown", "a-draft"]
    assert slugs(mine_user_id=desk, state="draft") == ["a-draft"]
    assert slugs(text="MORE  with") == ["shown-with-more"]
    assert slugs(text="%") == []
    assert slugs(text="draft", author_user_name="ada") == []


def test_what_nobody_would_ask_for_is_answered(desk: int) -> None:
    assert len(slugs(state="no state")) == 4
    assert len(slugs(text="\x00 ")) == 4
    assert slugs(author_user_name="nobody\x00") == []
    assert slugs(text="x " * 5_000) == []
    with pytest.raises(InvalidCursor):
        slugs(before="nonsense")


def test_the_search_knows_no_case_in_any_script(ada: int) -> None:
    write("Über Ängste")
    assert slugs(text="über") == ["über-ängste"]
    assert slugs(text="ÄNGSTE") == ["über-ängste"]


def test_every_page_of_the_desk_follows_the_one_before(library: None) -> None:
    seen: list[int] = []
    before = None
    for _ in range(5):
        page = get_desk(DeskFilter(state="draft", before=before))
        assert len(page.lines) == LINES_A_PAGE
        seen += [line.article_id for line in page.lines]
        before = page.older
    assert len(set(seen)) == 5 * LINES_A_PAGE
    assert seen == sorted(seen, reverse=True)


def test_the_log_is_read_page_by_page(make_user: Make) -> None:
    by = Actor(make_user("grace"), "grace")
    for number in range(ENTRIES_A_PAGE + 2):
        audit.record("deed", f"subject {number}", by, number=number, at=utc_now())
    first = get_audit()
    assert [entry.details["number"] for entry in first.entries][:2] == [ENTRIES_A_PAGE + 1, ENTRIES_A_PAGE]
    assert len(first.entries) == ENTRIES_A_PAGE
    rest = get_audit(first.older)
    assert [entry.subject for entry in rest.entries] == ["subject 1", "subject 0"]
    assert rest.older is None


def test_a_long_subject_is_cut(app: Flask) -> None:
    audit.record("deed", "x" * 500, Actor(None, "y" * 500))
    entry = get_audit().entries[0]
    assert (len(entry.subject), len(entry.user_name)) == (200, 80)
