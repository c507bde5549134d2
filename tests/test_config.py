"""Settings that are wrong are said to be wrong, by name."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from application import create_app
from application.config import Settings, SettingsError, load_settings
from application.extensions import db
from tests.conftest import settings_for

DEPLOYED = {
    "ENV": "production",
    "SECRET_KEY": "s" * 32,
    "SECURITY_PASSWORD_SALT": "p" * 16,
    "DATABASE_URL": "postgresql://localhost/x",
    "REDIS_URL": "redis://localhost",
    "SITE_URL": "https://example.org",
}


MAIL = {"MAIL_SERVER": "mail.example.com", "MAIL_SENDER": "site@example.com"}


def test_production_runs_with_all_it_needs() -> None:
    settings = load_settings(DEPLOYED)
    assert settings.is_secure
    assert settings.hosts == ["example.org"]


@pytest.mark.parametrize("missing", sorted(set(DEPLOYED) - {"ENV"}))
def test_production_names_what_is_missing(missing: str, tmp_path: object) -> None:
    with pytest.raises(SettingsError, match=missing):
        load_settings({**DEPLOYED, missing: ""}, tmp_path / "none")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_TIMEZONE", "Mars/X"),
        ("SITE_TIMEZONE", "Europe/Pariss"),
        ("SITE_TIMEZONE", "../etc/passwd"),
        ("CACHE_TYPE", "bogus"),
        ("SITE_URL", "nonsense"),
        ("SITE_URL", "ftp://example.org"),
        ("SITE_URL", "https://example.org/path"),
        ("SECRET_KEY", "short"),
        ("PORT", "0"),
        ("PORT", "http"),
        ("PROXIES", "-1"),
        ("LOG_LEVEL", "loud"),
        ("REGISTRATION", "ajar"),
    ],
)
def test_a_wrong_value_is_said_to_be_wrong(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({**DEPLOYED, name: value})


@pytest.mark.parametrize("of", ["", "ENV=development\n", "ENV=stage\n"])
def test_production_takes_no_secret_that_was_made_for_another_environment(of: str, tmp_path: Path) -> None:
    run_env = tmp_path / "run.env"
    run_env.write_text(f"{of}SECRET_KEY={'d' * 64}\nSECURITY_PASSWORD_SALT=salt\nSITE_NAME=Tried\n")
    with pytest.raises(SettingsError, match=r"SECRET_KEY.*run\.env.*not read.*ENV=production"):
        load_settings({**DEPLOYED, "SECRET_KEY": ""}, run_env)
    assert load_settings(DEPLOYED, run_env).site_name == "Broadsheet"
    assert load_settings({} if "stage" not in of else {"ENV": "development"}, run_env).secret_key == "d" * 64


def test_a_file_that_is_productions_own_is_read(tmp_path: Path) -> None:
    run_env = tmp_path / "run.env"
    run_env.write_text("".join(f"{name}={value}\n" for name, value in DEPLOYED.items()))
    for environ in ({}, {"ENV": "production"}):
        assert load_settings(environ, run_env).secret_key == DEPLOYED["SECRET_KEY"]


@pytest.mark.parametrize(
    ("environ", "is_open"),
    [
        ({"ENV": "development"}, True),
        (DEPLOYED, False),
        ({**DEPLOYED, **MAIL}, True),
        ({**DEPLOYED, "REGISTRATION": "open"}, True),
        ({**DEPLOYED, **MAIL, "REGISTRATION": "closed"}, False),
        ({"ENV": "development", "REGISTRATION": "closed"}, False),
    ],
)
def test_strangers_register_where_that_tells_nothing_or_somebody_decided_it(
    environ: dict[str, str], is_open: bool, tmp_path: Path
) -> None:
    assert load_settings(environ, tmp_path / "run.env").is_registration_open is is_open


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(SettingsError, match="staging"):
        load_settings({"ENV": "staging"})


@pytest.mark.parametrize(("proxies", "limited"), [("0", True), ("1", False)])
def test_readers_behind_a_proxy_are_told_apart_only_when_it_is_known(
    settings: Settings, proxies: str, limited: bool
) -> None:
    made = create_app(settings_for(settings.database_url, settings.redis_url, PROXIES=proxies))
    statuses = {
        made.test_client()
        .post("/register", data={"email": "x"}, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        .status_code
        for number in range(35)
    }
    with made.app_context():
        db.engine.dispose()
    assert (429 in statuses) is limited


@pytest.mark.parametrize("path", ["/static/site.css", "/favicon.ico", "/robots.txt", "/hello", "/nowhere", "/stream"])
def test_what_is_the_same_for_everybody_has_no_session(app: Flask, client: FlaskClient, path: str) -> None:
    client.set_cookie("session", "anything")
    with client.get(path, buffered=False) as answer:
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "Set-Cookie" not in answer.headers
