"""What each deed of a writer asks of the database: docs/architecture.md says which statement is which step."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in

KEY = "abcdef0123456789"
READS = {
    "SELECT users.id, users.email": "the account",
    "SELECT profiles.user_name FROM": "the writer's name",
    "SELECT articles.article_id, articles.slug, articles.title": "the article, locked",
    "SELECT working_copies.article_id": "what is around it",
    "SELECT articles.article_id, articles.slug, articles.version": "the page: article",
    "SELECT article_authors.position": "the page: by-line and tags",
    "SELECT articles.article_id, articles.slug, coalesce": "whose it is",
    "SELECT revisions.fields": "the earlier text",
    "SELECT (SELECT users.id": "what is kept",
}
WRITES = {
    "articles": "article",
    "working_copies": "newer draft",
    "article_authors": "by-line",
    "article_tags": "tags",
    "tags": "new tags",
    "old_addresses": "redirect",
    "revisions": "revision",
    "audit_log": "log",
    "invalidation_outbox": "outbox",
    "autosaves": "kept words",
    "sent_forms": "form",
}
WRITE = re.compile(r"(INSERT|UPDATE|DELETE)(?: INTO| FROM)? (\w+)")

SAVE = ["the account", "the article, locked", "what is around it"]
NEW = ["the account", "the writer's name", "what is around it"]
PAGE = ["the account", "the page: article", "the page: by-line and tags", "the article, locked", "what is around it"]
LOGGED = ["INSERT revision", "INSERT log"]
TOLD = ["INSERT outbox", "DELETE outbox"]
SENT = ["INSERT form"]
FORGOTTEN = ["DELETE kept words"]
LISTED = ["INSERT by-line", "INSERT tags"]
RELISTED = ["UPDATE by-line", "UPDATE tags"]


@pytest.fixture
def steps(app: Flask) -> Iterator[list[str]]:
    """What reached the database, by its step; what has no name is itself."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        seen.append(name_of(text))

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def name_of(text: str) -> str:
    statement = " ".join(text.split())
    if found := WRITE.match(statement):
        return f"{found[1]} {WRITES[found[2]]}"
    return next((name for start, name in READS.items() if statement.startswith(start)), statement)


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    """Somebody who has written before, so that they are an author already."""
    make_user("ada", "author")
    sign_in(client, "ada")
    client.post("/create_article", data={"title": "Written before", "content": "x", "tags": "One"})
    return client


class Article:
    """An article in its form: what is typed is sent with what the form held when it was opened."""

    def __init__(self, client: FlaskClient, slug: str) -> None:
        self.client, self.slug = client, slug

    def opened(self) -> dict[str, str]:
        page = Markup(self.client.get(f"/articles/{self.slug}/edit").text)
        there = {found.get("name", "") for tag in ("input", "textarea") for found in page.all(tag)}
        names = ("title", "authors", "tags", "slug", "language", "article_id", "version", "date", "time")
        return {"content": "Words.", "form_key": KEY, **{name: page.value(name) for name in names if name in there}}


def test_a_save_takes_three_reads_and_a_statement_for_each_step(author: FlaskClient, steps: list[str]) -> None:
    article = Article(author, "an-article")
    taken: dict[str, list[str]] = {}

    def do(deed: str, send: Callable[[], TestResponse]) -> None:
        steps.clear()
        answer = send()
        assert answer.status_code in {200, 303}, deed
        taken[deed] = list(steps)

    def edit(deed: str, **typed: str) -> None:
        form = {**article.opened(), **typed}
        do(deed, lambda: author.post(f"/articles/{article.slug}/edit", data=form))

    new = {"title": "An article", "content": "Words.", "tags": "One", "form_key": KEY}
    do("create", lambda: author.post("/create_article", data={**new, "tags": "One, Two, Three"}))
    do(
        "create and publish",
        lambda: author.post(
            "/create_article", data={**new, "title": "At once", "do": "publish", "form_key": "another"}
        ),
    )
    edit("save", content="Better.")
    edit("save with other tags", content="Better.", tags="Four, Two, Five")
    edit("schedule", content="Better.", do="schedule", date="2030-01-01", time="10:00")
    edit("publish", content="Best.", do="publish")
    edit("save a newer draft", content="Newer.")
    edit("save the newer draft again", content="Newest.")
    edit("schedule the newer draft", content="Newest.", do="schedule", date="2030-01-01", time="10:00")
    edit("take it off the schedule", content="Newest.", do="unschedule", form_key="")
    edit("publish the newer draft at a new address", content="Newest.", do="publish", slug="elsewhere")
    article.slug = "elsewhere"
    edit("save as it is", content="Newest.")
    edit("publish with other words", content="Last.", do="publish")
    edit("save a newer draft once more", content="Draft.")
    edit("discard it", content="Draft.", do="discard")
    version = article.opened()["version"]
    do("restore", lambda: author.post("/articles/elsewhere/revisions/1/restore", data={"version": version}))
    edit("unpublish", do="unpublish", form_key="")
    edit("publish again", do="publish")
    edit("bin", do="bin", form_key="")
    do("take out of the bin", lambda: author.post("/articles/elsewhere/edit", data={"do": "take-back"}))
    body = {"article": None, "fields": {"title": "x"}}
    do("keep what is typed", lambda: author.put("/autosave/0123456789abcdef", json=body))
    body = {"article": "elsewhere", "fields": {"title": "x"}}
    do("keep what is typed into an article", lambda: author.put("/autosave/0123456789abcdef", json=body))

    assert taken == {
        "create": [*NEW, "INSERT new tags", "INSERT article", *LISTED, *LOGGED, *SENT, *TOLD, *FORGOTTEN],
        "create and publish": [*NEW, "INSERT article", *LISTED, *LOGGED, *SENT, *TOLD, *FORGOTTEN],
        "save": [*SAVE, "UPDATE article", *LOGGED, *FORGOTTEN],
        "save with other tags": [
            *SAVE, "INSERT new tags", "UPDATE article", "INSERT tags", "DELETE tags", *LOGGED, *TOLD, *FORGOTTEN
        ],
        "schedule": [*SAVE, "UPDATE article", *LOGGED, *FORGOTTEN],
        "publish": [*SAVE, "UPDATE article", *RELISTED, *LOGGED, *TOLD, *FORGOTTEN],
        "save a newer draft": [*SAVE, "UPDATE article", "INSERT newer draft", *LOGGED, *FORGOTTEN],
        "save the newer draft again": [*SAVE, "UPDATE article", "UPDATE newer draft", *LOGGED, *FORGOTTEN],
        "schedule the newer draft": [*SAVE, "UPDATE article", *LOGGED, *FORGOTTEN],
        "take it off the schedule": [*PAGE, "UPDATE article", *LOGGED],
        "publish the newer draft at a new address": [
            *SAVE, "UPDATE article", "INSERT redirect", "DELETE newer draft", *LOGGED, *TOLD, *FORGOTTEN
        ],
        "save as it is": [*SAVE, *FORGOTTEN],
        "publish with other words": [*SAVE, "UPDATE article", *LOGGED, *TOLD, *FORGOTTEN],
        "save a newer draft once more": [*SAVE, "UPDATE article", "INSERT newer draft", *LOGGED, *FORGOTTEN],
        "discard it": [*PAGE, "UPDATE article", "DELETE newer draft", *LOGGED, *FORGOTTEN],
        "restore": [
            "the account", "the earlier text", "the article, locked", "what is around it",
            "UPDATE article", "INSERT newer draft", *LOGGED
        ],
        "unpublish": [*PAGE, "UPDATE article", *RELISTED, *LOGGED, *TOLD],
        "publish again": [
            *SAVE, "UPDATE article", "DELETE newer draft", *RELISTED, "INSERT tags", "DELETE tags",
            *LOGGED, *TOLD, *FORGOTTEN
        ],
        "bin": [*PAGE, "UPDATE article", *RELISTED, "INSERT log", *TOLD],
        "take out of the bin": [
            "the account", "the page: article", *PAGE[1:], "UPDATE article", *RELISTED, "INSERT log", *TOLD
        ],
        "keep what is typed": ["the account", "what is kept", "INSERT kept words"],
        "keep what is typed into an article": ["the account", "whose it is", "what is kept", "INSERT kept words"],
    }  # fmt: skip
