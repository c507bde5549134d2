"""Every statement of a page: how many, through which index, however many articles there are."""

import re
from collections.abc import Callable

from sqlalchemy import update

from application.data import data_access
from application.data.data_access import (
    find_due,
    find_forgotten,
    find_moved,
    find_old_address,
    find_revisions,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_audit,
    get_autosave,
    get_autosaves,
    get_day,
    get_desk,
    get_editing,
    get_like_count,
    get_like_counts,
    get_mine,
    get_more_by_authors,
    get_person,
    get_profile_id,
    get_published,
    get_revision,
    get_revisions,
    get_standing,
    get_strays,
    get_tag,
    get_user_name,
    is_name_taken,
)
from application.data.models import Profile
from application.data.records import DeskFilter
from application.data.types import utc_now
from application.extensions import db
from application.utils.session_keys import SessionKey
from tests.data.conftest import Statement

TABLES = "articles|article_authors|article_tags|article_likes|profiles|tags|users|roles|roles_users|old_addresses"
TABLES += "|working_copies|autosaves|stray_words|revisions|audit_log"
SCAN = re.compile(rf"SCAN ({TABLES})(_\d+)?\b")

MIDDLE = "20200122T000000000000Z-1009"


def home(before: str | None = None) -> None:
    assert get_all_articles(before).cards


def author() -> None:
    assert get_person("author-1") is not None
    assert get_articles_by_username("author-1").cards


def tag() -> None:
    assert get_tag("tag-2") is not None
    assert get_articles_by_tag("tag-2").cards


def article() -> None:
    found = get_article("article-1001")
    assert found is not None
    assert len(get_more_by_authors(found.article_id)) == 3


def desk(**wanted: str) -> None:
    assert get_desk(DeskFilter(**wanted)).lines  # type: ignore[arg-type]


READS: dict[str, tuple[Callable[[], object], int]] = {
    "the home page": (home, 2),
    "a later home page": (lambda: home(MIDDLE), 2),
    "an author's page": (author, 3),
    "a later page of an author": (lambda: get_articles_by_username("author-1", MIDDLE), 2),
    "an author who wrote nothing": (lambda: get_articles_by_username("author-21"), 2),
    "a tag's page": (tag, 3),
    "a later page of a tag": (lambda: get_articles_by_tag("tag-2", MIDDLE), 2),
    "an article": (article, 4),
    "no article": (lambda: get_article("nowhere"), 1),
    "no author": (lambda: get_person("nobody"), 1),
    "a like count": (lambda: get_like_count(7), 1),
    "the like button": (lambda: get_published(7), 0),
    "like counts": (get_like_counts, 1),
    "later like counts": (lambda: get_like_counts(1000), 1),
    "what a visitor sees": (lambda: get_mine(None, "visitor 1", 2), 1),
    "what an account sees": (lambda: get_mine(1, None, 2), 1),
    "what a session sees": (lambda: get_mine(SessionKey("key of ada", "1-2"), None, 2), 1),
    "what a stranger sees": (lambda: get_mine(None, None, 2), 0),
    "the editor": (lambda: get_editing("article-1001"), 2),
    "the editor of somebody": (lambda: get_editing("article-1001", reader=1), 2),
    "where an article stands": (lambda: get_standing("article-1001", 1), 1),
    "several revisions": (lambda: find_revisions(7, 1, 2), 1),
    "the editor of a form": (lambda: get_editing(1001, reader=1), 2),
    "where the article of a form stands": (lambda: get_standing(1001, 1), 1),
    "the editor of nothing": (lambda: get_editing("nowhere"), 1),
    "revisions": (lambda: get_revisions(7), 1),
    "a revision": (lambda: get_revision(7, 1), 1),
    "an autosave": (lambda: get_autosave(1, "form"), 1),
    "autosaves": (lambda: get_autosaves(1), 1),
    "stray words": (lambda: get_strays("f" * 32), 1),
    "the log": (get_audit, 1),
    "a later page of the log": (lambda: get_audit(MIDDLE), 1),
    "the desk": (desk, 2),
    "a day": (lambda: get_day(1, everybody=True, most=10), 2),
    "my day": (lambda: get_day(1, everybody=False, most=10), 2),
    "the drafts": (lambda: desk(state="draft"), 2),
    "what is scheduled": (lambda: get_desk(DeskFilter(state="scheduled")), 1),
    "what is shown": (lambda: desk(state="published"), 2),
    "somebody's articles": (lambda: desk(author_user_name="author-1"), 2),
    "somebody's drafts": (lambda: desk(author_user_name="author-1", state="draft"), 2),
    "my drafts": (lambda: get_desk(DeskFilter(mine_user_id=1, state="draft")), 2),
    "newer drafts": (lambda: get_desk(DeskFilter(state="newer draft")), 1),
    "a title": (lambda: desk(text="article 77"), 2),
    "what is due": (lambda: find_due(utc_now()), 1),
    "what lies in the bin for long": (lambda: find_forgotten(utc_now()), 1),
    "whose profile": (lambda: get_profile_id(1), 1),
    "whose name": (lambda: get_user_name(1), 1),
    "a name": (lambda: is_name_taken("Author-1"), 1),
    "an old address": (lambda: find_old_address("/2019/01/old"), 1),
    "what was at an address": (lambda: find_moved("/2019/01/old"), 1),
}


def test_every_read_needs_few_statements_and_each_uses_an_index(
    library: None, make_user: Callable[..., int], statements: list[Statement]
) -> None:
    # One of the authors has an account.
    db.session.execute(update(Profile).where(Profile.profile_id == 1).values(user_id=make_user()))
    db.session.commit()
    for name, (read, most) in READS.items():
        db.session.rollback()
        statements.clear()
        read()
        assert len(statements) == most, name
        for statement in list(statements):
            plan = explain(statement)
            assert not SCAN.search(plan), f"{name}\n{statement.text}\n{plan}"
            assert "TEMP B-TREE" not in plan, f"{name}\n{statement.text}\n{plan}"
            assert "Seq Scan" not in plan, f"{name}\n{statement.text}\n{plan}"


def test_a_page_needs_no_statement_on_a_hit(library: None, statements: list[Statement]) -> None:
    pages = (home, author, tag, article)
    for page in pages:
        page()
    statements.clear()
    for page in pages:
        page()
    assert statements == []


def test_lists_load_no_bodies(library: None, statements: list[Statement]) -> None:
    home()
    author()
    tag()
    article()
    with_bodies = [text for text, _ in statements if re.search(r"\b(html|content)\b", text)]
    assert len(with_bodies) == 1
    assert "slug = " in with_bodies[0]


def test_the_search_for_wrong_counts_looks_at_a_bounded_number_of_articles(
    library: None, statements: list[Statement]
) -> None:
    data_access.find_miscounted(10)
    assert len(statements) == 4
    for statement in list(statements):
        plan = explain(statement)
        # "SCAN article_likes" is the walk along its key that the LIMIT ends.
        assert not re.search(r"SCAN articles\b(?!.* USING)", plan), f"{statement.text}\n{plan}"
        assert "Seq Scan" not in plan


def explain(statement: Statement) -> str:
    is_sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        return "\n".join(
            str(row[-1]) for row in connection.exec_driver_sql(prefix + statement.text, statement.parameters)
        )
