"""One address explained on the console: the command's own findings, made in a process of its own."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from application.config import Settings
from application.data.models import AuditEntry
from application.explaining import aside
from application.extensions import db
from tests import visitor
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user
from tests.explaining.planted import make_big_table
from tests.site import eventually, fetch, running_site
from tests.visitor import Visitor

ADDRESS = "/console/explain"
LONG_ENOUGH = 120.0
"""Seconds for a machine that has much else to do."""


@pytest.fixture(autouse=True)
def planted(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the other process run the site of this test, with its planted faults."""
    names = {"ENV": "test", "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    for name, value in {**names, "SITE_URL": settings.site_url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aside, "APP", "tests.explaining.planted:create_app")
    monkeypatch.setattr(aside, "LIMIT", LONG_ENOUGH)
    make_article(make_user("ada", "author"))


def note_begun(monkeypatch: pytest.MonkeyPatch, of: Callable[["subprocess.Popen[bytes]"], Any]) -> list[Any]:
    """Note something of each process that is begun."""
    noted: list[Any] = []
    begin = aside._begin

    def noting(*arguments: Any) -> "subprocess.Popen[bytes]":
        process = begin(*arguments)
        noted.append(of(process))
        return process

    monkeypatch.setattr(aside, "_begin", noting)
    return noted


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the process groups that are begun."""
    return note_begun(monkeypatch, lambda process: process.pid)


def look(operator: FlaskClient, url: str, **more: str) -> TestResponse:
    answer = operator.post(ADDRESS, data={"url": url, **more})
    assert Markup(answer.text).faults == []
    assert Markup(answer.text).value("url") == url
    return answer


def members(group: int) -> list[int]:
    """Return the living processes of a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def logged() -> list[tuple[str, str, str, object]]:
    db.session.rollback()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.deed == "looked at a page as"))
    return [(entry.deed, entry.subject, entry.user_name, entry.details) for entry in entries]


# What is shown.


def test_a_link_fills_in_the_form_and_nothing_is_run(operator: FlaskClient, begun: list[int]) -> None:
    page = Markup(operator.get(f"{ADDRESS}?url=/articles/a-title&as=ada").text)
    assert (page.value("url"), page.value("as")) == ("/articles/a-title", "ada")
    assert begun == []
    assert logged() == []


def test_three_planted_faults_stand_on_top(operator: FlaskClient) -> None:
    make_big_table()
    answer = look(operator, "/planted")
    assert answer.status_code == 200
    found, rest = answer.text.split('<dl class="explained">', 1)
    assert "not cached</strong> the answer sets a cookie: planted" in found
    assert "repeated statement</strong> N+1: 5 times the same statement with other values" in found
    assert "missing index</strong> no index begins with planted.place" in found
    assert "To change: add an index on planted (place) by a migration." in found
    assert "bypass set-cookie" in rest
    assert "tests/explaining/planted.py:" in rest
    assert "reads all of planted: 1,000 rows or more" in rest


def test_a_page_without_a_fault_is_told_wholly(operator: FlaskClient) -> None:
    answer = look(operator, "/articles/a-title")
    assert "No statement is repeated" in answer.text
    told = Markup(answer.text)
    bars = [bar for bar in told.all("rect") if "x" in bar]
    assert all(0 <= float(bar["x"]) <= float(bar["x"]) + float(bar["width"]) <= 1000 for bar in bars)
    assert len(told.all("svg")) == len(bars) > 5
    for word in (
        "view//articles/a-title",
        "get_article(slug=a-title)",
        "request</span> GET /articles/a-title",
        "X-Cache: hit process",
        "for 300 s",
        "X-Accel-Expires",
        "keeps it for 1 s at most",
        "flask --app main explain -- /articles/a-title",
    ):
        assert word in answer.text, word


def test_a_page_and_its_keys_lead_to_each_other(operator: FlaskClient, client: FlaskClient) -> None:
    client.get("/articles/a-title")
    told = Markup(look(operator, "/articles/a-title").text)
    ways = [link["href"] for link in told.all("a") if link["href"].startswith("/console/cache/key?")]
    assert len(ways) >= 3
    page = Markup(operator.get(ways[0]).text)
    assert [link["href"] for link in page.all("a") if link["href"].startswith(ADDRESS + "?")] == [
        f"{ADDRESS}?url=/articles/a-title"
    ]
    # A function's value has no address.
    assert f"{ADDRESS}?" not in operator.get(ways[1]).text


def test_a_look_as_an_account_is_written_into_the_log(operator: FlaskClient) -> None:
    answer = look(operator, "/desk", **{"as": "ada@example.com"})
    assert "as ada@example.com</h2>" in answer.text
    assert "200 OK" in answer.text
    ((_, subject, who, details),) = logged()
    assert (subject, who, details) == ("account 1", "root", {"address": "/desk"})
    assert "looked at a page as" in operator.get("/desk/log").text


def test_an_error_page_is_explained_too(operator: FlaskClient) -> None:
    answer = look(operator, "/nowhere")
    assert answer.status_code == 200
    assert "404 NOT FOUND" in answer.text
    assert "none matches" in answer.text


def test_while_redis_is_away_the_rest_is_told(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    answer = look(operator, "/articles/a-title")
    assert answer.status_code == 200
    assert "Redis does not answer: " in answer.text
    assert "What is stored could not be looked up" in answer.text
    assert "get_article(slug=a-title)" in answer.text


# What is not.


@pytest.mark.parametrize(
    ("url", "reader", "said"),
    [
        ("", "", "Type an address of this site first"),
        ("x" * 2_001, "", "This is longer than 2000 characters."),
        ("/", "nobody", "No account is called nobody"),
    ],
)
def test_what_cannot_be_asked_begins_nothing(
    operator: FlaskClient, begun: list[int], url: str, reader: str, said: str
) -> None:
    answer = look(operator, url, **{"as": reader})
    assert answer.status_code == 422
    assert said in answer.text
    assert begun == []
    assert logged() == []


@pytest.mark.parametrize("url", ["--help", "-h", "--as=ada", "--", "https://example.com/", "$(id)", "articles"])
def test_what_is_no_address_here_begins_nothing(operator: FlaskClient, begun: list[int], url: str) -> None:
    answer = look(operator, url, **{"as": "ada"})
    assert answer.status_code == 422
    assert begun == []
    assert logged() == []
    assert "This could not be explained: " in answer.text
    assert "is not on this site" in answer.text or "is not an address" in answer.text


def test_what_was_typed_stands_in_no_list_of_processes(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = note_begun(monkeypatch, lambda process: list(process.args))
    assert look(operator, "/about?token=secret", **{"as": "ada"}).status_code == 200
    ((*_, command, _, _),) = arguments
    assert command == "explain"
    assert not any("ada" in one or "secret" in one for one in arguments[0])


def test_what_never_ends_is_ended_with_all_that_it_began(
    operator: FlaskClient, begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "LIMIT", 8.0)
    monkeypatch.setattr(aside, "GIVES_UP_AFTER", 600)
    answer = look(operator, "/planted/endless")
    assert answer.status_code == 422
    assert "it took longer than 8 s, and was ended" in answer.text
    (group,) = begun
    eventually(lambda: members(group) == [])


def test_the_process_gives_up_by_itself_before(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "GIVES_UP_AFTER", 1)
    assert "/planted/endless takes longer than 1 s to explain" in look(operator, "/planted/endless").text


def test_a_process_that_cannot_begin_says_why(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "APP", "tests.nowhere")
    assert "could not be explained: Could not import" in look(operator, "/").text


def test_a_process_that_dies_leaves_nothing_but_its_last_words_in_the_log(
    operator: FlaskClient, begun: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    answer = look(operator, "/planted/crash")
    assert answer.status_code == 422
    assert "flask explain ended with status 7, and what it said is in the log of the site" in answer.text
    assert "flask explain ended with status 7" in caplog.text
    (group,) = begun
    eventually(lambda: members(group) == [])


def test_the_folder_of_a_worker_that_was_killed_is_cleared_away(
    operator: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(aside, "APP", "tests.nowhere")
    left, used, foreign = (tmp_path / name for name in (f"{aside.FOLDER}left", f"{aside.FOLDER}used", "foreign"))
    for folder in (left, used, foreign):
        folder.mkdir()
        (folder / "redis.rdb").touch()
    for folder in (left, foreign):
        os.utime(folder, (0, 0))
    look(operator, "/")
    assert not left.exists()
    assert used.exists()
    assert foreign.exists()
    assert [one for one in tmp_path.glob(f"{aside.FOLDER}*") if one != used] == []


def test_one_look_at_a_time_in_each_worker(operator: FlaskClient, begun: list[int]) -> None:
    with aside._turn:
        answer = look(operator, "/", **{"as": "ada"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "looking at another page already" in answer.text
    assert begun == []
    # Nobody has looked.
    assert logged() == []
    assert look(operator, "/").status_code == 200


def test_a_worker_goes_on_while_it_looks(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "BOUND", LONG_ENOUGH)
    with running_site(settings.database_url, settings.redis_url, tmp_path, workers=1, jobs=False) as site:
        with site.app.app_context():
            make_user("root", "administrator")
        root = Visitor(site, "root")
        with ThreadPoolExecutor(2) as pool:
            looks = [pool.submit(root.post, ADDRESS, url="/about") for _ in range(2)]
            meanwhile = 0
            while not all(one.done() for one in looks):
                assert fetch(site, "/hello")[0] == 200
                meanwhile += 1
        assert sorted(one.result().status for one in looks) == [200, 503]
    # Each takes a thousandth of a look.
    assert meanwhile > 10
