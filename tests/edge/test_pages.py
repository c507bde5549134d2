"""Pages through nginx: kept for a second, never longer, and never for whoever must not get them."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path

import pytest

from application.caching.page_cache import PAGE_POLICY
from tests.articles import edit
from tests.controller.people import make_article, make_user
from tests.fronts import Front
from tests.nginx import nginx_before
from tests.raw import connected, exchange, receive, request
from tests.site import eventually
from tests.visitor import Visitor

Serving = Callable[..., AbstractContextManager[int]]
numbers = count()


@pytest.fixture
def article(behind: Front) -> str:
    """The address of an article that nobody has asked for yet."""
    number = next(numbers)
    with behind.site.app.app_context():
        return f"/articles/{make_article(make_user(f'edge{number}', 'author'), f'At the edge {number}')[1]}"


def test_every_page_that_the_site_keeps_is_kept_by_nginx_too(behind: Front, article: str) -> None:
    assert behind.nginx
    app = behind.site.app
    kept = [rule for rule in app.url_map.iter_rules() if hasattr(app.view_functions[rule.endpoint], PAGE_POLICY)]
    assert len(kept) > 10
    names = {"slug": article.rpartition("/")[2], "user_name": "edge0", "tag": "none", "article_id": 1}
    for rule in kept:
        path = rule.build({name: names[name] for name in rule.arguments}, append_unknown=False)[1]
        behind.ask(path)
        assert behind.nginx.asked(path)[-1][0] != "-", f"{path} is not among the pages in deploy/nginx.conf"


@pytest.mark.parametrize("path", ["/hello", "/me", "/login", "/account", "/stream?", "/create_article", "/desk"])
def test_nothing_else_goes_through_its_cache(behind: Front, path: str) -> None:
    assert behind.nginx
    behind.ask(path, "HEAD")
    assert {cache for cache, _ in behind.nginx.asked(path)} == {"-"}


def test_a_page_is_asked_for_once_in_a_second(behind: Front, article: str) -> None:
    assert behind.nginx
    eventually(lambda: behind.ask(article)["X-Cache"] == "hit edge")
    hit = behind.ask(article)
    assert (hit.status, hit["Cache-Control"], hit["X-Accel-Expires"]) == (200, "no-cache", "")
    assert b"At the edge" in hit.body


def test_nothing_is_older_than_a_second(serving: Serving, tmp_path: Path) -> None:
    with serving(lambda _: repr(time.time()).encode()) as port, nginx_before(port, tmp_path) as nginx:
        end = time.time() + 2.5
        ages = []
        while (began := time.time()) < end:
            ages.append(began - float(exchange(nginx.port, request("/about")).body))
        assert max(ages) < 1
        # Most of them came out of the cache.
        assert sum(cache == "HIT" for cache, _ in nginx.asked("/about")) > len(ages) / 2


def test_what_is_unchanged_is_revalidated(behind: Front, article: str) -> None:
    nginx = behind.nginx
    assert nginx
    eventually(lambda: behind.ask(article).status == 200 and ["REVALIDATED", "304"] in nginx.asked(article))
    assert b"At the edge" in behind.ask(article).body


def test_a_crowd_asks_once_for_a_page_that_nobody_has_asked_for_yet(serving: Serving, tmp_path: Path) -> None:
    asked: list[str] = []
    lock = threading.Lock()

    def slow(handler: object) -> bytes:
        with lock:
            asked.append(getattr(handler, "path", ""))
        # As long as a page takes; without the lock everybody would come through meanwhile.
        time.sleep(0.02)
        return b"a page"

    with serving(slow) as port, nginx_before(port, tmp_path) as nginx:
        # On a machine that is held up the lock's patience may end; not on every try.
        for attempt in range(10):
            path = f"/articles/{attempt}"
            crowd = [connected(nginx.port) for _ in range(20)]
            for connection in crowd:
                connection.sendall(request(path))
            assert [receive(connection).body for connection in crowd] == [b"a page"] * 20
            for connection in crowd:
                connection.close()
            if asked.count(path) == 1:
                break
        else:
            pytest.fail(f"asked {len(asked)} times for 10 pages")


def test_an_editors_own_next_request_goes_past(behind: Front, article: str) -> None:
    nginx = behind.nginx
    assert nginx
    slug = article.rpartition("/")[2]
    editor = Visitor(behind.as_site, f"edge{slug.rpartition('-')[2]}")
    for version in range(3):
        eventually(lambda: behind.ask(article)["X-Cache"] == "hit edge")
        form = editor.form_of(slug) | {"title": f"Version {version}", "content": "Text.", "do": "publish"}
        answer = editor.post(f"/articles/{slug}/edit", **form)
        assert answer.status in {302, 303}, answer.text
        assert "seen" in editor.cookies
        assert f"Version {version}" in editor.get(article).text
        # nginx writes its log after the answer has gone out.
        eventually(lambda: nginx.asked(article)[-1] == ["BYPASS", "200"])


def test_an_edit_reaches_everybody(behind: Front, article: str) -> None:
    eventually(lambda: behind.ask(article)["X-Cache"] == "hit edge")
    with behind.site.app.app_context():
        edit(article.rpartition("/")[2], title="Edited")
    eventually(lambda: b"Edited" in behind.ask(article).body, 3)


@pytest.mark.parametrize("header", ["Authorization", "Authentication-Token", "Cookie"])
def test_whoever_says_who_they_are_goes_past(behind: Front, article: str, header: str) -> None:
    nginx = behind.nginx
    assert nginx
    eventually(lambda: behind.ask(article)["X-Cache"] == "hit edge")
    behind.ask(article, headers={header: "seen=x.1"})
    assert nginx.asked(article)[-1][0] == "BYPASS"


def test_a_session_alone_does_not_keep_anybody_from_the_cache(behind: Front, article: str) -> None:
    eventually(lambda: behind.ask(article, headers={"Cookie": "session=x; signed_in=1"})["X-Cache"] == "hit edge")


def test_head_and_validators(behind: Front, article: str) -> None:
    head = behind.ask(article, "HEAD", {"Accept-Encoding": "gzip"})
    page = behind.ask(article, headers={"Accept-Encoding": "gzip"})
    assert (head.body, head["ETag"], head["Content-Length"]) == (b"", page["ETag"], str(len(page.body)))
    eventually(lambda: behind.ask(article, headers={"Accept-Encoding": "gzip"})["X-Cache"] == "hit edge")
    same = behind.ask(article, headers={"Accept-Encoding": "gzip", "If-None-Match": page["ETag"]})
    assert (same.status, same.body, same["Cache-Control"]) == (304, b"", "no-cache")
    assert behind.ask(article, headers={"If-None-Match": page["ETag"]}).status == 200


@pytest.mark.parametrize(
    ("wish", "encoding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "br"),
        ("gzip, br;q=0", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("deflate, brotli, xgzip", ""),
        ("gzip;q=0.000, br;q=0", ""),
    ],
)
def test_each_wish_for_an_encoding_gets_its_own(behind: Front, article: str, wish: str, encoding: str) -> None:
    for _ in range(3):
        answer = behind.ask(article, headers={"Accept-Encoding": wish})
        assert (answer["Content-Encoding"], answer["Vary"]) == (encoding, "Accept-Encoding")


def test_two_hosts_do_not_share(behind: Front, article: str) -> None:
    nginx = behind.nginx
    assert nginx
    behind.ask(article)
    other = behind.ask(article, headers={"Host": "localhost"})
    assert (other.status, nginx.asked(article)[-1][0]) == (200, "MISS")
    stranger = behind.ask(article, headers={"Host": "evil.example"})
    assert stranger.status == 400
    assert behind.ask(article).status == 200


def test_what_the_site_tells_its_operators_stays_here(behind: Front, article: str) -> None:
    answers = [behind.ask(article) for _ in range(2)] + [behind.ask("/hello"), behind.ask("/nothing")]
    for answer in answers:
        assert len(answer.headers.get_all("Server-Timing", [])) == 1
        assert answer["Server-Timing"].startswith(f'cache;desc="{answer["X-Cache"]}", total;dur=')
        assert "db" not in answer["Server-Timing"]
        assert not [name for name in answer.headers if name.lower().startswith(("x-accel", "surrogate"))]
        assert len(answer.headers.get_all("Cache-Control", [])) == 1


def test_what_is_old_is_not_served_when_the_site_is_gone(serving: Serving, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with serving(lambda _: b"a page") as port:
            nginx = stack.enter_context(nginx_before(port, tmp_path))
            assert exchange(nginx.port, request("/about")).status == 200
        eventually(lambda: exchange(nginx.port, request("/about")).status == 502)
        answer = exchange(nginx.port, request("/about"))
        assert (answer.status, answer["Cache-Control"]) == (502, "no-store")


@pytest.mark.parametrize("length", [1000, 2500, 3000, 3300, 3800])
def test_a_long_question_is_answered(behind: Front, article: str, length: int) -> None:
    assert behind.ask(f"{article}?fbclid={'a' * length}").status == 200
