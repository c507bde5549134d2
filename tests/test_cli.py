"""The commands, as an operator types them."""

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.data.models import Profile
from application.extensions import db
from tests.controller.people import make_article, make_user


@pytest.fixture
def run(app: Flask):
    def run(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=arguments)
        return result.exit_code, result.output

    return run


def test_the_keys_are_listed_with_their_lifetime_and_size(run, client: FlaskClient) -> None:
    make_article(make_user("ada", "author"))
    client.get("/")
    client.get("/articles_by/ada")
    status, output = run("cache", "keys")
    assert status == 0
    assert "flask_cache_view//\n" in output
    assert "flask_cache_get_articles_by_username(user_name=ada)" in output
    listed = [line.split() for line in output.splitlines() if "flask_cache_" in line]
    assert all(0 < int(line[0]) <= 300 and line[1] == "s" and int(line[2]) > 0 for line in listed)
    assert run("cache", "keys", "view/*")[1].count("flask_cache_") == 2
    assert run("cache", "keys", "flask_cache_view//")[1].count("flask_cache_") == 1
    assert run("cache", "keys", "nothing*")[1].strip() == "0 keys"


def test_without_redis_the_keys_command_says_so(run, app: Flask, redis_client: redis.Redis) -> None:
    engine = app.extensions["cache"]
    (backend,) = engine.values()
    backend.client = redis.Redis(port=1)
    status, output = run("cache", "keys")
    assert status == 2
    assert "Redis does not answer" in output
    assert "Traceback" not in output


def test_an_account_is_linked_to_an_imported_author(run, app: Flask) -> None:
    make_user("grace", "author")
    make_user("other", "author")
    db.session.add(Profile(user_name="grace-hopper", display_name="Grace Hopper"))
    db.session.commit()
    assert run("authors", "link", "Grace@example.com", "Grace-Hopper") == (
        0,
        "Grace@example.com writes as Grace-Hopper\n",
    )
    assert run("authors", "link", "other@example.com", "grace-hopper") == (
        1,
        "Error: another account is grace-hopper already\n",
    )
    assert run("authors", "link", "nobody@example.com", "grace-hopper")[0] == 1
    assert run("authors", "link", "other@example.com", "nobody")[1] == "Error: there is no author nobody\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "/\udcff"),
        ("profile", "/\udcff"),
        ("cache", "purge", "\udcff"),
        ("cache", "delete", "view//", "--why", "\udcff"),
        ("jobs", "start", "recount-likes", "--why", "\udcff"),
        ("authors", "link", "\udcff", "ada"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]).encode(errors="replace").decode(),
)
def test_what_is_no_text_is_refused_in_a_line(run, arguments: tuple[str, ...]) -> None:
    status, output = run(*arguments)
    assert status == 2
    assert "this is not UTF-8" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("jobs", "failed", "red\a\nline2"), 1),
        (("authors", "link", "red\a\nline2", "ada"), 1),
        (("profile", "red\a\nline2"), 1),
        (("explain", "red\a\nline2"), 2),
        (("audit", "http:red\a\nline2"), 2),
    ],
)
def test_what_was_typed_is_quoted_without_its_controls(run, arguments: tuple[str, ...], status: int) -> None:
    got, output = run(*arguments)
    assert got == status
    assert output.startswith("Error: ")
    assert output.count("\n") == 1
    assert "red\\x07" in output
