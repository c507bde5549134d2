"""Reads of articles: lists of them, and one in full."""

from functools import cache as remember
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Integer, bindparam, cast, null, select, union_all
from sqlalchemy.orm import aliased

from application.config import ARTICLE_TTL, ARTICLES_TTL, AUTHOR_TTL, TAG_TTL
from application.data import tags
from application.data.data_access.cards import (
    CARD_COLUMNS,
    Rows,
    bound_to,
    make_card,
    make_page,
    note,
    one_page,
    read_authors,
)
from application.data.database import read
from application.data.errors import NotFound
from application.data.models import PUBLISHED, Article, ArticleAuthor, ArticleTag, Profile, Tag
from application.data.records import ArticleRecord, Card, CardPage, Person, TagRecord
from application.extensions import cache, db
from application.measuring.timing import timed
from application.utils.pagination import read_cursor

MORE = 3
"""How many further articles by its authors an article offers."""

FIRST_AUTHORS = 3
"""By-lines whose further articles are looked at, so that the work is bounded however many there are."""


def _profile() -> ColumnElement[Any]:
    return select(Profile.profile_id).where(Profile.user_name == bindparam("user_name")).scalar_subquery()


def _tag() -> ColumnElement[Any]:
    return select(Tag.tag_id).where(Tag.slug == bindparam("slug")).scalar_subquery()


# Statements are built once: building one takes longer than running it.

_LATEST = one_page(select(*CARD_COLUMNS).where(Article.status == PUBLISHED), Article.published_at, Article.article_id)
_OF_AUTHOR = one_page(
    select(ArticleAuthor.profile_id, *CARD_COLUMNS)
    .join(Article, Article.article_id == ArticleAuthor.article_id)
    .where(ArticleAuthor.profile_id == _profile()),
    ArticleAuthor.published_at,
    ArticleAuthor.article_id,
)
_OF_TAG = one_page(
    select(ArticleTag.tag_id, *CARD_COLUMNS)
    .join(Article, Article.article_id == ArticleTag.article_id)
    .where(ArticleTag.tag_id == _tag()),
    ArticleTag.published_at,
    ArticleTag.article_id,
)
_ONE = select(*CARD_COLUMNS, Article.updated_at, Article.like_count, Article.canonical_url, Article.html).where(
    Article.slug == bindparam("slug"), Article.status == PUBLISHED
)


@cache.memoize(ARTICLES_TTL)
@timed("get_all_articles")
def get_all_articles(before: str | None = None) -> CardPage:
    """Return a page of all published articles, newest first. Raises `InvalidCursor`."""
    position = read_cursor(before)
    cache.depends_on(tags.latest())
    return make_page(read(_LATEST, bound_to(position)).all(), position)


@cache.memoize(AUTHOR_TTL)
@timed("get_articles_by_username")
def get_articles_by_username(user_name: str, before: str | None = None) -> CardPage:
    """Return a page of an author's articles. Raises `InvalidCursor`, `NotFound` for no author of this name."""
    position = read_cursor(before)
    cache.depends_on(tags.user_name(user_name))
    author = {"user_name": user_name}
    rows = read(_OF_AUTHOR, author | bound_to(position)).all()
    cache.depends_on(tags.author_list(_owner(rows, _profile(), author)))
    return make_page(rows, position)


@cache.memoize(TAG_TTL)
@timed("get_articles_by_tag")
def get_articles_by_tag(slug: str, before: str | None = None) -> CardPage:
    """Return a page of a tag's articles. Raises `InvalidCursor`, `NotFound` for no such tag."""
    position = read_cursor(before)
    cache.depends_on(tags.tag_slug(slug))
    tag = {"slug": slug}
    rows = read(_OF_TAG, tag | bound_to(position)).all()
    cache.depends_on(tags.tag_list(_owner(rows, _tag(), tag)))
    return make_page(rows, position)


@cache.memoize(ARTICLE_TTL)
@timed("get_article")
def get_article(slug: str) -> ArticleRecord | None:
    """Return a published article in full; two statements."""
    row = read(_ONE, {"slug": slug}).one_or_none()
    if row is None:
        cache.depends_on(tags.slug(slug))
        return None
    cache.depends_on(tags.article(row.article_id), tags.likes(row.article_id))
    authors, subjects = _read_surroundings(row.article_id)
    return ArticleRecord(**row._mapping, authors=authors, tags=subjects)


@cache.memoize(ARTICLE_TTL)
@timed("get_more_by_authors")
def get_more_by_authors(article_id: int) -> tuple[Card, ...]:
    """Return the newest other articles by its first authors, at most three; two statements."""
    rows = read(_newest_of_authors(), {"article_id": article_id}).unique(lambda row: row.article_id).all()
    newest = sorted(rows, key=lambda row: (row.published_at, row.article_id), reverse=True)[:MORE]
    authors = read_authors([article_id, *(row.article_id for row in newest)])
    # The article's own by-lines say whose lists these come from.
    cache.depends_on(tags.card(article_id))
    cache.depends_on(*(tags.author_list(author.profile_id) for author in authors[article_id][:FIRST_AUTHORS]))
    return tuple(make_card(row, authors[row.article_id]) for row in newest)


def _owner(rows: Any, owner: ColumnElement[Any], bound: dict[str, Any]) -> int:
    """Return whose list the rows are; only an empty list needs a statement to tell."""
    if rows:
        return int(rows[0][0])
    found = db.session.scalar(select(owner), bound)
    if found is None:
        raise NotFound
    return int(found)


def _read_surroundings(article_id: int) -> tuple[tuple[Person, ...], tuple[TagRecord, ...]]:
    """Read an article's authors and tags in one statement, and note them."""
    rows = read(_surroundings(), {"article_id": article_id}).all()
    people = sorted((row for row in rows if row.position is not None), key=lambda row: row.position)
    labels = sorted((row for row in rows if row.position is None), key=lambda row: row.slug)
    cache.depends_on(*(tags.tag_slug(row.slug) for row in labels))
    return (
        tuple(note(Person(row.id, row.slug, row.name)) for row in people),
        tuple(TagRecord(row.id, row.slug, row.name) for row in labels),
    )


@remember
def _surroundings() -> CompoundSelect[*tuple[Any, ...]]:
    authors = (
        select(
            ArticleAuthor.position.label("position"),
            Profile.profile_id.label("id"),
            Profile.user_name.label("slug"),
            Profile.display_name.label("name"),
        )
        .join(Profile, Profile.profile_id == ArticleAuthor.profile_id)
        .where(ArticleAuthor.article_id == bindparam("article_id"))
    )
    subjects = (
        select(cast(null(), Integer), Tag.tag_id, Tag.slug, Tag.name)
        .join(ArticleTag, ArticleTag.tag_id == Tag.tag_id)
        .where(ArticleTag.article_id == bindparam("article_id"))
    )
    return union_all(authors, subjects)


@remember
def _newest_of_authors() -> Rows:
    """Select the newest articles of each of the first authors: a few steps in an index for each."""
    newest = union_all(*(_newest_of(position) for position in range(FIRST_AUTHORS))).subquery()
    return select(*CARD_COLUMNS).join(newest, newest.c.article_id == Article.article_id)


def _newest_of(position: int) -> Rows:
    theirs, mine = aliased(ArticleAuthor), aliased(ArticleAuthor)
    article_id: ColumnElement[int] = bindparam("article_id", type_=Integer)
    author: ColumnElement[Any] = (
        select(mine.profile_id).where(mine.article_id == article_id, mine.position == position).scalar_subquery()
    )
    newest = (
        select(theirs.article_id)
        .where(theirs.profile_id == author, theirs.published_at.is_not(None), theirs.article_id != article_id)
        .order_by(theirs.published_at.desc(), theirs.article_id.desc())
        .limit(MORE)
        .subquery()
    )
    # SQLite takes a LIMIT inside a UNION only in a query around it.
    return select(newest.c.article_id)
