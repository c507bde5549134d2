"""What is measured, kept for a test to look at."""

import pytest
from flask import Flask

from application.data.models import Profile
from application.extensions import db
from application.measuring.timing import Measurement
from tests.articles import write
from tests.controller.conftest import Browser


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Measurement]:
    """Everything that was measured, as it ends."""
    ended: list[Measurement] = []
    end = Measurement.end

    def remember(self: Measurement) -> None:
        end(self)
        ended.append(self)

    monkeypatch.setattr(Measurement, "end", remember)
    return ended


@pytest.fixture
def reader(app: Flask) -> Browser:
    """A browser, on a site with one article."""
    db.session.add(Profile(user_name="ada", display_name="Ada"))
    db.session.commit()
    write()
    app.test_client_class = Browser
    client = app.test_client()
    assert isinstance(client, Browser)
    return client
