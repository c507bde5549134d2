"""Requests that claim, contain or combine what they should not. The numbers are rows of docs/security.md."""

import pytest

from tests.fronts import Front
from tests.raw import connected, exchange, request
from tests.security.conftest import assert_clean


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "evil example"]
)
def test_01_a_strange_host_is_refused_and_nothing_is_stored(front: Front, path: str, host: str) -> None:
    before = front.stored_names()
    answer = front.ask(path, headers={"Host": host})
    assert answer.status == 400
    assert "evil" not in answer.text
    assert front.stored_names() <= before
    assert_clean(front, path)


def test_01_two_hosts_are_refused(front: Front, path: str) -> None:
    hosts = [("Host", f"127.0.0.1:{front.port}"), ("Host", "evil.example")]
    assert front.ask(path, headers=hosts).status == 400
    assert_clean(front, path)


def test_01_a_host_in_the_request_line_is_not_reflected(front: Front, path: str) -> None:
    answer = front.ask(f"http://evil.example{path}")
    assert "evil" not in answer.text
    assert_clean(front, path)


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "Forwarded", "X-Forwarded-Prefix"]
)
def test_02_a_forwarded_host_is_not_reflected(front: Front, path: str, name: str) -> None:
    value = "host=evil.example" if name == "Forwarded" else "evil.example"
    for asked in (path, "/login", "/account", "/articles/nothing"):
        answer = front.ask(asked, headers={name: value})
        assert "evil" not in answer.text + str(answer.headers)
    assert_clean(front, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Proto", "evil"),
        ("X-Forwarded-Scheme", "https"),
        ("X-Forwarded-Ssl", "on"),
        ("X-Forwarded-Port", "1337"),
        ("Forwarded", "proto=https"),
    ],
)
def test_03_a_forged_scheme_or_port_changes_nothing(front: Front, path: str, name: str, value: str) -> None:
    answer = front.ask(path, headers={name: value})
    assert (answer.status, answer["Location"]) == (200, "")
    assert "1337" not in answer.text
    signed_out = front.ask("/account", headers={name: value})
    assert signed_out["Location"].startswith("/login")
    assert_clean(front, path)


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Accel-Redirect"])
def test_04_another_address_in_a_header_is_ignored(front: Front, path: str, name: str) -> None:
    answer = front.ask(path, headers={name: "/login"})
    assert "Honest words." in answer.text
    assert_clean(front, path)


@pytest.mark.parametrize(
    ("name", "method"),
    [("X-HTTP-Method-Override", "DELETE"), ("X-HTTP-Method", "POST"), ("X-Method-Override", "PUT")],
)
def test_05_a_method_is_not_overridden(front: Front, path: str, name: str, method: str) -> None:
    answer = front.ask(f"{path}?_method={method}", headers={name: method})
    assert (answer.status, "Honest words." in answer.text) == (200, True)
    assert_clean(front, path)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_06_another_method_has_no_part_in_the_page(front: Front, path: str, method: str) -> None:
    for _ in range(2):
        answer = front.ask(path, method, {"Content-Type": "application/x-www-form-urlencoded"}, b"a=evil")
        assert answer.status == (200 if method == "OPTIONS" else 405)
        assert "Honest words." not in answer.text
        assert answer["X-Cache"] == "bypass method"
        assert_clean(front, path)


def test_07_head_first_then_a_whole_page(front: Front, path: str) -> None:
    head = front.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    page = front.ask(path)
    assert page["Content-Length"] == head["Content-Length"] == str(len(page.body))
    assert_clean(front, path)


def test_08_a_body_is_ignored(front: Front, path: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = front.ask(path, headers=form, body=b"title=evil&before=evil")
    assert (answer.status, "Honest words." in answer.text) == (200, True)
    assert_clean(front, path)


def test_08_a_request_in_a_body_is_not_answered(front: Front, path: str) -> None:
    hidden = b"GET /robots.txt HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    host = f"Host: 127.0.0.1:{front.port}\r\n".encode()
    with connected(front.port) as connection:
        length = f"Content-Length: {len(hidden)}\r\n\r\n".encode()
        connection.sendall(f"GET {path} HTTP/1.1\r\n".encode() + host + length + hidden)
        connection.sendall(b"GET /hello HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
        with connection.makefile("rb") as stream:
            said = stream.read()
    assert said.count(b"HTTP/1.1 ") in {1, 2}
    assert b"User-agent" not in said
    assert_clean(front, path)


@pytest.mark.parametrize(
    "lines",
    [
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "-1")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "evil")],
        [("Transfer-Encoding", "chunked, identity")],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    ],
)
def test_08_lengths_that_can_be_read_in_two_ways_are_refused(
    front: Front, path: str, lines: list[tuple[str, str]]
) -> None:
    sent = request(path, "POST", lines, b"0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", f"127.0.0.1:{front.port}")
    assert exchange(front.port, sent).status in {400, 405, 501}
    assert_clean(front, path)


@pytest.mark.parametrize(
    ("where", "size"),
    [("header", 9_000), ("header", 70_000), ("name", 9_000), ("line", 9_000), ("cookie", 70_000), ("many", 9_000)],
)
def test_14_what_is_too_large_is_refused_and_not_stored(front: Front, path: str, where: str, size: int) -> None:
    host = f"127.0.0.1:{front.port}"
    sent = {
        "header": request(path, headers={"X-Big": "x" * size}, host=host),
        "name": request(path, headers={"X" * size: "x"}, host=host),
        "line": request(f"{path}?x={'x' * size}", host=host),
        "cookie": request(path, headers={"Cookie": f"session={'x' * size}"}, host=host),
        "many": request(path, headers=[(f"X-{number}", "x") for number in range(size // 10)], host=host),
    }
    before = front.stored_names()
    answer = exchange(front.port, sent[where])
    # 0: the connection was cut before all was sent.
    assert answer.status in {0, 400, 414, 431}
    assert "no-cache" not in answer["Cache-Control"]
    assert front.stored_names() <= before
    assert_clean(front, path)


@pytest.mark.parametrize(
    "line",
    [
        b"X-Bad: a\x00b",
        b"X-Bad: a\rb",
        b"X-Bad: a\nX-Worse",
        b"X Bad: evil",
        b"X-Bad : evil",
        b": evil",
        b"X-B\x01d: evil",
        b"X-Bad: evil\r\n folded",
        b"X-Bad: \x01\x02\x1b[2J",
        b"X-Bad: \xff\xfe\x80",
        b"X-B\xe4d: evil",
    ],
)
def test_15_control_characters_do_not_get_into_a_page(front: Front, path: str, line: bytes) -> None:
    host = f"Host: 127.0.0.1:{front.port}\r\n".encode()
    head = f"GET {path} HTTP/1.1\r\n".encode() + host + line + b"\r\nConnection: close\r\n\r\n"
    answer = exchange(front.port, head)
    assert answer.status in {200, 400}
    if answer.status == 200:
        assert b"evil" not in answer.body
    else:
        # Gunicorn repeats the line to whoever sent it, escaped.
        assert "no-cache" not in answer["Cache-Control"]
    assert_clean(front, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Range", "bytes=9-1"),
        ("Range", "bytes=999999999-"),
        ("Range", "bytes=-0"),
        ("Range", "evil"),
        ("Range", ",".join(f"bytes={n}-" for n in range(500))),
        ("If-Range", "evil"),
        ("If-None-Match", '"'),
        ("If-None-Match", 'W/evil, """, *evil'),
        ("If-Modified-Since", "Mon, 99 Evil 2099"),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("If-Match", '"evil"'),
        ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Expect", "evil"),
        ("Upgrade", "h2c"),
        ("TE", "evil"),
    ],
)
def test_16_a_bad_condition_is_answered_and_not_stored(front: Front, path: str, name: str, value: str) -> None:
    for _ in range(2):
        answer = front.ask(path, headers={name: value})
        assert answer.status in {200, 400, 412, 416, 417}
        if answer.status != 200:
            assert "no-cache" not in answer["Cache-Control"]
        assert_clean(front, path)


@pytest.mark.parametrize(
    "line",
    [
        ("Authorization", "Basic eDp5"),
        ("Authorization", "0"),
        ("Authorization", "Bearer evil"),
        ("Authentication-Token", "evil"),
    ],
)
def test_22_a_token_is_neither_answered_from_the_cache_nor_stored(
    front: Front, path: str, line: tuple[str, str]
) -> None:
    before = front.stored_names()
    for _ in range(2):
        answer = front.ask(path, headers=[line])
        assert answer["X-Cache"] == "bypass authorization"
        assert "no-store" in answer["Cache-Control"]
        assert f"flask_cache_view/{path}" not in front.stored_names() - before
    assert_clean(front, path)


@pytest.mark.parametrize(
    "headers",
    [{"Cache-Control": "no-cache"}, {"Cache-Control": "no-store, max-age=0"}, {"Pragma": "no-cache"}],
    ids=["no-cache", "no-store", "pragma"],
)
def test_33_nobody_forces_a_page_to_be_made_again(front: Front, path: str, headers: dict[str, str]) -> None:
    made = front.ask(path).body
    answers = [front.ask(path, headers=headers) for _ in range(100)]
    assert {answer.body for answer in answers} == {made}
    assert {answer["X-Cache"] for answer in answers} <= {"hit process", "hit redis", "hit edge", "miss"}
    # The edge may tell once more what was said when it took the page; the site made it once.
    assert sum(answer["X-Cache"] == "miss" for answer in answers) <= (1 if front.nginx else 0)


def test_33_a_forged_write_cookie_has_redis_asked_and_nothing_made(front: Front, path: str) -> None:
    made = front.ask(path).body
    for forged in ("x.1", "db.9999999999.00", "x.99999999999999999999999", "db..", ".", "db.\u00fc", "x" * 2000):
        answer = front.ask(path, headers={"Cookie": f"seen={forged}"})
        assert (answer.body, answer["X-Cache"]) == (made, "hit redis"), forged
    assert_clean(front, path)
