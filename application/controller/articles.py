"""The pages that readers come for: the newest articles, one article, an author's, a tag's."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from application.config import ARTICLE_PAGE_TTL, PAGE_TTL
from application.controller.addresses import one_address
from application.data.data_access import (
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_more_by_authors,
    get_person,
    get_tag,
)
from application.extensions import cache

blueprint = Blueprint("articles", __name__)


@blueprint.get("/")
@cache.cached(timeout=PAGE_TTL, args=("before",))
def home() -> ResponseReturnValue:
    """Show the newest articles, or those before a cursor."""
    before = _before()
    return render_template("articles/home.html", page=get_all_articles(before), before=before)


@blueprint.get("/articles/<slug>")
@one_address("slug")
@cache.cached(timeout=ARTICLE_PAGE_TTL)
def article(slug: str) -> ResponseReturnValue:
    """Show one published article."""
    found = get_article(slug) or abort(404)
    return render_template("articles/article.html", article=found, more=get_more_by_authors(found.article_id))


@blueprint.get("/articles_by/<user_name>")
@one_address("user_name")
@cache.cached(timeout=PAGE_TTL, args=("before",))
def by_author(user_name: str) -> ResponseReturnValue:
    """Show an author and what they published."""
    author = get_person(user_name) or abort(404)
    before = _before()
    page = get_articles_by_username(user_name, before)
    return render_template("articles/author.html", author=author, page=page, before=before)


@blueprint.get("/tags/<tag>")
@one_address("tag")
@cache.cached(timeout=PAGE_TTL, args=("before",))
def tagged(tag: str) -> ResponseReturnValue:
    """Show the articles that carry a tag."""
    found = get_tag(tag) or abort(404)
    before = _before()
    return render_template("articles/tag.html", tag=found, page=get_articles_by_tag(tag, before), before=before)


def _before() -> str | None:
    """Return the cursor that was asked for; the first page has none."""
    return request.args.get("before") or None
