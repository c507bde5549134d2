"""Everything that readers see, in the order of its ids: for jobs that walk through all of it. Never cached."""

from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, exists, func, select

from application.config import PAGE_SIZE
from application.data.database import end_read_transaction
from application.data.models import PUBLISHED, Article, ArticleAuthor, ArticleLike, ArticleTag, Profile, Tag
from application.extensions import db
from application.measuring.timing import timed

Noun = Literal["article", "author", "tag"]


class Shown(NamedTuple):
    """Something with a page of its own: its id, and what names it in its address."""

    number: int
    name: str


@timed("find_shown")
def find_shown(noun: Noun, after: int, limit: int) -> list[Shown]:
    """Return what follows an id."""
    end_read_transaction()
    number, statement = _of(noun)
    rows = db.session.execute(statement.where(number > after).order_by(number).limit(limit))
    return [Shown(*row) for row in rows]


@timed("count_shown")
def count_shown() -> dict[str, int]:
    """Return how many pages there are of articles, of authors, of tags, and of the list of them all."""
    end_read_transaction()
    articles = db.session.scalar(select(func.count()).where(Article.status == PUBLISHED)) or 0
    return {
        "article": articles,
        "latest": max(1, -(-articles // PAGE_SIZE)),
        "author": _list_pages(ArticleAuthor.profile_id, ArticleAuthor.published_at),
        "tag": _list_pages(ArticleTag.tag_id, ArticleTag.published_at),
    }


@timed("count_articles")
def count_articles() -> int:
    """Return how many articles there are in every state."""
    end_read_transaction()
    return db.session.scalar(select(func.count()).select_from(Article)) or 0


@timed("find_wrong_counts")
def find_wrong_counts(after: int, limit: int) -> tuple[list[int], list[int]]:
    """Return the ids of the articles that follow one, and which of them have another count than rows of likes."""
    end_read_transaction()
    following = select(Article.article_id).where(Article.article_id > after).order_by(Article.article_id)
    looked_at = list(db.session.scalars(following.limit(limit)))
    rows = select(func.count()).where(ArticleLike.article_id == Article.article_id).scalar_subquery()
    wrong = select(Article.article_id).where(Article.article_id.in_(looked_at), Article.like_count != rows)
    return looked_at, sorted(db.session.scalars(wrong)) if looked_at else []


def _of(noun: Noun) -> tuple[Any, Select[*tuple[Any, ...]]]:
    if noun == "article":
        return Article.article_id, select(Article.article_id, Article.slug).where(Article.status == PUBLISHED)
    if noun == "author":
        theirs = exists().where(ArticleAuthor.profile_id == Profile.profile_id, ArticleAuthor.published_at.is_not(None))
        return Profile.profile_id, select(Profile.profile_id, Profile.user_name).where(theirs)
    carried = exists().where(ArticleTag.tag_id == Tag.tag_id, ArticleTag.published_at.is_not(None))
    return Tag.tag_id, select(Tag.tag_id, Tag.slug).where(carried)


def _list_pages(owner: Any, published_at: Any) -> int:
    """Add up the pages of all lists of one kind."""
    pages = ((func.count() + PAGE_SIZE - 1) // PAGE_SIZE).label("pages")
    lists = select(pages).where(published_at.is_not(None)).group_by(owner).subquery()
    return int(db.session.scalar(select(func.coalesce(func.sum(lists.c.pages), 0))) or 0)
