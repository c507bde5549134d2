"""People and articles for the controllers' tests."""

import uuid

from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import select
from werkzeug.test import TestResponse

from application.data.models import Article, Role, User
from application.data.operations import articles, people
from application.extensions import db

PASSWORD = "correct horse battery"


def make_user(username: str, *roles: str) -> int:
    rows = [db.session.scalar(select(Role).where(Role.name == name)) or Role(name=name) for name in roles]
    user = User(
        email=f"{username}@example.com",
        username=username,
        password=hash_password(PASSWORD),
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        roles=rows,
    )
    db.session.add(user)
    db.session.commit()
    return user.id


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD, **form: str) -> TestResponse:
    return client.post("/login", data={"email": f"{username}@example.com", "password": password, **form})


def make_article(user_id: int, title: str = "A title", *, publish: bool = True) -> tuple[int, str]:
    """Return the article's id and slug."""
    slug = articles.create_article(
        [people.ensure_profile(user_id)], title=title, content="Some *text*.", standfirst="", publish=publish, tags=[]
    )
    article_id = db.session.scalar(select(Article.article_id).where(Article.slug == slug))
    assert article_id is not None
    return article_id, slug
