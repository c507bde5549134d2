"""Made-up articles, the same on every machine: many enough to measure with, and written without the site's own deeds.

200 authors, one or two to an article; bodies of `body_bytes` of HTML; one article every 37 minutes.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert

from application.data.models import Article, ArticleAuthor, Profile
from application.extensions import db

SEED = 20_261_126
AUTHORS = 200
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=37)
AT_ONCE = 2_000
SYLLABLES = (
    "ar",
    "be",
    "cin",
    "do",
    "el",
    "fer",
    "gul",
    "hin",
    "is",
    "jor",
    "ka",
    "lem",
    "mi",
    "nor",
    "op",
    "pra",
    "quo",
)


def fill(app: Flask, articles: int, body_bytes: int = 3_000) -> None:
    """Make the tables and fill them."""
    chance = random.Random(SEED)  # noqa: S311 - the same on every machine is what is wanted
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(1_500)]
    with app.app_context():
        upgrade()
        with db.engine.begin() as connection:
            connection.execute(insert(Profile), list(_authors(chance, words)))
            for first in range(1, articles + 1, AT_ONCE):
                numbers = range(first, min(first + AT_ONCE, articles + 1))
                rows = [_article(number, chance, words, body_bytes) for number in numbers]
                connection.execute(insert(Article), rows)
                connection.execute(insert(ArticleAuthor), [line for row in rows for line in _by_lines(row, chance)])
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        db.session.remove()


def _authors(chance: random.Random, words: list[str]) -> Iterator[dict[str, Any]]:
    for number in range(1, AUTHORS + 1):
        name = " ".join(chance.choices(words, k=2)).title()
        yield {"profile_id": number, "user_name": f"author{number:03d}", "display_name": name, "biography": ""}


def _article(number: int, chance: random.Random, words: list[str], body_bytes: int) -> dict[str, Any]:
    body = _body(chance, words, body_bytes)
    moment = FIRST + EVERY * number
    return {
        "article_id": number,
        "slug": f"article-{number}",
        "title": _sentence(chance, words)[:-1],
        "standfirst": _sentence(chance, words) + " " + _sentence(chance, words),
        "status": "published",
        "published_at": moment,
        "created_at": moment,
        "updated_at": moment,
        "saved_at": moment,
        "reading_minutes": 1 + body_bytes // 1_200,
        "like_count": chance.randint(0, 40),
        "version": 1,
        "content": "",
        "html": body,
    }


def _by_lines(article: dict[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    authors = chance.sample(range(1, AUTHORS + 1), chance.choice([1, 1, 2]))
    for position, profile_id in enumerate(authors):
        yield {
            "article_id": article["article_id"],
            "profile_id": profile_id,
            "position": position,
            "published_at": article["published_at"],
        }


def _body(chance: random.Random, words: list[str], size: int) -> str:
    paragraphs: list[str] = []
    written = 0
    while written < size:
        paragraphs.append("<p>" + " ".join(_sentence(chance, words) for _ in range(chance.randint(3, 6))) + "</p>")
        written += len(paragraphs[-1])
    return "\n".join(paragraphs)


def _sentence(chance: random.Random, words: list[str]) -> str:
    return " ".join(chance.choices(words, k=chance.randint(6, 16))).capitalize() + "."
