"""Every address and method, walked as everybody, and compared with the one table in docs/roles.md."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from application import create_app
from application.config import ROOT
from application.data.models import User
from application.data.operations import feedback, people
from application.data.types import utc_now
from application.extensions import db, limiter
from tests.articles import write
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.people import make_user, sign_in
from tests.controller.test_api import token_of

TABLE = ROOT / "docs" / "roles.md"
PEOPLE = ("stranger", "reader", "author (own)", "author (other’s)", "editor", "administrator")
NAMES = dict(zip(PEOPLE, ("", "rita", "ada", "bob", "edith", "root"), strict=True))
ROW = re.compile(
    r"^\| `([A-Z]+)` \| `(/[^`]*)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE
)

STREAMS = ("/stream", "/console/ticks")
Row = tuple[str, str]


def table() -> dict[Row, tuple[str, ...]]:
    """Read the table: (method, address) to what each of the people may."""
    text = TABLE.read_text("utf-8")
    (head,) = re.findall(r"^\| Method \| Address \|(.*)\|$", text, re.MULTILINE)
    assert tuple(cell.strip() for cell in head.split("|")) == PEOPLE
    rows: dict[Row, tuple[str, ...]] = {}
    for method, address, *cells in ROW.findall(text):
        assert (method, address) not in rows, f"{method} {address} stands twice"
        rows[method, address] = tuple(cell.strip() for cell in cells)
    assert rows
    return rows


@pytest.fixture
def site(database_url: str, redis_url: str) -> Iterator[Flask]:
    """A site that has every address there is: some exist only where mail is set up."""
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": "9", "MAIL_SENDER": "site@example.com"}
    app = create_app(settings_for(database_url, redis_url, **mail))
    app.test_client_class = Browser
    limiter._storage_dead = False
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


class Walker:
    """One of the people, each time with a browser that has just signed in, or with a new token."""

    def __init__(self, app: Flask, name: str, slug: str) -> None:
        self.app = app
        self.name = name
        self.slug = slug

    def ask(self, method: str, address: str) -> str:
        """Send one request from a session of its own, and tell in a word what came of it."""
        client = self.app.test_client()
        headers: dict[str, str] = {}
        body: dict[str, Any] = {}
        if address.startswith("/api/"):
            headers = {"Authentication-Token": token_of(self.app.test_client(), self.name)} if self.name else {}
        elif self.name:
            assert sign_in(client, self.name).status_code == 302
        if method == "PUT" or (address.startswith("/autosave/") and not address.endswith("/discard")):
            body = {"json": {"article": self.slug, "fields": {}}}
        elif method == "POST" and not headers:
            body = {"data": {"nothing": "1"}}
        # A stream that is opened goes on; its head says the same.
        answer = client.open(address, method="HEAD" if address in STREAMS else method, headers=headers, **body)
        word = outcome(answer)
        answer.close()
        return word


def outcome(answer: TestResponse) -> str:
    """Say what an answer means to the one who asked."""
    assert answer.status_code < 500, (answer.request.path, answer.status)
    if answer.status_code == 401 or (answer.status_code in {302, 303} and "/login" in (answer.location or "")):
        return "sign in"
    return {403: "no", 404: "nothing there", 405: "no such method"}.get(answer.status_code, "yes")


def address_of(rule: str, slug: str, feedback_id: int) -> str:
    """Put what is there into an address: the first author's article and profile."""
    parts = {
        "<int:article_id>": "1",
        "<int:feedback_id>": str(feedback_id),
        "<int:number>": "1",
        "<slug>": slug,
        "<user_name>": "ada",
        "<tag>": "walking",
        "<form_key>": "0123456789abcdef0123456789abcdef",
        "<path:filename>": "site.css",
        "<token>": "made-up",
        "<statement>": "made-up",
    }
    for part, value in parts.items():
        rule = rule.replace(part, value)
    assert "<" not in rule, f"say in this test what stands for the part in {rule}"
    return rule + ("?from=1&to=1" if rule.endswith("/difference") else "")


def test_every_address_has_its_row(site: Flask) -> None:
    routes = {
        (method, str(rule))
        for rule in site.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert sorted(routes - table().keys()) == [], "these have no row in docs/roles.md"
    assert sorted(table().keys() - routes) == [], "these rows in docs/roles.md are of no address"


# Flask-Security's own form for the second factor makes its choices in the way of older WTForms.
older_forms = pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")


@older_forms
def test_everybody_may_what_the_table_says(site: Flask) -> None:
    expected = table()
    assert differences(expected, walk(site, expected, publish=True)) == []


@older_forms
def test_a_draft_is_only_where_it_is_written(site: Flask) -> None:
    about_an_article = {
        (method, address): tuple(
            "nothing there" if cell == "yes" and not re.search("/(edit|revisions)", address) else cell for cell in cells
        )
        for (method, address), cells in table().items()
        if address.startswith(("/articles/", "/article_", "/api/article_likes/"))
    }
    assert len(about_an_article) >= 10
    assert differences(about_an_article, walk(site, about_an_article, publish=False)) == []


def differences(expected: dict[Row, tuple[str, ...]], walked: dict[Row, dict[str, str]]) -> list[str]:
    return [
        f"{method} {address}: the {who} gets “{walked[method, address][who]}”, docs/roles.md says “{cell}”"
        for (method, address), cells in expected.items()
        for who, cell in zip(PEOPLE, cells, strict=True)
        if walked[method, address][who] != cell
    ]


def walk(app: Flask, rows: Iterable[Row], *, publish: bool) -> dict[Row, dict[str, str]]:
    """Send every request as everybody; the article is by the first author."""
    limiter.enabled = False
    try:
        roles = {"rita": "reader", "ada": "author", "bob": "author", "edith": "editor", "root": "administrator"}
        ids = {name: make_user(name, role) for name, role in roles.items()}
        db.session.execute(update(User).values(confirmed_at=utc_now()))
        db.session.commit()
        for name in ("ada", "bob"):
            people.ensure_profile(ids[name])
        article = write("Walking", authors=("ada",), tags=("walking",), publish=publish)
        number = feedback.add_feedback("Bo", "bo@example.com", "Hello")
        walkers = {who: Walker(app, name, article.slug) for who, name in NAMES.items()}
        return {
            (method, rule): {who: walkers[who].ask(method, address_of(rule, article.slug, number)) for who in PEOPLE}
            for method, rule in rows
        }
    finally:
        limiter.enabled = True
