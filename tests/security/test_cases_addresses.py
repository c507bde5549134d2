"""Addresses that caches and sites read differently. The numbers are rows of docs/security.md."""

import re

import brotli
import pytest

from tests.fronts import Front
from tests.raw import connected, request
from tests.security.conftest import assert_clean

PAYLOADS = [
    "utm_content='><script>evil()</script>",
    "utm_content=%27%3E%3Cscript%3Eevil",
    "evil",
    "&&&=;;;",
    "%ff%fe=evil",
]


@pytest.mark.parametrize("query", PAYLOADS)
def test_09_a_made_up_argument_is_outside_the_key_and_never_shown(front: Front, path: str, query: str) -> None:
    page = front.ask(path)
    before = front.stored_names()
    answer = front.ask(f"{path}?{query}")
    assert (answer.status, answer.body) == (200, page.body)
    assert front.stored_names() <= before
    assert_clean(front, path)


@pytest.mark.parametrize(
    "query",
    [
        "x=1;before=evil",
        "utm_content=x;callback=alert(1)",
        "a=1&a=2",
        "x=1%26before=evil",
        "%3Fbefore=evil",
        "Before=evil",
    ],
)
def test_10_what_is_no_argument_for_the_site_is_none_for_the_cache(front: Front, query: str) -> None:
    assert front.ask(f"/?{query}").status == 200
    assert "evil" not in front.ask(f"/?{query}").text + front.ask("/").text
    assert not any("evil" in key for key in front.stored_names())


@pytest.mark.parametrize("query", ["before=evil", "before=evil&before=", "x=1&before=evil", "be%66ore=evil"])
def test_10_what_is_one_for_the_site_is_one_for_the_cache(front: Front, query: str) -> None:
    for _ in range(2):
        assert front.ask(f"/?{query}").status == 400
        assert front.ask("/").status == 200
    assert not any("evil" in key for key in front.stored_names())


@pytest.mark.parametrize("query", ["before=a%00b", "x=a%0d%0ab", "x=%1b"])
def test_10_control_characters_in_an_argument(front: Front, path: str, query: str) -> None:
    assert front.ask(f"/?{query}").status in {200, 400}
    assert front.ask(f"/me?{query}").status == 400
    assert_clean(front, path)


def test_11_made_up_queries_are_one_entry(front: Front, path: str) -> None:
    front.ask(path)
    before = front.stored_names()
    host = f"127.0.0.1:{front.port}"
    for batch in range(4):
        # On connections that stay open: it is the queries that count.
        many = b"".join(_kept_open(f"{path}?x={batch}.{number}", host) for number in range(249))
        with connected(front.port) as connection:
            connection.sendall(many + request(f"{path}?x={batch}", "HEAD", host=host))
            with connection.makefile("rb") as answers:
                assert sum(line.startswith(b"HTTP/1.1 200") for line in answers) == 250
    assert front.stored_names() <= before
    assert_clean(front, path)


def _kept_open(path: str, host: str) -> bytes:
    return f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "suffix",
    [
        "/x.css",
        ";x.css",
        "%2Fx.css",
        "%00.css",
        ".css",
        "/..%2fstatic%2fsite.css",
        "%0ax.css",
        "%3Fx.css",
        "/%2e%2e/x.js",
    ],
)
def test_12_a_private_page_has_no_name_that_looks_like_a_file(front: Front, suffix: str) -> None:
    reader = front.visitor()
    before = front.stored_names()
    for private in ("/account", "/me"):
        answer = front.ask(f"{private}{suffix}", headers={"Cookie": reader.cookie})
        # nginx refuses a NUL by itself.
        assert answer.status in ({400, 404} if "%00" in suffix else {404})
        assert "no-store" in answer["Cache-Control"]
        assert reader.name not in answer.text
        assert reader.name not in front.ask(f"{private}{suffix}").text
    assert front.stored_names() <= before


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2faccount",
        "/static/../account",
        "/static/%2e%2e/account",
        "/static/..\\account",
        "/static//account",
        "/static/site.css/../../account",
        "//account",
        "/./account",
        "/about/../account",
        "/articles/..%2f..%2faccount",
        "/Account",
        "/account/",
        "/account%20",
        "/account%23",
        "/%61ccount",
        "/account?/static/x.css",
    ],
)
def test_13_nothing_private_hides_behind_another_spelling(front: Front, path: str) -> None:
    reader = front.visitor()
    before = front.stored_names()
    answer = front.ask(path, headers={"Cookie": reader.cookie})
    assert answer.status in {200, 301, 302, 308, 400, 404}
    assert "immutable" not in answer["Cache-Control"]
    assert "no-store" in answer["Cache-Control"] or reader.name not in answer.text
    assert reader.name not in front.ask(path).text
    assert front.stored_names() <= before


def test_18_an_address_that_was_empty_has_its_article_at_once(front: Front) -> None:
    author = front.visitor("author")
    slug = f"future-{author.name.rpartition('-')[2]}-{'nginx' if front.nginx else 'alone'}"
    for _ in range(5):
        answer = front.ask(f"/articles/{slug}")
        assert (answer.status, answer["Cache-Control"]) == (404, "no-store")
    written = author.post("/create_article", title="Future", slug=slug, content="Honest words.", do="publish")
    assert written.status == 303
    assert "Honest words." in author.get(f"/articles/{slug}").text
    assert_clean(front, f"/articles/{slug}")


def test_27_each_encoding_has_its_bytes_and_its_validator(front: Front, path: str) -> None:
    wishes = {
        "br": "br",
        "gzip": "gzip",
        "identity": "",
        "zstd": "",
        "": "",
        "zstd, br, gzip": "br",
        "br;q=0, gzip": "gzip",
    }
    etags: dict[str, set[str]] = {}
    for _ in range(2):
        for wish, encoding in wishes.items():
            answer = front.ask(path, headers={"Accept-Encoding": wish})
            assert (answer["Content-Encoding"], answer["Vary"]) == (encoding, "Accept-Encoding")
            etags.setdefault(encoding, set()).add(answer["ETag"])
            if encoding == "br":
                assert b"Honest words." in brotli.decompress(answer.body)
            same = front.ask(path, headers={"Accept-Encoding": wish, "If-None-Match": answer["ETag"]})
            assert (same.status, same.body) == (304, b"")
    assert all(len(found) == 1 for found in etags.values())
    assert len(set.union(*etags.values())) == 3
    assert_clean(front, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "evil"},
        {"Cookie": "theme=evil"},
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example"},
        {"User-Agent": "evil"},
        {"Accept": "application/json"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_28_what_is_not_in_the_key_changes_nothing(front: Front, headers: dict[str, str]) -> None:
    path = f"/articles/{front.article(content='Honest words.').slug}"
    first = front.ask(path, headers=headers)
    assert first.status == 200
    assert not [name for name in first.headers if name.lower().startswith("access-control")]
    assert front.ask(path).body == first.body
    assert_clean(front, path)


def test_28_no_header_of_a_page_repeats_one_of_the_request(front: Front, path: str) -> None:
    names = ("Accept-Language", "Origin", "Referer", "Cookie", "User-Agent", "X-Request-Id", "Via", "Accept")
    answer = front.ask(path, headers=dict.fromkeys(names, "x=evil"))
    assert not re.search("evil", str(answer.headers))
    assert_clean(front, path)
