"""The jobs on the console: what runs and failed, and long ones that are started and cancelled."""

import time
from collections.abc import Iterator

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.caching import PAGES
from application.data import data_access
from application.data.errors import DatabaseBusy
from application.data.operations import audit
from application.data.records import Actor
from application.extensions import db
from application.jobs import long_jobs, tasks
from application.jobs.failures import Failure, Failures
from application.jobs.overview import NO_BEAT, NO_WORKER, failures
from application.jobs.presence import Presence, Running, Worker
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user

RECOUNT = {"job": "recount-likes"}
WHY = {"why": "after a restore"}


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/1") as client:
        yield client


@pytest.fixture
def article(app: Flask) -> int:
    return make_article(make_user("ada", "author"))[0]


def arrive(broker: redis.Redis) -> None:
    now = time.time()
    Presence(broker).show(Worker("celery@here", 4711, 2, now - 60, now))
    Presence(broker).begin(Running("job id", "improve_page", '["view//<b>"]', "celery@here", 4712, now - 1))


def fail(broker: redis.Redis, name: str = "calculate_aggregate_likes", *args: object) -> Failure:
    try:
        {}["no such thing <b>"]
    except KeyError as error:
        Failures(broker).note("failed", (name, "job id", args), error, "celery@here")
    return failures().latest()[0]


def read(operator: FlaskClient, address: str = "/console/jobs", status: int = 200) -> str:
    answer = operator.get(address)
    assert answer.status_code == status, answer.text
    assert Markup(answer.text).faults == []
    return answer.text


def deeds() -> list[tuple[str, str, object]]:
    db.session.rollback()
    lines = data_access.get_audit().entries
    return [(line.deed, line.user_name, line.details["why"]) for line in lines if "why" in line.details]


def test_before_anything_was_done_it_says_what_is_missing(operator: FlaskClient) -> None:
    page = read(operator)
    assert NO_WORKER in page
    assert "Nothing failed within a week." in page
    assert "None was started within a week." in page
    assert "0 jobs wait" in page


def test_it_shows_workers_what_runs_and_the_heartbeat(operator: FlaskClient, broker: redis.Redis) -> None:
    arrive(broker)
    page = read(operator)
    assert NO_BEAT in page
    assert "improve_page" in page
    assert "view//&lt;b&gt;" in page
    assert "1 of 2" in page
    tasks.heartbeat()
    page = read(operator)
    assert 'class="notice"' not in page
    assert "The last heartbeat of beat came" in page


def test_a_long_job_is_asked_about_started_watched_and_done(operator: FlaskClient, article: int) -> None:
    page = read(operator, "/console/jobs/start?job=recount-likes")
    assert "Compares the like count of every article" in page
    assert NO_WORKER in page
    assert operator.post("/console/jobs/start", data={**RECOUNT, "why": " "}).status_code == 422
    assert long_jobs.runs().latest() == ()
    answer = operator.post("/console/jobs/start", data={**RECOUNT, **WHY})
    assert (answer.status_code, answer.location) == (303, "/console/jobs#long")
    page = read(operator)
    assert "“Recount all likes” is started." in page
    assert 'value="0"' in page
    assert "0 %: 0 of 1 articles" in page
    assert operator.post("/console/jobs/start", data={**RECOUNT, **WHY}).status_code == 409
    (run,) = long_jobs.runs().latest()
    tasks.go_on(run.id, 0)
    page = read(operator)
    assert 'value="100"' in page
    assert "100 %: 1 of 1 articles" in page
    assert deeds()[0] == ("start job", "root", "after a restore")


def test_a_long_job_is_cancelled_once(operator: FlaskClient, article: int) -> None:
    run = long_jobs.start(long_jobs.KINDS["rebuild-pages"], Actor(None, "ada"), "")
    assert "It has done 0 of" in read(operator, f"/console/jobs/cancel?run={run.id}")
    assert operator.post("/console/jobs/cancel", data={"run": run.id, "why": ""}).status_code == 422
    answer = operator.post("/console/jobs/cancel", data={"run": run.id, **WHY})
    assert answer.status_code == 303
    assert "cancelled by <bdi>root</bdi>" in read(operator)
    assert deeds()[0] == ("cancel job", "root", "after a restore")
    assert "It is over already" in read(operator, f"/console/jobs/cancel?run={run.id}")
    operator.post("/console/jobs/cancel", data={"run": run.id, **WHY})
    assert len(deeds()) == 2


def test_where_pages_are_not_stored_it_says_so(
    app: Flask, operator: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions[PAGES], "backend", None)
    answer = operator.post("/console/jobs/start", data={"job": "rebuild-pages", **WHY})
    assert answer.status_code == 409
    assert "so no pages are stored" in answer.text


def test_what_cannot_be_logged_is_not_done(
    operator: FlaskClient, article: int, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = long_jobs.start(long_jobs.KINDS["rebuild-pages"], Actor(None, "ada"), "")
    failure = fail(broker)

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(audit, "record", refuse)
    for address, data in (
        ("start", RECOUNT),
        ("cancel", {"run": run.id}),
        ("failure", {"key": failure.key, "do": "forget"}),
    ):
        answer = operator.post(f"/console/jobs/{address}", data={**data, **WHY})
        assert answer.status_code == 503
        assert "too busy to write this into the log" in answer.text
    # What was not begun does not stand there as if somebody had ended it.
    assert long_jobs.runs().latest() == (run,)
    assert failures().latest() == (failure,)


def test_a_failure_is_shown_with_its_traceback(operator: FlaskClient, broker: redis.Redis) -> None:
    failure = fail(broker, "calculate_aggregate_likes", 7)
    fail(broker, "calculate_aggregate_likes", 7)
    page = read(operator)
    assert f"/console/jobs/failure?key={failure.key}" in page
    assert "no such thing &lt;b&gt;" in page
    page = read(operator, f"/console/jobs/failure?key={failure.key}")
    assert "2 times since" in page
    assert "{}[&#34;no such thing &lt;b&gt;&#34;]" in page
    assert "<code>[7]</code>" in page


def test_a_job_that_failed_is_sent_again_as_it_was(app: Flask, operator: FlaskClient, broker: redis.Redis) -> None:
    failure = fail(broker, "calculate_aggregate_likes", 7)
    data = {"key": failure.key, "do": "again"}
    assert operator.post("/console/jobs/failure", data=data).status_code == 422
    assert operator.post("/console/jobs/failure", data={**data, "do": "else", **WHY}).status_code == 400
    assert operator.post("/console/jobs/failure", data={**data, **WHY}).status_code == 303
    app.extensions["dispatcher"].flush(10)
    (message,) = broker.lrange("celery", 0, -1)  # type: ignore[misc]
    assert b"calculate_aggregate_likes" in message
    assert b'"argsrepr": "(7,)"' in message or b'"argsrepr": "[7]"' in message
    assert deeds()[0] == ("run job again", "root", "after a restore")


@pytest.mark.parametrize(
    ("name", "args"), [("go_on", ("run", 0)), ("no_such_job", ()), ("improve_page", ("x" * 2000,))]
)
def test_what_cannot_be_sent_again_is_not(
    app: Flask, operator: FlaskClient, broker: redis.Redis, name: str, args: tuple[object, ...]
) -> None:
    failure = fail(broker, name, *args)
    assert "Send it again" not in read(operator, f"/console/jobs/failure?key={failure.key}")
    answer = operator.post("/console/jobs/failure", data={"key": failure.key, "do": "again", **WHY})
    assert answer.status_code == 409
    assert len(app.extensions["dispatcher"]) == 0
    assert deeds() == []


def test_a_failure_is_forgotten(operator: FlaskClient, broker: redis.Redis) -> None:
    failure = fail(broker)
    data = {"key": failure.key, "do": "forget", **WHY}
    assert operator.post("/console/jobs/failure", data=data).status_code == 303
    assert "Nothing failed within a week." in read(operator)
    assert operator.post("/console/jobs/failure", data=data).status_code == 404
    assert deeds()[0] == ("forget failure", "root", "after a restore")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("start?job=nothing", 400),
        ("start", 400),
        ("cancel", 400),
        ("cancel?run=nothing", 404),
        ("failure", 400),
        ("failure?key=nothing", 404),
        ("failure?key=%22*", 404),
    ],
)
def test_what_there_is_not_is_said(operator: FlaskClient, address: str, status: int) -> None:
    read(operator, f"/console/jobs/{address}", status)


def test_without_the_broker_it_says_so(app: Flask, operator: FlaskClient) -> None:
    dead = {"broker_url": "redis://127.0.0.1:1/0"}
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=dead)
    assert "Redis does not answer" in read(operator, "/console/jobs", 503)
    answer = operator.post("/console/jobs/start", data={**RECOUNT, **WHY})
    assert answer.status_code == 503


def test_the_addresses_of_the_teaching_site_lead_here_and_start_nothing(operator: FlaskClient) -> None:
    assert operator.get("/start_long_running_job").location == "/console/jobs/start?job=rebuild-pages"
    assert operator.get("/show_updates").location == "/console/jobs#long"
    assert long_jobs.runs().latest() == ()
