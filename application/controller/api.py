"""The JSON interface: like counts, in pages or one by one; liking, with a token. See docs/api.md."""

import functools
import json
from collections.abc import Callable
from typing import Any, ParamSpec

from flask import Blueprint, Response, abort, current_app, g, jsonify, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from application.config import LIKES_TTL
from application.controller.likes import PER_PERSON, limit_address
from application.data import data_access
from application.data.errors import NotFound
from application.data.operations import likes
from application.extensions import cache, limiter
from application.jobs import dispatch
from application.utils.ids import parse_id

P = ParamSpec("P")
blueprint = Blueprint("api", __name__, url_prefix="/api")

BY_ACCOUNT = "The account of this token has liked, and taken likes back, very often in a short while."
UNKNOWN_CALLER = "This needs the header {}, with the token of an account."
NO_ARTICLE = "There is no published article with this id."


@blueprint.get("/article_likes")
@cache.cached(timeout=LIKES_TTL, args=("after",))
def article_likes() -> Response:
    """List the counts by article id; `next` is the address of the following page, or null."""
    asked = request.args.get("after", "0")
    after = parse_id(asked)
    if after is None:
        abort(400, "The argument “after” must be the id of an article, a whole number.")
    page = data_access.get_like_counts(after)
    following = url_for("api.article_likes", after=page.next) if page.next is not None else None
    items = [{"article_id": item.article_id, "likes": item.likes} for item in page.items]
    return jsonify(items=items, next=following)


@blueprint.get("/article_likes/<int:article_id>")
@cache.cached(timeout=LIKES_TTL)
def article_like_count(article_id: int) -> Response:
    """Answer one article's count."""
    count = data_access.get_like_count(article_id)
    if count is None:
        abort(404, NO_ARTICLE)
    return jsonify(article_id=count.article_id, likes=count.likes)


def caller_id() -> int | None:
    """Return the account whose token came with the request; a session alone is nobody here."""
    if "api_caller_id" not in g:
        header = current_app.config["SECURITY_TOKEN_AUTHENTICATION_HEADER"]
        load_by_token: Callable[[Any], Any] = current_app.login_manager.request_callback  # type: ignore[attr-defined]
        user = load_by_token(request) if header in request.headers else None
        g.api_caller_id = None if user is None else user.id
    return g.api_caller_id  # type: ignore[no-any-return]


def token_required(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer 401 to whoever brings no valid token (RFC 9110, section 15.5.2)."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        if caller_id() is None:
            header = current_app.config["SECURITY_TOKEN_AUTHENTICATION_HEADER"]
            challenge = WWWAuthenticate("token", {"realm": "api"})
            raise Unauthorized(UNKNOWN_CALLER.format(header), www_authenticate=challenge)
        return view(*args, **kwargs)

    return guarded


limit_caller = limiter.shared_limit(
    PER_PERSON,
    "likes by one",
    key_func=lambda: f"user/{caller_id()}",
    exempt_when=lambda: caller_id() is None,
    error_message=BY_ACCOUNT,
)


@blueprint.post("/article_likes/<int:article_id>")
@limit_address
@limit_caller
@token_required
def like(article_id: int) -> Response:
    """Like an article; doing it again changes nothing."""
    _refuse_fields()
    return _change(article_id, likes.add_like, liked=True)


@blueprint.delete("/article_likes/<int:article_id>")
@limit_address
@limit_caller
@token_required
def unlike(article_id: int) -> Response:
    """Take the like back; doing it again changes nothing."""
    _refuse_fields()
    return _change(article_id, likes.remove_like, liked=False)


def _change(article_id: int, deed: Callable[..., bool], *, liked: bool) -> Response:
    try:
        has_changed = deed(article_id, user_id=caller_id())
    except NotFound:
        abort(404, NO_ARTICLE)
    if has_changed:
        dispatch.send("calculate_aggregate_likes", article_id)
    return jsonify(article_id=article_id, liked=liked)


def _refuse_fields() -> None:
    """Take no body, or an empty JSON object: the address says everything."""
    body = request.get_data()
    if not body:
        return
    if not request.is_json:
        abort(415, "Send no body, or an empty JSON object.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        abort(400, "The body is not JSON that can be read.")
    if sent != {}:
        abort(422, "There is nothing to set: the address says which article, the method what to do.")


@blueprint.get("/test")
def test() -> Response:
    """Say that the interface answers."""
    return jsonify(status="ok")
