"""Live events on the console: what was sent, and a message that takes their way."""

import redis
from flask import Flask
from flask.testing import FlaskClient

from application.extensions import live
from application.live import PUBLISH_TIMEOUT
from application.live.hub import connect
from tests.controller.markup import Markup
from tests.own_redis import own_redis

ADDRESS = "/console/live"
KEY = "broadsheet:live"


def read(operator: FlaskClient, status: int = 200) -> str:
    answer = operator.get(ADDRESS)
    assert answer.status_code == status
    assert Markup(answer.text).faults == []
    return answer.text


def test_the_old_address_leads_here_and_sends_nothing(operator: FlaskClient, redis_client: redis.Redis) -> None:
    assert operator.get("/test_send_message").location == ADDRESS
    assert "Nothing was sent yet" in read(operator)
    assert redis_client.xlen(KEY) == 0


def test_a_message_goes_to_every_stream_and_stands_in_the_list(operator: FlaskClient) -> None:
    stream = live.open(None, None)
    answer = operator.post(ADDRESS)
    assert (answer.status_code, answer.location) == (303, ADDRESS)
    text = read(operator)
    message = text.partition("Message ")[2][:8]
    assert "1 event is kept" in text
    assert text.count(message) == 2
    assert "This worker holds 1 of the" in text
    told = next(chunk for chunk in stream if message.encode() in chunk)
    assert told.startswith(b"event: test\n")
    stream.close()


def test_a_program_gets_the_name_of_its_message(operator: FlaskClient, redis_client: redis.Redis) -> None:
    told = operator.post(ADDRESS, headers={"Accept": "application/json"}).get_json()
    ((_, fields),) = redis_client.xrange(KEY)
    assert told["sent"] is True
    assert told["message"] in fields[b"data"].decode()


def test_it_says_when_redis_does_not_take_it(app: Flask, operator: FlaskClient) -> None:
    with own_redis() as server:
        url = f"redis://127.0.0.1:{server.port}"
    app.extensions["live_publisher"] = connect(url, PUBLISH_TIMEOUT)
    answer = operator.post(ADDRESS)
    assert answer.status_code == 503
    assert "Redis did not take the message" in answer.text
    assert Markup(answer.text).faults == []
    answer = operator.post(ADDRESS, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["sent"]) == (503, False)
    assert "Redis does not answer" in read(operator, 503)


def test_whatever_stands_in_redis_is_shown(operator: FlaskClient, redis_client: redis.Redis) -> None:
    redis_client.xadd(KEY, {"other": "<script>"})
    redis_client.xadd(KEY, {"type": "<b>" * 50, "data": "<script>" * 100}, id="999999999999999-0")
    assert "2 events are kept" in read(operator)
    redis_client.xadd(KEY, {b"type": b"\xff", b"data": b"\xff\x00"})
    read(operator)
    redis_client.delete(KEY)
    redis_client.set(KEY, "no stream")
    read(operator, 503)
