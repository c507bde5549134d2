"""More articles than a person would write for a test: rows of them, past the operations."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from application.data.models import Article, ArticleAuthor, ArticleTag, Profile, Tag
from application.extensions import db

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def many_articles(count: int) -> None:
    """Publish so many, by one author and under one tag; the first of them are never the newest."""
    author = Profile(user_name="many", display_name="Many")
    tag = Tag(slug="many", name="Many")
    db.session.add_all([author, tag])
    db.session.flush()
    common = {"standfirst": "", "status": "published", "version": 1, "content": "x", "html": "<p>x</p>"}
    times = [BEGAN + timedelta(minutes=number) for number in range(count)]
    rows = [
        {**common, "slug": f"many-{number}", "title": f"Many {number}", "published_at": at}
        for number, at in enumerate(times)
    ]
    db.session.execute(insert(Article), rows)
    found = db.session.execute(
        select(Article.article_id, Article.published_at).where(Article.slug.startswith("many-"))
    ).all()
    lines = [{"article_id": article.article_id, "published_at": article.published_at} for article in found]
    db.session.execute(
        insert(ArticleAuthor), [{**line, "profile_id": author.profile_id, "position": 0} for line in lines]
    )
    db.session.execute(insert(ArticleTag), [{**line, "tag_id": tag.tag_id} for line in lines])
    db.session.commit()
