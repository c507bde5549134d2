"""`flask users …` and `flask roles …`, as Flask-Security gives them, under the site's rules."""

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from application import create_app
from application.data.models import AuditEntry, Role, User
from application.data.operations.accounts import ensure_roles
from application.extensions import db
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.people import PASSWORD, make_user, sign_in


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Browser
    ensure_roles()
    return app


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def create(app: Flask, email: str = "Grace@Example.com", name: str = "Gr\u00c4ce", *more: str) -> Result:
    return run(app, "users", "create", email, "--username", name, "--password", PASSWORD, "--active", *more)


def only_user() -> User:
    db.session.rollback()
    return db.session.scalars(select(User)).one()


@pytest.mark.parametrize("typed", ["grace@example.com", "GRACE@example.com", "gr\u00e4ce", "GR\u00c4CE"])
def test_a_created_account_signs_in_by_either_name(app: Flask, client: FlaskClient, typed: str) -> None:
    made = create(app)
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    user = only_user()
    assert (user.email, user.username) == ("grace@example.com", "gr\u00e4ce")
    assert [role.name for role in user.roles] == ["reader"]
    assert user.confirmed_at is not None
    assert client.post("/login", data={"email": typed, "password": PASSWORD}).status_code == 302


def test_where_registration_is_closed_only_the_command_makes_accounts(database_url: str, redis_url: str) -> None:
    app = create_app(settings_for(database_url, redis_url, REGISTRATION="closed"))
    app.test_client_class = Browser
    with app.app_context():
        ensure_roles()
        client = app.test_client()
        assert client.get("/register").status_code == 404
        assert client.post("/register", data={"email": "a@example.com"}).status_code == 404
        assert "/register" not in client.get("/login").text
        made = create(app)
        assert made.exit_code == 0, made.output
        assert client.post("/login", data={"email": "gräce", "password": PASSWORD}).status_code == 302
        db.engine.dispose()


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("no address", "grace"),
        ("grace@example.com", "two words"),
        ("grace@example.com", "admin"),
        ("grace@example.com", "taken"),
        ("TAKEN@example.com", "grace"),
    ],
)
def test_what_the_form_refuses_the_command_refuses(app: Flask, email: str, name: str) -> None:
    make_user("taken", "reader")
    made = create(app, email, name)
    assert made.exit_code == 2, made.output
    assert only_user().username == "taken"


def test_roles_are_given_and_taken(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    assert run(app, "roles", "add", "GRACE@example.com", "author").exit_code == 0
    assert {role.name for role in only_user().roles} == {"reader", "author"}
    sign_in(client, "grace")
    assert client.get("/create_article").status_code == 200
    assert run(app, "roles", "remove", "Grace", "author").exit_code == 0
    assert client.get("/create_article").status_code == 403
    assert run(app, "roles", "add", "grace", "no such role").exit_code == 2
    assert run(app, "roles", "add", "nobody", "author").exit_code == 2
    db.session.rollback()
    entries = db.session.execute(select(AuditEntry.deed, AuditEntry.user_name, AuditEntry.details)).all()
    assert [tuple(entry) for entry in entries] == [
        ("role given", "command line", {"role": "author"}),
        ("role taken", "command line", {"role": "author"}),
    ]


def test_a_role_can_be_made(app: Flask) -> None:
    assert run(app, "roles", "create", "proofreader", "--description", "Reads proofs.").exit_code == 0
    db.session.rollback()
    assert db.session.scalar(select(Role.description).where(Role.name == "proofreader")) == "Reads proofs."


def test_an_account_is_closed_and_opened(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    assert run(app, "users", "deactivate", "grace").exit_code == 0
    assert client.get("/account").status_code == 302
    assert run(app, "users", "activate", "grace").exit_code == 0
    assert sign_in(client, "grace").status_code == 302


def test_a_lost_authenticator_is_taken_off(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    user = only_user()
    user.tf_primary_method, user.tf_totp_secret, user.mf_recovery_codes = "authenticator", "x", ["y"]
    db.session.commit()
    key = user.fs_uniquifier
    assert run(app, "users", "reset_access", "cyd").exit_code == 0
    user = only_user()
    assert user.tf_totp_secret is None
    assert not user.mf_recovery_codes
    assert user.fs_uniquifier != key


def test_a_password_is_replaced(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    short = run(app, "users", "change_password", "grace", "--password", "short")
    assert short.exit_code == 2
    assert run(app, "users", "change_password", "grace", "--password", "another horse").exit_code == 0
    assert sign_in(client, "grace", "another horse").status_code == 302
