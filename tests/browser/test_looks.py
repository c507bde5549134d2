"""Every page as it looks: at phone and desktop width, light and dark, empty, full and too long.

The pictures are left in `tests/screenshots/`; with UPDATE_IMAGES=1 those that the documents show are made anew.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from application.config import ROOT
from application.data.models import Article, ArticleAuthor, Profile
from application.extensions import db
from tests.articles import write
from tests.browser.test_the_loop import sign_in
from tests.conftest import copy_of
from tests.controller.people import make_user
from tests.own_redis import own_redis
from tests.site import RunningSite, eventually, running_site

PICTURES = ROOT / "tests" / "screenshots"
IMAGES = ROOT / "docs" / "images"
PHONE, DESKTOP = (390, 844), (1280, 900)
PATIENCE = 60_000
"""Milliseconds that a look may take on a machine with much else to do."""
LONG_TITLE = (
    "How a headline of a hundred and twenty characters, with Donaudampfschifffahrtsgesellschaft, "
    "is set on a small phone"
)
RIGHT_TO_LEFT = "نص قصير مع `code` و English words.\n\n"
PAGES = {
    "home": "/",
    "article": "/articles/look-at-the-keys",
    "long": "/articles/long",
    "rtl": "/articles/rtl",
    "author": "/articles_by/the-cache-desk",
    "empty": "/articles_by/nobody-yet",
    "tag": "/tags/caching",
    "about": "/about",
    "privacy": "/privacy",
    "feedback": "/feedback",
    "thanks": "/feedback/thanks",
    "missing": "/nowhere",
    "login": "/login",
    "register": "/register",
    "like": "/article_like/1",
}


@pytest.fixture(scope="module")
def showroom(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site with the sample articles, and a few that are hard to set."""
    logs = tmp_path_factory.mktemp("showroom")
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs, jobs=False) as site,
    ):
        result = site.app.test_cli_runner().invoke(args=["articles", "import", str(ROOT / "samples")])
        assert result.exit_code == 0, result.output
        with site.app.app_context():
            furnish()
        yield site


def furnish() -> None:
    people = [Profile(user_name=f"author-{n}", display_name=f"Author Number {n}") for n in range(12)]
    db.session.add_all([*people, Profile(user_name="nobody-yet", display_name="Nobody Yet")])
    db.session.commit()
    paragraph = "A paragraph of an article that goes on, with `code` and **emphasis**, to see how it is set. " * 8
    table = "\n\n|" + " wide column |" * 14 + "\n|" + "---|" * 14 + "\n|" + " cell |" * 14 + "\n\n"
    body = (paragraph + "\n\n") * 220 + table + "```\n" + "x" * 300 + "\n```\n\n" + "word" * 80
    assert len(body) > 160_000
    names = tuple(person.user_name for person in people)
    tags = tuple(f"tag number {n}" for n in range(30))
    made = [
        write(LONG_TITLE, body, standfirst=paragraph[:300], authors=names, tags=tags).slug,
        write("مقال بالعربية عن القياس", RIGHT_TO_LEFT * 6, authors=names[:1]).slug,
    ]
    for slug, wished in zip(made, ("long", "rtl"), strict=True):
        article = db.session.query(Article).filter_by(slug=slug).one()
        article.slug = wished
        # Older than the samples, so that these stay on top of the home page.
        article.published_at = datetime(2020, 1, 1, tzinfo=UTC)
        if wished == "rtl":
            article.language, article.direction = "ar", "rtl"
    db.session.commit()
    assert db.session.query(ArticleAuthor).count() >= 12


@pytest.fixture(params=[(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark")], ids=str)
def window(request: pytest.FixtureRequest, browser: Browser, showroom: RunningSite) -> Iterator[tuple[Page, str]]:
    (width, height), scheme = request.param
    with browser.new_context(
        base_url=showroom.url, viewport={"width": width, "height": height}, color_scheme=scheme
    ) as context:
        yield context.new_page(), f"{width}-{scheme}"


def test_every_page_fits_its_window_and_asks_nobody_else(window: tuple[Page, str], showroom: RunningSite) -> None:
    page, name = window
    strangers: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(showroom.url) else strangers.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    PICTURES.mkdir(exist_ok=True)
    for title, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == (404 if title == "missing" else 200), path
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{path} is {too_wide} px too wide"
        page.screenshot(path=PICTURES / f"{title}-{name}.png")
        complaints[:] = [text for text in complaints if "404" not in text]
    assert strangers == []
    assert complaints == []


def test_the_documents_show_the_site_as_it_is(browser: Browser, showroom: RunningSite) -> None:
    with browser.new_context(base_url=showroom.url, viewport={"width": 1280, "height": 860}) as context:
        page = context.new_page()
        page.goto("/")
        # On a slow machine a page may be due by the time that it is asked for again.
        eventually(lambda: page.goto("/") and "hit " in page.inner_text("#instrument"))
        picture = PICTURES / "readme-home.png"
        page.screenshot(path=picture)
    keep(picture, "home.png")


def test_the_documents_show_an_explained_page_as_it_is(browser: Browser, showroom: RunningSite) -> None:
    with showroom.app.app_context():
        make_user("olga", "administrator")
    with browser.new_context(base_url=showroom.url, viewport={"width": 1280, "height": 860}) as context:
        page = context.new_page()
        sign_in(page, "olga")
        page.goto("/articles/look-at-the-keys")
        page.goto("/console/explain?url=/articles/look-at-the-keys")
        page.get_by_role("button", name="Look").click(timeout=PATIENCE)
        expect(page.get_by_role("heading", name="Where the")).to_be_visible()
        expect(page.get_by_text("hit redis", exact=True)).to_be_visible()
        for name, size in (("phone", PHONE), ("desktop", DESKTOP)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                picture = PICTURES / f"console-explain-{name}-{scheme}.png"
                page.screenshot(path=picture, full_page=True)
        page.set_viewport_size({"width": 1280, "height": 1800})
        picture = PICTURES / "readme-console-explain.png"
        page.screenshot(path=picture)
    keep(picture, "console-explain.png")


def keep(picture: Path, name: str) -> None:
    """Make a picture the documents' own when that is asked for."""
    if os.environ.get("UPDATE_IMAGES"):
        IMAGES.mkdir(exist_ok=True)
        shutil.copy(picture, IMAGES / name)
    assert (IMAGES / name).exists()
