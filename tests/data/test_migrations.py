"""Migrations: they make what the models say, and every step can be taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, insert, inspect, select, text, update

from application.data.database import foreign_keys_off
from application.data.models import Article
from application.data.types import utc_now
from application.extensions import db


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    assert differences() == []


def test_every_migration_can_be_taken_back_and_made_again(app: Flask) -> None:
    made = set(inspect(db.engine).get_table_names())
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert set(inspect(db.engine).get_table_names()) == made
    assert differences() == []


def made_checks() -> set[tuple[str, str]]:
    inspector = inspect(db.engine)
    return {
        (table, check["name"] or "")
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }


def test_every_check_of_the_models_is_made(app: Flask) -> None:
    # Alembic compares no checks, and a table that is copied on SQLite could lose them.
    wanted = {
        (table.name, str(check.name))
        for table in db.metadata.sorted_tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    assert made_checks() == wanted
    downgrade(revision="0001")
    assert {name for table, name in made_checks() if table == "articles"} == {
        "ck_articles_direction",
        "ck_articles_published_at",
        "ck_articles_status",
    }


def test_articles_outlive_a_step_back_and_forward(app: Flask) -> None:
    values = {"slug": "due", "title": "Due", "status": "scheduled", "content": "Text", "html": "<p>Text", "version": 1}
    with db.engine.begin() as connection:
        connection.execute(insert(Article).values(**values, scheduled_for=utc_now()))
        connection.execute(
            text("INSERT INTO old_addresses (address, article_id) SELECT '/x', article_id FROM articles")
        )
        connection.execute(update(Article).values(updated_at=datetime(2026, 1, 2, tzinfo=UTC)))
    downgrade(revision="0001")
    upgrade()
    with db.engine.connect() as connection:
        row = connection.execute(select(Article.status, Article.saved_at, Article.updated_at, Article.content)).one()
        assert row.status == "draft"
        assert row.saved_at == row.updated_at
        assert row.content == "Text"
        assert connection.scalar(text("SELECT count(*) FROM old_addresses")) == 1


def test_what_lists_read_stands_before_the_large_columns(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps large values elsewhere")
    assert [column["name"] for column in inspect(db.engine).get_columns("articles")][-2:] == ["content", "html"]


def test_running_them_again_changes_nothing(app: Flask) -> None:
    upgrade()
    assert differences() == []


def test_every_constraint_has_a_name(app: Flask) -> None:
    for table in db.metadata.sorted_tables:
        assert all(constraint.name for constraint in table.constraints)
        assert all(index.name for index in table.indexes)


def test_a_failing_migration_leaves_nothing_behind(app: Flask) -> None:
    with db.engine.connect() as connection, foreign_keys_off(connection):
        transaction = connection.begin()
        connection.execute(text("CREATE TABLE half_done (id INTEGER)"))
        transaction.rollback()
    assert "half_done" not in inspect(db.engine).get_table_names()


def test_a_migration_may_not_leave_dangling_rows(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL checks references while a table is copied")
    with (
        db.engine.connect() as connection,
        pytest.raises(ValueError, match="refer to nothing"),
        foreign_keys_off(connection),
        connection.begin(),
    ):
        connection.execute(text("INSERT INTO old_addresses (address, article_id) VALUES ('/x', 7)"))
    with db.engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_no_migration_imports_the_application() -> None:
    # The code of today would not fit the tables of yesterday.
    folder = Path(__file__).resolve().parents[2] / "migrations" / "versions"
    for migration in folder.glob("*.py"):
        assert "application" not in migration.read_text()
