"""Pages that stand by themselves, and what machines ask for at the root of a site."""

from flask import Blueprint, Response, current_app, render_template, send_from_directory
from flask.typing import ResponseReturnValue

from application.config import STATIC_PAGE_TTL
from application.extensions import cache

blueprint = Blueprint("pages", __name__)


@blueprint.get("/about")
@cache.cached(timeout=STATIC_PAGE_TTL)
def about() -> ResponseReturnValue:
    """Tell what the site is."""
    return render_template("pages/about.html")


@blueprint.get("/privacy")
@cache.cached(timeout=STATIC_PAGE_TTL)
def privacy() -> ResponseReturnValue:
    """Tell what is stored about readers."""
    return render_template("pages/privacy.html")


@blueprint.get("/robots.txt")
@cache.cached(timeout=STATIC_PAGE_TTL)
def robots() -> Response:
    """Tell crawlers which addresses are not for them (RFC 9309)."""
    return _plain(render_template("pages/robots.txt"))


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Serve the icon to whoever does not read the page's own link to it."""
    return send_from_directory(str(current_app.static_folder), "favicon.ico", max_age=86400)


@blueprint.get("/hello")
def hello() -> Response:
    """Tell that this process answers; nothing else is asked."""
    response = _plain("Hello from Broadsheet\n")
    response.headers["Cache-Control"] = "no-store"
    return response


def _plain(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
