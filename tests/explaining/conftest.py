"""A site with faults planted in it, and `flask explain` on it."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
import redis
from flask import Flask, Response, jsonify, make_response
from flask_login import current_user
from sqlalchemy import text

from application.config import Settings
from application.data.operations import people
from application.explaining.explanation import Explanation
from application.extensions import cache, db
from application.rehearsing.site import BUILD
from tests.articles import write
from tests.controller.conftest import Browser
from tests.controller.people import make_user

Run = Callable[..., tuple[int, str]]
ROWS = 1_200


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Browser
    return app


@pytest.fixture
def run(app: Flask) -> Iterator[Run]:
    people.ensure_profile(make_user("ada", "author"))
    write("On Engines")
    build = app.extensions[BUILD]

    def planted(settings: Settings) -> Flask:
        made: Flask = build(settings)
        plant(made)
        return made

    app.extensions[BUILD] = planted
    return runner(app)


def runner(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        db.session.remove()
        result = app.test_cli_runner().invoke(args=["explain", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result.exit_code, result.output

    return run


def plant(app: Flask) -> None:
    """Add the views that have what an operator looks for."""

    @app.get("/planted")
    @cache.cached(timeout=50)
    def slow() -> Response:
        for number in range(1, 6):
            db.session.execute(text("SELECT title FROM articles WHERE article_id = :number"), {"number": number}).all()
        found = db.session.execute(text("SELECT number FROM planted AS p WHERE p.place = '7' OR p.number = 7")).all()
        answer = make_response(f"{len(found)}")
        answer.set_cookie("planted", "not for terminals")
        return answer

    @app.get("/planted/mended")
    @cache.cached(timeout=50)
    def quick() -> str:
        db.session.execute(text("SELECT title FROM articles WHERE article_id IN (1, 2, 3, 4, 5)")).all()
        return str(len(db.session.execute(text("SELECT number FROM planted WHERE place = '7'")).all()))

    @app.get("/planted/write")
    @cache.cached(timeout=50)
    def writing() -> str:
        db.session.execute(text("UPDATE articles SET title = 'changed'"))
        db.session.commit()
        return "written"

    @app.get("/planted/mine")
    def mine() -> Response:
        name = people.ensure_profile(current_user.id) and current_user.username
        db.session.execute(text("UPDATE articles SET title = 'changed'"))
        db.session.commit()
        return jsonify(name=name)

    @app.get("/planted/broken")
    def broken() -> str:
        raise RuntimeError("of itself")

    @app.get("/planted/twice")
    def twice() -> str:
        for _ in range(2):
            db.session.execute(text("SELECT count(*) FROM roles")).all()
        return "twice"


@pytest.fixture
def big_table(run: Run) -> None:
    db.session.execute(text("CREATE TABLE planted (number INTEGER PRIMARY KEY, place VARCHAR(20))"))
    rows = [{"number": number, "place": str(number % 100)} for number in range(ROWS)]
    db.session.execute(text("INSERT INTO planted VALUES (:number, :place)"), rows)
    db.session.commit()


def explained(run: Run, *arguments: str) -> Explanation:
    _, output = run(*arguments, "--json")
    return msgspec.json.decode(output[: output.rindex("}") + 1], type=Explanation)


def everything(client: redis.Redis) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.scan_iter()}  # type: ignore[misc]


def rows() -> dict[str, list[tuple[object, ...]]]:
    try:
        tables = db.metadata.tables.items()
        return {name: [tuple(row) for row in db.session.execute(table.select())] for name, table in tables}
    finally:
        db.session.remove()
