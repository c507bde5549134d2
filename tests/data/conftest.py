"""What the tests of the data room share: quick ways to make rows, and an eye on the statements."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import event, insert

from application.data.data_access import get_tag
from application.data.models import Article, ArticleAuthor, ArticleLike, ArticleTag, Profile, Tag, User
from application.extensions import cache, db

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class Statement(NamedTuple):
    text: str
    parameters: Any


@pytest.fixture
def connected(app: Flask) -> None:
    """Have the first look into Redis, which sweeps the outbox, behind us."""
    get_tag("of nothing")
    db.session.rollback()


@pytest.fixture
def statements(app: Flask, connected: None) -> Iterator[list[Statement]]:
    """Every statement that reaches the database, in order."""
    seen: list[Statement] = []

    def note(_connection: object, _cursor: object, text: str, parameters: Any, *_rest: object) -> None:
        seen.append(Statement(text, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def invalidated(app: Flask, connected: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, set[str]]]:
    """What the cache was told, as (kind, tags)."""
    told: list[tuple[str, set[str]]] = []
    tell = cache.invalidate

    def note(tags: Any, kind: Any = "changed") -> bool:
        told.append((kind, set(tags)))
        return tell(tags, kind)

    monkeypatch.setattr(cache, "invalidate", note)
    return told


@pytest.fixture
def make_user(app: Flask) -> Callable[..., int]:
    def make(name: str = "ada", **more: Any) -> int:
        values = {"email": f"{name}@example.org", "username": name, "fs_uniquifier": f"key of {name}", **more}
        return _add(User(**values)).id

    return make


@pytest.fixture
def make_profile(app: Flask) -> Callable[..., int]:
    def make(user_name: str = "ada", display_name: str = "Ada Lovelace", **more: Any) -> int:
        return _add(Profile(user_name=user_name, display_name=display_name, **more)).profile_id

    return make


@pytest.fixture
def make_article(app: Flask) -> Callable[..., int]:
    """Make an article by these authors; published unless its status says otherwise."""

    def make(
        slug: str = "first",
        authors: tuple[int, ...] = (),
        tags: tuple[int, ...] = (),
        at: datetime = EPOCH,
        **more: Any,
    ) -> int:
        values = {"title": slug.title(), "status": "published", "content": "Text", "html": "<p>Text</p>", **more}
        article = Article(slug=slug, published_at=None if values["status"] == "draft" else at, **values)
        article.authorships = [ArticleAuthor(profile_id=author, position=n) for n, author in enumerate(authors)]
        article.taggings = [ArticleTag(tag_id=tag) for tag in tags]
        return _add(article).article_id

    return make


@pytest.fixture
def make_tag(app: Flask) -> Callable[..., int]:
    return lambda slug="rust", name="Rust": _add(Tag(slug=slug, name=name)).tag_id


def _add(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row


@pytest.fixture
def library(app: Flask) -> None:
    """2,000 articles, every tenth a draft, by 20 authors, the first of whom wrote half; one more wrote nothing."""
    numbers = range(1, 2001)
    listed = {n: None if n % 10 == 0 else EPOCH + timedelta(hours=n // 2) for n in numbers}
    with db.engine.begin() as connection:
        connection.execute(
            insert(Profile),
            [{"profile_id": n, "user_name": f"author-{n}", "display_name": f"Author {n}"} for n in range(1, 22)],
        )
        connection.execute(insert(Tag), [{"tag_id": n, "slug": f"tag-{n}", "name": f"Tag {n}"} for n in range(1, 11)])
        connection.execute(insert(Article), [_article(n, listed[n]) for n in numbers])
        connection.execute(
            insert(ArticleAuthor),
            [
                {"article_id": n, "profile_id": profile, "position": position, "published_at": listed[n]}
                for n in numbers
                for position, profile in enumerate(sorted({1 if n % 2 else n % 20 + 1, n % 7 + 1}))
            ],
        )
        connection.execute(
            insert(ArticleTag), [{"article_id": n, "tag_id": n % 10 + 1, "published_at": listed[n]} for n in numbers]
        )
        connection.execute(
            insert(ArticleLike), [{"article_id": n % 50 + 1, "visitor_id": f"visitor {n}"} for n in numbers]
        )
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")


def _article(n: int, listed: datetime | None) -> dict[str, Any]:
    return {
        "article_id": n,
        "slug": f"article-{n}",
        "title": f"Article {n}",
        "status": "draft" if listed is None else "published",
        "published_at": listed,
        "version": 1,
        "content": "word " * 200,
        "html": "<p>" + "word " * 200,
    }
