"""Transactions: a reader never blocks, a writer waits in steps, and both see what PostgreSQL would show."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from application.caching.recording import Recording, record
from application.data import database
from application.data.database import begin_write, end_read_transaction, has_pending_writes, normalise_url, patiently
from application.data.errors import DatabaseBusy
from application.data.models import Article, Tag
from application.extensions import cache, db


@pytest.fixture
def only_sqlite(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite's own locks")


@contextmanager
def another_writer() -> Iterator[Connection]:
    """Hold a row, and on SQLite with it the whole database, until the block ends."""
    with db.engine.connect() as connection:
        connection.execute(insert(Tag).values(slug="theirs", name="Theirs"))
        yield connection
        connection.rollback()


def tag_names() -> list[str]:
    return list(db.session.scalars(select(Tag.name).order_by(Tag.name)))


def change_elsewhere(name: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(insert(Tag).values(slug=name, name=name))


def test_sqlite_is_set_up_for_many_readers_beside_a_writer(only_sqlite: None) -> None:
    with db.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 0}


def test_a_reader_keeps_its_snapshot(only_sqlite: None) -> None:
    assert tag_names() == []
    change_elsewhere("new")
    assert tag_names() == []
    db.session.rollback()
    assert tag_names() == ["new"]


def test_the_snapshot_is_taken_when_the_transaction_begins(only_sqlite: None) -> None:
    db.session.connection()
    change_elsewhere("new")
    assert tag_names() == []


def test_a_reader_is_not_held_up_by_a_writer(app: Flask) -> None:
    with another_writer():
        assert tag_names() == []


def test_the_first_write_sees_what_was_committed_since_the_first_read(app: Flask) -> None:
    assert tag_names() == []
    change_elsewhere("new")
    db.session.add(Tag(slug="mine", name="mine"))
    db.session.flush()
    assert tag_names() == ["mine", "new"]
    db.session.commit()


def test_a_core_write_begins_as_a_writer_too(app: Flask) -> None:
    assert tag_names() == []
    change_elsewhere("new")
    db.session.execute(update(Tag).values(name="renamed"))
    db.session.commit()
    assert tag_names() == ["renamed"]


def test_a_text_write_begins_as_a_writer_too(app: Flask) -> None:
    assert tag_names() == []
    change_elsewhere("new")
    db.session.execute(text("UPDATE tags SET name = 'renamed'"))
    db.session.commit()
    assert tag_names() == ["renamed"]


def test_a_writer_gives_up_with_a_typed_error(only_sqlite: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.take_write_lock, "__defaults__", (0.05,))
    with another_writer():
        db.session.add(Tag(slug="mine", name="mine"))
        with pytest.raises(DatabaseBusy):
            db.session.commit()
        db.session.rollback()
    db.session.add(Tag(slug="mine", name="mine"))
    db.session.commit()
    assert tag_names() == ["mine"]


def test_after_a_busy_write_the_session_still_reads(only_sqlite: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.take_write_lock, "__defaults__", (0.05,))
    with another_writer():
        assert tag_names() == []
        with pytest.raises(DatabaseBusy):
            db.session.execute(insert(Tag).values(slug="mine", name="mine"))
        assert tag_names() == []


def test_a_writer_waits_for_another(app: Flask) -> None:
    waiting = threading.Event()

    def write() -> None:
        with app.app_context():
            waiting.set()
            db.session.add(Tag(slug="theirs", name="mine"))
            db.session.commit()

    with another_writer():
        thread = threading.Thread(target=write)
        thread.start()
        assert waiting.wait(5)
        thread.join(0.1)
        assert thread.is_alive()
    thread.join(5)
    assert tag_names() == ["mine"]


def test_a_locked_row_becomes_the_same_error_on_postgresql(app: Flask, make_tag: Callable[..., int]) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("about PostgreSQL's row locks")
    make_tag()
    with db.engine.connect() as holder:
        holder.execute(update(Tag).values(name="theirs"))
        db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DatabaseBusy):
            db.session.execute(update(Tag).values(name="mine"))
        db.session.rollback()


def test_a_savepoint_rolls_back_alone(app: Flask) -> None:
    db.session.add(Tag(slug="outer", name="outer"))
    db.session.flush()
    savepoint = db.session.begin_nested()
    db.session.add(Tag(slug="outer", name="inner"))
    with pytest.raises(IntegrityError):
        db.session.flush()
    savepoint.rollback()
    db.session.commit()
    assert tag_names() == ["outer"]


def test_a_savepoint_after_a_read_belongs_to_the_transaction(app: Flask) -> None:
    assert tag_names() == []
    with db.session.begin_nested():
        db.session.add(Tag(slug="inner", name="inner"))
    db.session.rollback()
    assert tag_names() == []


def test_foreign_keys_hold(app: Flask) -> None:
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO old_addresses (address, article_id) VALUES ('/x', 7)"))


def test_pending_writes_are_known_before_and_after_the_flush(app: Flask) -> None:
    session = db.session()
    assert not has_pending_writes(session)
    tag_names()
    assert not has_pending_writes(session)
    session.add(Tag(slug="mine", name="mine"))
    assert has_pending_writes(session)
    session.flush()
    assert has_pending_writes(session)
    session.commit()
    assert not has_pending_writes(session)


def test_letting_go_of_a_snapshot_keeps_what_was_written(app: Flask) -> None:
    db.session.add(Tag(slug="mine", name="mine"))
    db.session.flush()
    end_read_transaction()
    db.session.commit()
    assert tag_names() == ["mine"]


def test_a_computation_begins_with_the_newest_rows(app: Flask) -> None:
    @cache.memoize(50)
    def names() -> list[str]:
        return tag_names()

    assert tag_names() == []
    change_elsewhere("new")
    assert names() == ["new"]


def test_nothing_that_is_read_inside_a_write_is_stored(app: Flask) -> None:
    @cache.memoize(50)
    def names() -> list[str]:
        return tag_names()

    begin_write(db.session())
    db.session.execute(insert(Tag).values(slug="mine", name="mine"))
    assert names() == ["mine"]
    db.session.rollback()
    assert names() == []


def test_a_busy_file_is_tried_again(app: Flask) -> None:
    tries = []

    def attempt() -> None:
        tries.append(1)
        if len(tries) < 3:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error

    patiently(attempt)
    assert len(tries) == 3


def test_another_error_is_not_tried_again() -> None:
    def attempt() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        patiently(attempt)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    app = Flask("memory")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    with pytest.raises(ValueError, match="names no file"):
        database.init_app(app)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_psycopg(scheme: str) -> None:
    assert normalise_url(f"{scheme}://ada:secret@db/site").drivername == "postgresql+psycopg"


def test_a_version_that_moved_is_noticed(app: Flask, make_article: Callable[..., int]) -> None:
    article = db.session.get(Article, make_article())
    assert article is not None
    with db.engine.begin() as connection:
        connection.execute(update(Article).values(version=7))
    article.title = "Lost"
    with pytest.raises(StaleDataError):
        db.session.commit()
    db.session.rollback()


def test_a_page_that_is_made_without_the_cache_shows_one_version(app: Flask) -> None:
    with record(Recording(uncached=True, one_view=True)):
        before = tag_names()
        change_elsewhere("Added")
        assert tag_names() == before
    end_read_transaction()
    assert "Added" in tag_names()


def test_a_failure_does_not_tell_what_its_statement_was_given(app: Flask) -> None:
    with pytest.raises(DBAPIError) as failure:
        db.session.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": "a secret"})
    db.session.rollback()
    assert "a secret" not in str(failure.value)
    assert "FROM nowhere" in str(failure.value)
