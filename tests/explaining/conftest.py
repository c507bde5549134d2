"""`flask explain` on a site with faults planted in it."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from flask import Flask

from application.data.operations import people
from application.explaining.explanation import Explanation
from application.extensions import db
from application.rehearsing.site import BUILD
from tests.articles import write
from tests.controller.conftest import Browser
from tests.controller.people import make_user
from tests.explaining.planted import create_app, make_big_table

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Browser
    return app


@pytest.fixture
def run(app: Flask) -> Iterator[Run]:
    people.ensure_profile(make_user("ada", "author"))
    write("On Engines")
    app.extensions[BUILD] = create_app
    return runner(app)


def runner(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        db.session.remove()
        result = app.test_cli_runner().invoke(args=["explain", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result.exit_code, result.output

    return run


@pytest.fixture
def big_table(run: Run) -> None:
    make_big_table()


def explained(run: Run, *arguments: str) -> Explanation:
    _, output = run(*arguments, "--json")
    return msgspec.json.decode(output[: output.rindex("}") + 1], type=Explanation)
