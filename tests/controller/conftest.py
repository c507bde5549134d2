"""A client as far from the test as a browser is."""

import contextvars
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from application import config


class Browser(FlaskClient):
    """Sends each request in a context of its own: the test's would lend it `g`, with whoever was signed in last."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture(autouse=True)
def patient_limiter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Redis on a machine that has much else to do: counts begun in memory would tell nothing."""
    monkeypatch.setattr(config, "LIMITER_TIMEOUT", 10.0)


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Browser
    return app
