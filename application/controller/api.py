"""The JSON interface: like counts, in pages or one by one."""

from flask import Blueprint, Response, abort, jsonify, request, url_for

from application.config import LIKES_TTL
from application.data import data_access
from application.extensions import cache
from application.utils.ids import parse_id

blueprint = Blueprint("api", __name__, url_prefix="/api")


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
        abort(404, "There is no published article with this id.")
    return jsonify(article_id=count.article_id, likes=count.likes)


@blueprint.get("/test")
def test() -> Response:
    """Say that the interface answers."""
    return jsonify(status="ok")
