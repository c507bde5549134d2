"""What is logged: with structure, under the id of the request, and slow requests with their spans."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import Client

from application import create_app
from application.config import Settings, load_settings
from application.extensions import db
from application.measuring.logs import formatter
from application.measuring.requests import ServerTiming
from application.measuring.slow import SPANS, tell_slow
from application.measuring.timing import measuring, span
from tests.controller.conftest import Browser

logger = logging.getLogger("application.of_this_test")
OURS = re.compile(r"[0-9a-f]{32}")
GIVEN = "from-the-proxy.1"


class Lines:
    """What a handler has written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)

    def text(self) -> str:
        return self.stream.getvalue()

    def parsed(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    made = Lines()
    made.handler.setFormatter(formatter("json"))
    root = logging.getLogger()
    root.addHandler(made.handler)
    yield made
    root.removeHandler(made.handler)


def test_a_line_is_one_object(lines: Lines) -> None:
    logger.warning("%d “things”\nbroke", 3, extra={"thing": "pump"})
    (line,) = lines.parsed()
    assert line.pop("timestamp")
    assert line == {
        "event": "3 “things”\nbroke",
        "level": "warning",
        "logger": "application.of_this_test",
        "thing": "pump",
    }


def test_an_exception_stays_within_its_line(lines: Lines) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logger.exception("it broke")
    (line,) = lines.parsed()
    assert "ZeroDivisionError: division by zero" in str(line["exception"])


def test_a_line_says_which_request_or_job_it_belongs_to(lines: Lines) -> None:
    for kind in ("request", "job"):
        with measuring(kind, "of a test") as whole:
            whole.id = f"the {kind}"
            with span("data"):
                logger.warning("within")
    logger.warning("outside")
    first, second, third = lines.parsed()
    assert (first["request_id"], second["job_id"]) == ("the request", "the job")
    assert {"request_id", "job_id"}.isdisjoint(third)


def test_people_read_the_spans_below_the_line(lines: Lines) -> None:
    lines.handler.setFormatter(formatter("text"))
    with measuring("request", "GET /a") as whole, span("data", "get", "of a test"), span("db", "SELECT 1"):
        pass
    tell_slow(whole)
    first, *rows = lines.text().splitlines()[:4]
    assert "[warning" in first
    assert "slow request: GET /a took 0 ms" in first
    assert [re.sub(r"^ +\d+\.\d{3} ms ", "", row).split("  ") for row in rows[:2]] == [
        ["request GET /a"],
        ["", "data get", "of a test"],
    ]
    assert re.fullmatch(r" +\d+\.\d{3} ms     db SELECT 1.*", rows[2])


# Ids.


@pytest.fixture
def behind_a_proxy(database_url: str, redis_url: str) -> Iterator[Flask]:
    environ = {"ENV": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SITE_URL": "http://localhost"}
    app = create_app(load_settings({**environ, "PROXIES": "1"}))
    app.test_client_class = Browser
    with app.app_context():
        yield app
        db.engine.dispose()


def request_id(app: Flask, given: str | None = None) -> str:
    headers = {} if given is None else {"X-Request-Id": given}
    (told,) = app.test_client().get("/nothing", headers=headers).headers.getlist("X-Request-Id")
    return str(told)


def test_a_request_has_an_id_of_its_own(app: Flask) -> None:
    app.test_client_class = Browser
    first, second = request_id(app), request_id(app)
    assert OURS.fullmatch(first)
    assert OURS.fullmatch(second)
    assert first != second


def test_a_stranger_names_no_request(app: Flask) -> None:
    app.test_client_class = Browser
    assert OURS.fullmatch(request_id(app, GIVEN))


def test_a_proxy_names_requests(behind_a_proxy: Flask) -> None:
    assert request_id(behind_a_proxy, GIVEN) == GIVEN


@pytest.mark.parametrize("given", ["", "short", "x" * 129, "with blank", 'quote"quote', "näme-of-it", "a;b=c-d-e-f"])
def test_what_is_no_id_is_replaced(behind_a_proxy: Flask, given: str) -> None:
    assert OURS.fullmatch(request_id(behind_a_proxy, given))


# Slow requests.


def slow_application(environ: object, start: object) -> list[bytes]:
    for number in range(SPANS * 2):
        with span("db", f"SELECT {number}"):
            pass
    start("200 OK", [("Content-Type", "text/plain")])  # type: ignore[operator]
    return [b""]


def test_a_slow_request_is_told_with_its_longest_spans(lines: Lines) -> None:
    app = ServerTiming(slow_application)  # type: ignore[arg-type]
    # As if it had taken long: the clock is not waited for.
    app.slow = 0
    answer = Client(app).get("/a%0Ab\x1b", query_string="token=secret")
    (line,) = lines.parsed()
    assert (line["level"], line["status"], line["statements"]) == ("warning", 200, SPANS * 2)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert re.fullmatch(r"slow request: GET /a b  ?took \d+ ms", str(line["event"]))
    assert "secret" not in lines.text()
    spans = line["spans"]
    assert isinstance(spans, list)
    assert len(spans) == SPANS
    assert spans[0]["kind"] == "request"
    assert set(spans[1]) == {"depth", "kind", "name", "ms", "note"}


@pytest.mark.parametrize("milliseconds", [0, 3_600_000])
def test_other_requests_are_not_told(lines: Lines, milliseconds: int) -> None:
    Client(ServerTiming(slow_application, milliseconds)).get("/")  # type: ignore[arg-type]
    assert lines.text() == ""


def test_production_logs_for_programs(settings: Settings) -> None:
    needed = {"SECRET_KEY": "x" * 32, "SECURITY_PASSWORD_SALT": "x" * 32, "SITE_URL": "https://example.org"}
    environ = {"ENV": "production", "DATABASE_URL": "sqlite:///x", "REDIS_URL": "redis://localhost", **needed}
    assert (settings.log_format, settings.slow_ms) == ("text", 500)
    assert load_settings(environ).log_format == "json"
