"""What a page itself contains or does that must not spread. The numbers are rows of docs/security.md."""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from application.config import Settings
from application.extensions import cache
from tests.fronts import Front
from tests.nginx import nginx_before
from tests.raw import Answer, exchange, request
from tests.security.clumsy import Clumsy, careless, serving
from tests.security.conftest import assert_clean
from tests.site import eventually


class Careless(NamedTuple):
    """The careless site, and the port where it is reached."""

    port: int
    clumsy: Clumsy

    def ask(self, path: str, **headers: str) -> Answer:
        return exchange(self.port, request(path, headers=headers))


@pytest.fixture(params=["alone", "behind"])
def site(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Careless]:
    clumsy = Clumsy()
    app = careless(settings, clumsy)
    with ExitStack() as stack:
        port = stack.enter_context(serving(app))
        if request.param == "behind":
            port = stack.enter_context(nginx_before(port, tmp_path)).port
        with app.app_context():
            yield Careless(port, clumsy)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_17_an_error_is_answered_by_the_good_copy_and_never_stored(site: Careless, status: int) -> None:
    assert site.ask("/articles/breaks").text == "version 1"
    site.clumsy.is_broken = status
    cache.invalidate(["clumsy/breaks"])
    eventually(lambda: site.ask("/articles/breaks")["X-Cache"] == "stale error")
    for _ in range(3):
        answer = site.ask("/articles/breaks")
        assert (answer.status, answer.text, answer["X-Cache"]) == (200, "version 1", "stale error")
        assert answer["Cache-Control"] == "no-store"
    site.clumsy.is_broken, site.clumsy.version = 0, 2
    assert site.ask("/articles/breaks").text == "version 2"


def test_17_an_error_without_a_good_copy_is_an_error_once(site: Careless) -> None:
    site.clumsy.is_broken = 500
    for _ in range(2):
        answer = site.ask("/articles/breaks")
        assert (answer.status, answer["Cache-Control"]) == (500, "no-store")
    site.clumsy.is_broken = 0
    assert site.ask("/articles/breaks").text == "version 1"


def test_17_no_copy_of_what_was_withdrawn_is_left(site: Careless) -> None:
    assert site.ask("/articles/breaks").status == 200
    site.clumsy.is_broken = 500
    cache.invalidate(["clumsy/breaks"], "withdrawn")
    eventually(lambda: site.ask("/articles/breaks").status == 500)


def test_19_a_page_that_sets_a_cookie_is_nobody_elses(site: Careless) -> None:
    cookies = [site.ask("/articles/sets-a-cookie")["Set-Cookie"].partition(";")[0] for _ in range(3)]
    assert cookies == ["first=visitor-0", "first=visitor-1", "first=visitor-2"]


def test_19_no_cookie_comes_with_a_stored_page(front: Front, path: str) -> None:
    for cookie in ("", "session=x; liker=y", front.visitor().cookie):
        assert not front.ask(path, headers={"Cookie": cookie}).headers.get_all("Set-Cookie")
    assert_clean(front, path)


def test_20_a_page_for_everybody_sees_an_empty_session(site: Careless, front: Front) -> None:
    # The other site's sessions are signed with another key; that it has a cookie at all is the point.
    answers = [site.ask("/articles/asks-the-session", Cookie=cookie) for cookie in (front.visitor().cookie, "", "a=b")]
    assert {answer.text for answer in answers} == {"somebody: False, {}"}
    assert {answer["Vary"] for answer in answers} == {"Accept-Encoding"}
    assert site.clumsy.made == ["session"]


def test_26_the_policy_of_a_stored_page_allows_no_script_inside_and_has_no_nonce(front: Front, path: str) -> None:
    policies = {front.ask(path)["Content-Security-Policy"] for _ in range(4)}
    assert len(policies) == 1
    policy = policies.pop()
    assert "script-src 'self'" in policy
    assert not re.search("nonce|unsafe|sha256|data: script", policy)
    html = front.ask(path).text
    assert "nonce" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style| on\w+=|style=", html)


HOSTILE = """
<script>wicked()</script> <img src=x onerror=wicked()> <svg onload=wicked()> <style>*{display:none}</style>

[link](javascript:wicked()) [data](data:text/html,wicked) <a href="java\tscript:wicked()">tab</a>

<esi:include src="/account"/> <!--#include virtual="/account" --> <!--esi wicked -->

{{ 777 * 77 }} {% raw %} ${777*77} #{777*77} <%= 777*77 %> <?php wicked() ?>

<form action=/logout method=post><button>x</button></form> <meta http-equiv=refresh content="0;url=//wicked.example">
<base href=//wicked.example> <iframe src=/account></iframe> <link rel=stylesheet href=//wicked.example>
"""


def test_31_what_an_author_pastes_is_inert(front: Front) -> None:
    title = "<script>wicked()</script> {{ 777 * 77 }}"
    slug = front.article(title=title, standfirst="<!--#include virtual='/account' -->", content=HOSTILE).slug
    for path in (f"/articles/{slug}", "/"):
        for _ in range(2):
            html = front.ask(path).text
            main = html[html.index("<main") : html.index("</main>")]
            assert not re.search(r"<(script|style|iframe|base|meta|esi:|\?|%|!--)", main), path
            assert not re.search(r"(?i)<[^>]*(\son\w+\s*=|javascript:|href=\"?data:|wicked\.example)", main), path
            assert not re.search(r"<title>[^<]*<(?!/title)", html)
            assert "{{ 777 * 77 }}" in main
            assert "59829" not in main


def test_34_a_slow_page_from_before_a_purge_does_not_replace_the_new_one(site: Careless) -> None:
    clumsy = site.clumsy
    clumsy.is_slow = True
    late: list[Answer] = []
    reader = threading.Thread(target=lambda: late.append(site.ask("/articles/slow")))
    reader.start()
    assert clumsy.rendering.wait(20)
    clumsy.version = 2
    cache.invalidate(["clumsy/slow"])
    clumsy.goes_on.set()
    reader.join(20)
    assert late[0].status == 200
    for _ in range(3):
        eventually(lambda: site.ask("/articles/slow").text == "version 2", 3)
        assert site.ask("/articles/slow").text == "version 2"
