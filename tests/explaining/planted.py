"""A site with what an operator looks for planted in it, also for `flask --app tests.explaining.planted:create_app`."""

import os
import time
from contextlib import suppress

from flask import Flask, Response, jsonify, make_response, render_template_string, session
from flask_login import current_user
from sqlalchemy import text

import application
from application.config import Settings
from application.data.operations import people
from application.extensions import cache, db
from application.rehearsing.site import BUILD

ROWS = 1_200


def create_app(settings: Settings | None = None) -> Flask:
    """Build the site, by default from the environment, which rehearses itself with all that is planted in it."""
    app = application.create_app(settings)
    plant_faults(app)
    plant_oddities(app)
    app.extensions[BUILD] = create_app
    return app


def plant_faults(app: Flask) -> None:
    """Add views that have what an operator looks for, and one in which it is mended."""

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

    @app.get("/planted/sorted")
    def ordered() -> str:
        few = "SELECT number FROM planted WHERE place = '7' ORDER BY number % 7 LIMIT 3"
        return str(db.session.execute(text(few)).all())

    @app.get("/planted/twice")
    def twice() -> str:
        for _ in range(2):
            db.session.execute(text("SELECT count(*) FROM roles")).all()
        return "twice"


def plant_oddities(app: Flask) -> None:
    """Add views that a command must not fall over."""

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
        db.session.execute(text("SELECT count(*) FROM roles")).all()
        raise RuntimeError("of itself\a\nand of nothing else")

    @app.get("/planted/broken/page")
    @cache.cached(timeout=50)
    def broken_page() -> str:
        return render_template_string("{{ 1 // 0 }}")

    plant_looks(app)

    @app.get("/planted/endless")
    def endless() -> None:
        while True:
            # As a view would that lets nothing disturb it.
            with suppress(Exception):
                time.sleep(1)

    @app.get("/planted/crash")
    def crash() -> None:
        os._exit(7)


def plant_looks(app: Flask) -> None:
    """Add views that are not cached: some look at who reads, some do not."""

    @app.get("/planted/plain")
    def plain() -> str:
        return "<p>plain"

    @app.get("/planted/plain/template")
    def plain_template() -> str:
        return render_template_string("<p>plain")

    @app.get("/planted/look/session")
    def look_at_session() -> str:
        return str(session.get("planted"))

    @app.get("/planted/look/account")
    def look_at_account() -> str:
        # Another look, of somebody else's, has come before.
        return str(current_user.is_authenticated)

    @app.get("/planted/look/template")
    def look_in_template() -> str:
        return render_template_string("{{ current_user.is_authenticated }}")

    @app.get("/planted/look/messages")
    def look_for_messages() -> str:
        return render_template_string("{{ get_flashed_messages() }}")


def make_big_table() -> None:
    """Make the table in which the planted view searches, without the index that it needs."""
    db.session.execute(text("CREATE TABLE planted (number INTEGER PRIMARY KEY, place VARCHAR(20))"))
    rows = [{"number": number, "place": str(number % 100)} for number in range(ROWS)]
    db.session.execute(text("INSERT INTO planted VALUES (:number, :place)"), rows)
    db.session.commit()
