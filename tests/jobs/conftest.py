"""An article whose likes can be counted."""

import pytest
from flask import Flask

from application.data.models import Profile
from application.extensions import db
from tests.articles import write


@pytest.fixture
def article_id(app: Flask) -> int:
    author = Profile(user_name="ada", display_name="Ada")
    db.session.add(author)
    db.session.commit()
    return write("On counting", "One, two.").article_id
