"""What the pages that readers come for may cost, on a phone and a desktop, by Chromium's own log of the network."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import func, select

from application.data.data_access import get_article
from application.data.models import Article
from application.data.operations import people
from application.extensions import db
from tests.articles import write
from tests.browser.network import READ, Cost, cost_of
from tests.controller.people import make_user
from tests.importing.test_corpora import CORPORA
from tests.servers import serving
from tests.site import RunningSite

MOST_BYTES, MOST_REQUESTS, SHEET = 30_000, 5, 10_000
PHONE, DESKTOP = 390, 1280
PAGES = ("/", "/articles/weighed", "/articles_by/lovelace-weighed", "/tags/weights", "/feedback", "/login")
POSTS = (
    "18f-blog/content/posts/2015-03-17-does-18f-pass-the-bechdel-test-for-tech.md",
    "rust-blog/content/Fearless-Concurrency.md",
    "rust-blog/content/OSPP-2024.md",
)
LONGEST = "rust-blog/content/Project-Goals-2025-November-Update.md"


@pytest.fixture(scope="module")
def furnished(site: RunningSite) -> RunningSite:
    words = "## A part\n\nSome *text* with `code` and [a link](https://example.com/).\n\n" + "More of it. " * 200
    with site.app.app_context():
        people.ensure_profile(make_user("lovelace-weighed", "author"))
        write("Weighed", words, standfirst="Slowly.", tags=("weights",), authors=("lovelace-weighed",))
    return site


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_stays_within_its_budget(browser: Browser, furnished: RunningSite, path: str, width: int) -> None:
    cost = cost_of(browser, furnished.url + path, width)
    assert_frugal(cost, furnished.url)
    assert cost.bytes_of(*READ) <= MOST_BYTES, cost


def assert_frugal(cost: Cost, url: str) -> None:
    """Hold what holds for every page, however long."""
    assert {urlsplit(address).netloc for address in cost.addresses.values()} == {urlsplit(url).netloc}
    assert len(cost.types) <= MOST_REQUESTS, cost
    assert set(cost.types.values()) >= READ
    assert cost.shifts == []
    assert [urlsplit(address).path for address in cost.blocking] == ["/static/site.css"]
    assert cost.bytes_of("Stylesheet") <= SHEET


@pytest.fixture(scope="module")
def real(furnished: RunningSite) -> Iterator[Flask]:
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside this checkout")
    with furnished.app.app_context():
        yield furnished.app


def imported(app: Flask, posts: Sequence[Path]) -> list[str]:
    """Import these files, and return the slugs of their articles."""
    before = db.session.scalar(select(func.max(Article.article_id))) or 0
    for post in posts:
        run = app.test_cli_runner().invoke(args=["articles", "import", str(post)])
        assert run.exit_code == 0, run.output
    db.session.rollback()
    slugs = list(db.session.scalars(select(Article.slug).where(Article.article_id > before)))
    assert len(slugs) == len(posts)
    return slugs


def test_so_do_real_posts_and_the_pages_of_their_authors_and_tags(
    browser: Browser, furnished: RunningSite, real: Flask
) -> None:
    paths = {"/"}
    for slug in imported(real, [CORPORA / post for post in POSTS]):
        article = get_article(slug)
        assert article is not None
        paths |= {f"/articles/{slug}", *(f"/articles_by/{author.user_name}" for author in article.authors[:1])}
        paths |= {f"/tags/{tag.slug}" for tag in article.tags[:1]}
    assert len(paths) >= 8
    for path in paths:
        cost = cost_of(browser, furnished.url + path, PHONE)
        assert_frugal(cost, furnished.url)
        assert cost.bytes_of(*READ) <= MOST_BYTES, (path, cost)


def test_a_post_of_170_kilobytes_costs_its_words_and_no_more(
    browser: Browser, furnished: RunningSite, real: Flask
) -> None:
    (slug,) = imported(real, [CORPORA / LONGEST])
    cost = cost_of(browser, f"{furnished.url}/articles/{slug}", PHONE)
    assert_frugal(cost, furnished.url)
    # Its text alone is nearly the whole budget, which is therefore held by what comes with it.
    assert cost.bytes_of("Document") > 20_000
    assert cost.bytes_of("Stylesheet", "Script") <= MOST_BYTES // 3


def test_what_a_wasteful_page_costs_is_seen(browser: Browser) -> None:
    page = b"""<!doctype html><title>Wasteful</title><link rel=stylesheet href=/one.css><script src=/two.js></script>
        <body><p id=above></p><p id=instrument>made at once</p><p>Below</p><script>
        requestAnimationFrame(() => requestAnimationFrame(() => { above.style.height = "300px";
        instrument.textContent = "done"; }))</script>"""
    with serving(page) as url:
        cost = cost_of(browser, url, PHONE)
    assert sum(cost.shifts) > 0
    assert {urlsplit(address).path for address in cost.blocking} == {"/one.css", "/two.js"}
    assert cost.bytes_of(*READ) > 3 * len(page)
