"""An article whose likes can be counted."""

import pytest
from flask import Flask

from application.data.models import Article, Profile
from application.data.operations import articles
from application.extensions import db


@pytest.fixture
def article_id(app: Flask) -> int:
    author = Profile(user_name="ada", display_name="Ada")
    db.session.add(author)
    db.session.commit()
    slug = articles.create_article([author.profile_id], title="On counting", content="One, two.", publish=True)
    found = db.session.query(Article.article_id).filter_by(slug=slug).scalar()
    assert isinstance(found, int)
    return found
