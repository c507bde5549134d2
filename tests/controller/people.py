"""People and articles for the controllers' tests."""

import uuid

from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import select
from werkzeug.test import TestResponse

from application.data.data_access import get_user_name
from application.data.models import Role, User
from application.data.operations import people
from application.extensions import db
from tests.articles import write

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
    people.ensure_profile(user_id)
    author = get_user_name(user_id)
    assert author is not None
    saved = write(title, "Some *text*.", authors=(author,), publish=publish)
    return saved.article_id, saved.slug
