"""Tables and indexes: rows, bytes, and who needs them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from application.data.catalogues import counting, sqlite
from application.data.data_access import get_database, get_statements
from application.data.data_access.tables import LONGEST
from application.data.errors import DatabaseBusy
from application.data.facts import DatabaseFacts, IndexFacts, TableFacts
from application.data.looking import Kept, look
from application.extensions import db
from tests.data.data_access.test_statements import is_sqlite
from tests.data.statements import window_of

USED = "SELECT article_id FROM articles ORDER BY saved_at DESC, article_id DESC LIMIT 1"


@pytest.fixture
def facts(library: None) -> DatabaseFacts:
    return get_database(window_of(USED), LONGEST)


def table(facts: DatabaseFacts, name: str) -> TableFacts:
    return next(one for one in facts.tables if one.name == name)


def index(facts: DatabaseFacts, columns: str, on: str = "articles") -> IndexFacts:
    return next(one for one in facts.indexes if (one.table, one.columns) == (on, columns))


def test_a_table_has_its_rows_and_its_bytes(facts: DatabaseFacts) -> None:
    articles = table(facts, "articles")
    assert (articles.rows, articles.counted) == (2_000, "exact")
    assert articles.bytes is not None
    # Two times a thousand characters each; PostgreSQL compresses them.
    assert articles.bytes > (4_000_000 if is_sqlite() else 200_000)
    assert articles.index_bytes == sum(one.bytes or 0 for one in facts.indexes if one.table == "articles")
    assert sum((one.bytes or 0) + (one.index_bytes or 0) for one in facts.tables) <= facts.bytes
    assert facts.tables[0] == articles
    assert facts.system.startswith("SQLite 3." if is_sqlite() else "PostgreSQL ")


def test_many_rows_are_estimated_or_measured(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EXACT", 100)
    monkeypatch.setattr("application.data.catalogues.postgresql.EXACT", 100)
    articles = table(get_database(None, LONGEST), "articles")
    assert (articles.rows, articles.counted) == (2_000, "measured" if is_sqlite() else "estimate")


def test_many_rows_are_not_all_counted(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EXACT", 100)
    assert look(db.engine, lambda connection: counting.count(connection, "articles")) == (100, "at least")


def test_an_index_says_what_it_keeps_and_for_whom(facts: DatabaseFacts) -> None:
    assert index(facts, "slug").constraint == "unique"
    assert index(facts, "article_id, profile_id", "article_authors").constraint == "primary key"
    assert index(facts, "scheduled_for").is_partial
    likes = index(facts, "user_id", "article_likes")
    assert (likes.constraint, likes.parent, likes.serves) == ("", "users", "for deletions from users")
    assert all(one.bytes for one in facts.indexes)


def test_an_index_that_is_read_is_no_useless_one(library: None) -> None:
    if not is_sqlite():
        # PostgreSQL would tell its uses a second later.
        db.session.execute(text(USED)).all()
        db.session.execute(text("SELECT pg_stat_force_next_flush()"))
        db.session.commit()
    facts = get_database(window_of(USED), LONGEST)
    used = index(facts, "saved_at, article_id")
    assert used.uses
    assert not used.is_useless


def test_counting_rows_is_no_use_of_an_index(library: None) -> None:
    if is_sqlite():
        # It counts no uses that counting could add to.
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE articles"))
        before = _scans(connection)
        facts = get_database(None, LONGEST)
        get_statements(window_of("SELECT title FROM articles WHERE reading_minutes = 3"))
        with db.engine.connect() as another:
            another.execute(text("SELECT pg_stat_force_next_flush()"))
        assert table(facts, "articles").counted == "exact"
        assert _scans(connection) == before


def _scans(connection: Connection) -> int:
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
    scans = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE relname = 'articles'"
    return int(connection.execute(text(scans)).scalar_one())


def test_one_that_nobody_reads_is_useless_unless_it_is_needed(facts: DatabaseFacts) -> None:
    useless = {one.name for one in facts.indexes if one.is_useless}
    assert "ix_autosaves_updated_at" in useless
    # It keeps addresses from being given twice.
    assert index(facts, "source_name, source_path").name not in useless
    assert "ix_article_likes_user_id" not in useless


def test_it_says_where_uses_are_known_from(library: None) -> None:
    facts = get_database(window_of(USED, "PRAGMA page_count"), LONGEST)
    if not is_sqlite():
        assert facts.uses.startswith("Scans since ")
        return
    assert "Of the 1 statements seen in the last day" in facts.uses
    assert "1 more statements have no plan" in facts.uses
    unknown = get_database(None, LONGEST)
    assert {one.uses for one in unknown.indexes} == {None}
    assert not any(one.is_useless for one in unknown.indexes)


def test_sizes_that_are_not_known_are_said_to_be(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PAGES", "SELECT 1 FROM no_such_table")
    facts = get_database(None, LONGEST)
    if is_sqlite():
        assert facts.sizes == "Sizes are not known: this SQLite was built without dbstat."
        assert table(facts, "articles").bytes is None


def test_a_look_at_a_large_file_is_given_up(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT v FROM n WHERE v < 0"
    monkeypatch.setattr(sqlite, "_PAGES", endless)
    if is_sqlite():
        pages = look(db.engine, sqlite.measure, 0.01)
        assert (pages.at, pages.why) == (None, "interrupted")


@contextmanager
def away() -> Iterator[None]:
    """Have the database say nothing of its articles: another holds them, or the file is damaged."""
    if is_sqlite():
        db.session.remove()
        db.engine.dispose()
        Path(str(db.engine.url.database)).write_bytes(b"no database" * 1_000)
        yield
        return
    with db.engine.connect() as connection:
        connection.execute(text("LOCK TABLE articles IN ACCESS EXCLUSIVE MODE"))
        yield


def test_a_database_that_does_not_answer_is_said_in_a_line(app: Flask, library: None) -> None:
    with away():
        result = app.test_cli_runner().invoke(args=["database", "tables"])
    assert result.exit_code == 2
    assert result.output.startswith("Error: the database does not answer: ")
    assert result.output.count("\n") == 1


def test_what_takes_long_is_found_aside_once_and_kept() -> None:
    go_on = threading.Event()
    found: list[int] = []

    def find() -> int:
        assert go_on.wait(10)
        found.append(1)
        return len(found)

    kept = Kept(find, least=60)
    assert kept.get(0.01) is None
    assert kept.get(0.01) is None
    go_on.set()
    assert kept.get(10) == 1
    assert kept.get(10) == 1


def test_what_cannot_be_found_is_told_to_those_who_ask() -> None:
    def find() -> int:
        raise DatabaseBusy

    kept = Kept(find, least=60)
    for _ in range(2):
        with pytest.raises(DatabaseBusy):
            kept.get(10)
