"""Liking an article, and taking it back: by a form, or by a script that stays on the page."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from flask_limiter.util import get_remote_address
from flask_login import current_user

from application.controller.cookies import new_visitor, read_visitor, remember_visitor
from application.controller.limits import OF_NETWORK
from application.data import data_access
from application.data.errors import NotFound
from application.data.operations import likes as operations
from application.extensions import limiter
from application.jobs import dispatch

blueprint = Blueprint("likes", __name__)

# An office behind one address may like as much as it reads; a person cannot click faster than this.
PER_ADDRESS = "1200/minute;6000/hour"
PER_PERSON = "30/minute"
BY_ONE = "You have liked, and taken likes back, very often in a short while."


def person_key() -> str:
    """Name who is liking: an account or a visitor's cookie; empty for a visitor's first like."""
    user_id, visitor_id = who_likes()
    if user_id is not None:
        return f"user/{user_id}"
    return f"visitor/{visitor_id}" if visitor_id else ""


limit_address = limiter.shared_limit(PER_ADDRESS, "likes", key_func=get_remote_address, error_message=OF_NETWORK)
limit_person = limiter.shared_limit(
    PER_PERSON, "likes by one", key_func=person_key, exempt_when=lambda: not person_key(), error_message=BY_ONE
)


@blueprint.get("/article_like/<int:article_id>")
def show(article_id: int) -> str:
    """Show a page with the button; looking at it changes nothing."""
    article = data_access.get_published(article_id)
    if article is None:
        abort(404)
    user_id, visitor_id = who_likes()
    mine = data_access.get_mine(user_id, visitor_id, article_id)
    return render_template("likes/like.html", article=article, liked=mine.liked)


@blueprint.post("/article_like/<int:article_id>")
@limit_address
@limit_person
def like(article_id: int) -> Response:
    """Store the like, then have it counted; a second one by the same person changes nothing."""
    user_id, visitor_id = who_likes()
    if user_id is None and visitor_id is None:
        visitor_id = new_visitor()
    try:
        is_new = operations.add_like(article_id, user_id=user_id, visitor_id=visitor_id)
    except NotFound:
        abort(404)
    if is_new:
        dispatch.send("calculate_aggregate_likes", article_id)
    response = _answer(article_id, liked=True)
    if user_id is None and visitor_id is not None:
        remember_visitor(response, visitor_id)
    return response


@blueprint.post("/article_unlike/<int:article_id>")
@limit_address
@limit_person
def unlike(article_id: int) -> Response:
    """Take the like back, if there is one."""
    user_id, visitor_id = who_likes()
    try:
        was_there = operations.remove_like(article_id, user_id=user_id, visitor_id=visitor_id)
    except NotFound:
        abort(404)
    if was_there:
        dispatch.send("calculate_aggregate_likes", article_id)
    return _answer(article_id, liked=False)


def who_likes() -> tuple[int | None, str | None]:
    """Return the account, or else the visitor, that a like belongs to; an account wins over a cookie."""
    if current_user.is_authenticated:
        return current_user.id, None
    return None, read_visitor()


def _answer(article_id: int, *, liked: bool) -> Response:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(article_id=article_id, liked=liked)
    article = data_access.get_published(article_id)
    if article is None:
        abort(404)
    return redirect(url_for("articles.article", slug=article.slug), 303, Response)  # type: ignore[return-value]
