"""An operator who is signed in."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.controller.people import make_user, sign_in


@pytest.fixture
def operator(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("root", "administrator")
    sign_in(client, "root")
    return client
