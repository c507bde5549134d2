"""A site with views as careless authors of views write them, served by threads of the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask, Response, abort, make_response, session
from werkzeug.serving import make_server

from application import create_app
from application.config import Settings
from application.extensions import cache


@dataclass
class Clumsy:
    """What the views show, and what the test lets happen in them."""

    version: int = 1
    is_broken: int = 0
    made: list[str] = field(default_factory=list)
    is_slow: bool = False
    rendering: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)


def careless(settings: Settings, clumsy: Clumsy) -> Flask:
    """Build the site with these views, at addresses where nginx keeps pages."""
    app = create_app(settings)

    @app.get("/articles/sets-a-cookie")
    @cache.cached(timeout=100)
    def sets_a_cookie() -> Response:
        response = make_response("a page")
        response.set_cookie("first", f"visitor-{len(clumsy.made)}")
        clumsy.made.append("cookie")
        return response

    @app.get("/articles/asks-the-session")
    @cache.cached(timeout=100)
    def asks_the_session() -> str:
        clumsy.made.append("session")
        return f"somebody: {'_user_id' in session}, {dict(session)}"

    @app.get("/articles/breaks")
    @cache.cached(timeout=100)
    def breaks() -> str:
        cache.depends_on("clumsy/breaks")
        if clumsy.is_broken:
            abort(clumsy.is_broken)
        return f"version {clumsy.version}"

    @app.get("/articles/slow")
    @cache.cached(timeout=100)
    def slow() -> str:
        cache.depends_on("clumsy/slow")
        version = clumsy.version
        if clumsy.is_slow:
            clumsy.is_slow = False
            clumsy.rendering.set()
            assert clumsy.goes_on.wait(20)
        return f"version {version}"

    return app


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    """Serve on a free port of this machine until the block ends."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
