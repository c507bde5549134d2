"""Migrations: they make what the models say, and every step can be taken back."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from application.data.database import foreign_keys_off
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
