"""Which plans read rows in vain, as the database itself makes them."""

import pytest
from sqlalchemy import text

from application.data.facts import Plan
from application.data.plans import BIG, Scan, Sort, find_scans, find_sorts, read_plan
from application.extensions import db

HOME = """SELECT title FROM articles WHERE status = 'published' AND (published_at, article_id) < ('9', 1)
ORDER BY published_at DESC, article_id DESC LIMIT 22"""

WHOLE = (
    "SELECT slug FROM articles WHERE slug LIKE '%7%'",
    "SELECT slug FROM articles ORDER BY slug",
    "SELECT count(*) FROM articles",
    "SELECT count(*) FROM articles LIMIT 1",
    "SELECT title FROM articles AS a WHERE a.like_count = 3",
    "SELECT title FROM articles a WHERE a.like_count = 3",
    'SELECT a.title FROM tags t JOIN "articles" "a" ON a.like_count = t.tag_id',
    "SELECT title FROM articles WHERE lower(title) = 'x'",
    "SELECT title FROM articles ORDER BY title LIMIT 3",
    "SELECT like_count, count(*) FROM articles GROUP BY like_count ORDER BY 2 LIMIT 3",
    "SELECT count(*) FROM (SELECT title FROM articles WHERE like_count = 3)",
)
SORTED = {
    "SELECT slug FROM articles WHERE status = 'published' ORDER BY title LIMIT 3": ("status",),
    "SELECT slug FROM articles a WHERE status = 'published' ORDER BY title LIMIT 3": ("status",),
    "SELECT slug FROM articles WHERE status = 'published' OR slug = 'x' ORDER BY title LIMIT 3": ("status",),
    """SELECT 1 FROM tags WHERE tag_id IN
    (SELECT version FROM articles WHERE status = 'published' ORDER BY title LIMIT 3)""": ("status",),
    "SELECT slug FROM articles WHERE article_id > 9 ORDER BY title LIMIT 3": (),
}
GOOD = (
    "SELECT title FROM articles ORDER BY saved_at DESC, article_id DESC LIMIT 22",
    "SELECT title FROM articles ORDER BY article_id LIMIT 5",
    "SELECT title FROM articles WHERE like_count > 0 ORDER BY saved_at LIMIT 5",
    "SELECT * FROM (SELECT title FROM articles ORDER BY saved_at LIMIT 5)",
    "SELECT count(*) FROM (SELECT 1 FROM articles LIMIT 1000) AS few",
    "SELECT EXISTS (SELECT 1 FROM articles)",
    "SELECT title FROM articles WHERE article_id IN (1, 2, 3) ORDER BY title LIMIT 2",
    "SELECT title FROM articles WHERE slug IN ('a', 'b') ORDER BY title LIMIT 2",
    "SELECT title FROM articles WHERE status = 'draft' ORDER BY title",
    "SELECT title FROM articles WHERE scheduled_for IS NOT NULL ORDER BY title LIMIT 2",
    "SELECT title FROM articles JOIN article_tags AS t USING (article_id) WHERE t.tag_id = 3 ORDER BY title LIMIT 5",
    # All likes of the library are of visitors: a condition never finds those without an account together.
    "SELECT article_id FROM article_likes WHERE user_id = 7 ORDER BY created_at LIMIT 5",
    "SELECT max(article_id) FROM articles",
    "SELECT name FROM tags WHERE name LIKE '%x%' ORDER BY name LIMIT 2",
)


@pytest.fixture
def sqlite(library: None) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the loops are those of SQLite's plans")


def plan(sql: str) -> Plan:
    with db.engine.connect() as connection:
        lines = read_plan(connection, sql, ())
        assert lines, sql
        return Plan(tuple(lines), tuple(find_scans(connection, sql, lines)), tuple(find_sorts(connection, sql, lines)))


def test_a_front_page_without_its_index_is_named(sqlite: None) -> None:
    assert not plan(HOME).is_bad
    db.session.execute(text("DROP INDEX ix_articles_status_published_at_article_id"))
    db.session.commit()
    # A connection keeps the plan that it has made.
    db.engine.dispose()
    found = plan(HOME)
    assert "USE TEMP B-TREE FOR ORDER BY" in found.lines
    assert found.sorts == (Sort("articles", ("status",)),)
    assert found.is_bad
    assert "sorts 1,000 rows or more of articles for the first few" in found.says


def test_a_table_is_read_from_end_to_end_by_whatever_name_or_index(sqlite: None) -> None:
    for sql in WHOLE:
        (scan,) = (scan for scan in plan(sql).scans if scan.is_big)
        assert (scan.table, scan.rows, scan.is_whole) == ("articles", BIG, True), sql


def test_many_rows_that_are_sorted_for_a_few_are_named(sqlite: None) -> None:
    for sql, columns in SORTED.items():
        assert plan(sql).sorts == (Sort("articles", columns),), sql


def test_what_ends_early_or_sorts_little_is_no_fault(sqlite: None) -> None:
    for sql in GOOD:
        assert not plan(sql).is_bad, sql


def test_what_is_looked_for_on_the_way_is_named_though_a_limit_ends_it(sqlite: None) -> None:
    found = plan("SELECT title FROM articles WHERE like_count = 3 ORDER BY article_id LIMIT 5")
    assert found.scans == (Scan("articles", BIG, is_big=True, columns=("like_count",), is_whole=False),)
    assert "reads articles until enough is found" in found.says
