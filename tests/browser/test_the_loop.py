"""Write, read, like, in real windows: what the whole house is for."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from application.data.models import ArticleLike
from application.extensions import db
from tests.controller.people import PASSWORD, make_article, make_user
from tests.site import RunningSite


@pytest.fixture
def author(site: RunningSite, request: pytest.FixtureRequest) -> str:
    """An account that may write; each test has its own."""
    name = f"author{abs(hash(request.node.name)) % 10**8}"
    with site.app.app_context():
        make_user(name, "author")
    return name


@pytest.fixture
def article(site: RunningSite, author: str) -> tuple[int, str]:
    with site.app.app_context():
        user = make_user(f"{author}x", "author")
        return make_article(user, title=f"An article of {author}")


def sign_in(page: Page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def test_an_author_writes_and_the_next_reader_sees_it_on_every_page(
    page: Page, browser: Browser, site: RunningSite, author: str
) -> None:
    with browser.new_context(base_url=site.url) as other:
        reader = other.new_page()
        reader.goto("/")
        title = f"Written by {author}"
        sign_in(page, author)
        page.goto("/create_article")
        page.get_by_label("Title").fill(title)
        page.get_by_label("Text").fill("Some **bold** words.\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        page.get_by_role("button", name="Publish now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        reader.goto("/")
        reader.get_by_role("link", name=title).click()
        expect(reader.locator(".prose strong")).to_have_text("bold")
        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Title").fill(f"{title}, again")
        page.get_by_role("button", name="Publish changes").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{title}, again")
        reader.goto("/")
        expect(reader.get_by_role("link", name=f"{title}, again")).to_be_visible()
        reader.goto(f"/articles_by/{author}")
        expect(reader.get_by_role("link", name=f"{title}, again")).to_be_visible()


def test_a_like_moves_the_count_in_another_window(
    page: Page, browser: Browser, site: RunningSite, article: tuple[int, str]
) -> None:
    _, slug = article
    with browser.new_context(base_url=site.url) as elsewhere:
        watcher = elsewhere.new_page()
        watcher.goto(f"/articles/{slug}")
        expect(watcher.locator(".like-words .number")).to_have_text("0 likes")
        page.goto(f"/articles/{slug}")
        page.get_by_role("button", name="Like").click()
        expect(page.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
        expect(watcher.locator(".like-words .number")).to_have_text("1 like")
        watcher.reload()
        expect(watcher.locator(".like-words .number")).to_have_text("1 like")
        page.reload()
        expect(page.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Like").click()
        expect(watcher.locator(".like-words .number")).to_have_text("0 likes")


def test_a_like_works_without_javascript(browser: Browser, site: RunningSite, article: tuple[int, str]) -> None:
    article_id, slug = article
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/articles/{slug}")
        page.get_by_role("button", name="Like").click()
        assert page.url.partition("#")[0] == f"{site.url}/articles/{slug}"
        page.get_by_role("link", name="See or take back your like").click()
        page.get_by_role("main").get_by_role("button").click()
        with site.app.app_context():
            rows = select(func.count()).select_from(ArticleLike).where(ArticleLike.article_id == article_id)
            assert db.session.scalar(rows) == 0
        expect(page.get_by_role("main")).to_contain_text("Like")


def test_ten_tabs_of_one_browser_hold_one_stream(
    context: BrowserContext, site: RunningSite, article: tuple[int, str]
) -> None:
    _, slug = article
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    tabs = [context.new_page() for _ in range(10)]
    for tab in tabs:
        tab.goto(f"/articles/{slug}")
    tabs[3].get_by_role("button", name="Like").click()
    for tab in tabs:
        expect(tab.locator(".like-words .number")).to_have_text("1 like")
    assert len(streams) == 1
    tabs[0].close()
    tabs[3].get_by_role("button", name="Like").click()
    for tab in tabs[1:]:
        expect(tab.locator(".like-words .number")).to_have_text("0 likes")


def test_a_signed_in_reader_sees_the_same_page_and_their_name(page: Page, site: RunningSite, author: str) -> None:
    stranger = page.request.get("/").text()
    sign_in(page, author)
    assert page.request.get("/").text() == stranger
    page.goto("/")
    expect(page.locator("#account")).to_have_text(author)
    page.goto("/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/")
    expect(page.locator("#account")).to_have_text("Account")


def test_everything_is_reached_by_keyboard(page: Page, article: tuple[int, str]) -> None:
    page.goto(f"/articles/{article[1]}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    button = page.get_by_role("button", name="Like")
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
