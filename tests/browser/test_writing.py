"""The life of an article with two people at it, a day at the desk, and every way in which words might be lost."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from application.config import ROOT
from application.data.models import Article
from application.data.operations import articles, likes, people
from application.data.records import Actor
from application.data.types import utc_now
from application.extensions import db
from tests.articles import write as make
from tests.browser.test_the_loop import sign_in
from tests.conftest import copy_of
from tests.controller.people import PASSWORD, make_user
from tests.own_redis import own_redis
from tests.site import PATIENCE, RunningSite, running_site

PICTURES = ROOT / "tests" / "screenshots"
IMAGES = ROOT / "docs" / "images"
PHONE, DESKTOP = (390, 844), (1280, 900)

FIRST = (
    "The second reader of a page should not pay for what the first one has read already.\n\n"
    "## What is kept\n\n"
    "The whole page, as bytes, for as long as nothing in it has changed. A write tells every copy at once.\n\n"
    "## What is not\n\n"
    "Anything that is *yours*: your name, your likes. Those come apart from the page, and never stay.\n"
)
QUICKER = FIRST.replace("should not pay for", "must not wait for")
KINDER = FIRST.replace(
    "A write tells every copy at once.", "A write tells every copy at once, and the writer sees it first."
)


@pytest.fixture(scope="module")
def newsroom(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site with the sample articles, a worker, an author and an editor."""
    logs = tmp_path_factory.mktemp("newsroom")
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs, SITE_TIMEZONE="Europe/Paris") as site,
    ):
        result = site.app.test_cli_runner().invoke(args=["articles", "import", str(ROOT / "samples")])
        assert result.exit_code == 0, result.output
        with site.app.app_context():
            for name, role in (("night-desk", "author"), ("day-desk", "editor")):
                people.ensure_profile(make_user(name, role))
            furnish()
        yield site


def furnish() -> None:
    """Lay on the desk what a day finds there: a draft, something that waits for its time, likes on what is out."""
    by = Actor(None, "day-desk")
    make("What the night shift measured", FIRST, authors=("day-desk",), publish=False)
    waiting = make("A week without a purge", FIRST, authors=("day-desk", "night-desk"), publish=False)
    articles.publish_article(waiting.slug, waiting.version, by, utc_now() + timedelta(days=3))
    ids = [article.article_id for article in db.session.query(Article).filter_by(status="published")]
    for article_id in ids:
        for reader in range(article_id * 7 % 23):
            likes.add_like(article_id, visitor_id=f"{reader:032x}")
        likes.recount_likes(article_id)


@contextmanager
def window(
    browser: Browser, site: RunningSite, size: tuple[int, int] = DESKTOP, scheme: str = "light", **more: bool
) -> Iterator[BrowserContext]:
    width, height = size
    with browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="Europe/Paris",
        **more,
    ) as context:
        context.set_default_timeout(10_000)
        yield context


@contextmanager
def somebody(browser: Browser, site: RunningSite, name: str) -> Iterator[Page]:
    """A window in which this account is signed in."""
    with window(browser, site) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        sign_in(page, name)
        yield page


@pytest.fixture
def author(browser: Browser, newsroom: RunningSite) -> Iterator[Page]:
    with somebody(browser, newsroom, "night-desk") as page:
        yield page


@pytest.fixture
def late(browser: Browser, newsroom: RunningSite, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An author of this test's own, whose words may be left lying about."""
    name = f"late{abs(hash(request.node.name)) % 10**8}"
    with newsroom.app.app_context():
        make_user(name, "author")
    with somebody(browser, newsroom, name) as page:
        yield page


@pytest.fixture
def editor(browser: Browser, newsroom: RunningSite) -> Iterator[Page]:
    with somebody(browser, newsroom, "day-desk") as page:
        yield page


@pytest.fixture
def reader(browser: Browser, newsroom: RunningSite) -> Iterator[Page]:
    with window(browser, newsroom) as context:
        yield context.new_page()


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def leave(page: Page, path: str) -> None:
    """Go elsewhere, whatever the page asks about words that are not saved."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(path)


def text_of(page: Page) -> str:
    return page.get_by_label("Text", exact=True).input_value()


def write(page: Page, title: str, text: str) -> None:
    page.goto("/create_article")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Text", exact=True).fill(text)


def appears(page: Page, path: str) -> None:
    """Return when readers find the page: the job is another process."""
    end = time.monotonic() + PATIENCE
    while page.request.get(path).status != 200:
        assert time.monotonic() < end, f"{path} does not appear"
        page.wait_for_timeout(50)


def shows(page: Page, path: str, words: str) -> None:
    """Return when readers find these words on a page that is there."""
    end = time.monotonic() + PATIENCE
    while words not in page.request.get(path).text():
        assert time.monotonic() < end, f"{path} does not show “{words}”"
        page.wait_for_timeout(50)


def picture(page: Page, name: str) -> None:
    """Leave a picture of the whole page; with UPDATE_IMAGES=1 it is the documents' own."""
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"desk-{name}.png"
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=path, full_page=True)
    if os.environ.get("UPDATE_IMAGES"):
        IMAGES.mkdir(exist_ok=True)
        shutil.copy(path, IMAGES / path.name)


SLUG, TITLE = "the-second-reader", "The second reader"
PATH, EDIT = f"/articles/{SLUG}", f"/articles/{SLUG}/edit"
BOTH = KINDER.replace("should not pay for", "must not wait for")


def test_the_life_of_an_article_with_two_people(
    author: Page, editor: Page, reader: Page, newsroom: RunningSite
) -> None:
    is_begun_left_and_found_again(author)
    finds_nothing(reader)
    waits_for_its_time(author)
    finds_nothing(reader)
    its_time_comes(newsroom, reader)
    reads(reader, "should not pay for")
    is_edited_by_two(author, editor, reader)
    reads(reader, "must not wait for")
    reads(reader, "and the writer sees it first")
    has_a_history(author, reader)
    is_taken_back_and_thrown_away(author, reader)
    comes_back(author)
    reads(reader, "must not wait for")


def reads(reader: Page, words: str) -> None:
    reader.goto(PATH)
    expect(reader.locator(".prose")).to_contain_text(words)


def finds_nothing(reader: Page) -> None:
    answer = reader.goto(PATH)
    assert answer is not None
    assert answer.status == 404


def is_begun_left_and_found_again(author: Page) -> None:
    write(author, TITLE, FIRST[:200])
    expect(author.locator("#saved")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    leave(author, "/create_article")
    expect(author.get_by_role("heading", name="Words that were not saved")).to_be_visible()
    author.get_by_role("link", name="Take these words up").click()
    assert text_of(author) == FIRST[:200]
    author.get_by_label("Text", exact=True).fill(FIRST)
    author.get_by_label("Standfirst").fill("What a page costs, and who pays for it.")
    author.get_by_label("Tags").fill("Caching, Reading")
    picture(author, "1-writing")
    press(author, "Preview")
    expect(author.locator("#preview .prose").get_by_role("heading").first).to_have_text("What is kept")
    press(author, "Save draft")
    author.wait_for_url(f"**{EDIT}")
    expect(author.locator(".state")).to_contain_text("Draft")
    author.goto("/create_article")
    expect(author.get_by_role("heading", name="Words that were not saved")).to_be_hidden()


def waits_for_its_time(author: Page) -> None:
    author.goto(EDIT)
    author.get_by_label("Date").fill(f"{utc_now() + timedelta(days=1):%Y-%m-%d}")
    author.get_by_label("Time", exact=True).fill("06:30")
    press(author, "Schedule")
    expect(author.locator(".state")).to_contain_text("06:30 (Europe/Paris)")
    picture(author, "2-scheduled")


def its_time_comes(newsroom: RunningSite, reader: Page) -> None:
    the_hour_comes(newsroom, SLUG)
    appears(reader, PATH)


def the_hour_comes(newsroom: RunningSite, slug: str) -> None:
    """Let the hour come sooner, and the worker find it, as beat has it do every few seconds."""
    with newsroom.app.app_context():
        db.session.query(Article).filter_by(slug=slug).one().scheduled_for = utc_now()
        db.session.commit()
    newsroom.app.extensions["celery"].send_task("publish_due_articles")


def is_edited_by_two(author: Page, editor: Page, reader: Page) -> None:
    """Make a newer draft that readers do not see; then the author finds that the editor was quicker."""
    author.goto(EDIT)
    editor.goto("/desk")
    picture(editor, "3-the-desk")
    editor.goto(EDIT)
    author.get_by_label("Text", exact=True).fill(KINDER)
    editor.get_by_label("Text", exact=True).fill(QUICKER)
    press(editor, "Save draft")
    expect(editor.locator(".state")).to_contain_text("Readers still see the version of")
    picture(editor, "4-newer-draft")
    reads(reader, "should not pay for")
    press(author, "Save draft")
    warning = "Somebody else saved this article while you were writing"
    expect(author.get_by_role("heading", name=warning)).to_be_visible()
    expect(author.locator(".difference-text del").first).to_have_text("must")
    expect(author.locator(".difference-text ins").first).to_have_text("should")
    picture(author, "5-both-texts")
    author.get_by_label("Text", exact=True).fill(BOTH)
    press(author, "Publish changes")
    author.wait_for_url(f"**{PATH}")


def has_a_history(author: Page, reader: Page) -> None:
    """Look at who saved what, at two saves beside each other, and go back to one and away from it again."""
    author.goto(EDIT)
    author.get_by_role("link", name="Revisions").click()
    expect(author.get_by_role("row").filter(has_text="day-desk")).to_have_count(1)
    picture(author, "6-revisions")
    author.get_by_label("Compare from revision 1").check()
    press(author, "Compare the two that are chosen")
    expect(author.locator(".difference-text ins").first).to_have_text("must")
    picture(author, "7-difference")
    author.get_by_role("link", name="All revisions").click()
    author.get_by_role("button", name="Restore revision 1", exact=True).click()
    author.wait_for_url(f"**{EDIT}")
    assert text_of(author) == FIRST
    reads(reader, "must not wait for")
    press(author, "Discard changes")
    assert text_of(author) == BOTH


def is_taken_back_and_thrown_away(author: Page, reader: Page) -> None:
    press(author, "Unpublish")
    expect(author.locator(".state")).to_contain_text("Unpublished")
    finds_nothing(reader)
    press(author, "Move to the bin")
    author.wait_for_url("**/desk")
    author.get_by_role("link", name="Bin", exact=True).click()
    author.get_by_role("link", name=TITLE, exact=True).click()
    expect(author.locator(".state")).to_contain_text("In the bin")
    picture(author, "8-in-the-bin")


def comes_back(author: Page) -> None:
    press(author, "Take it out of the bin")
    expect(author.locator(".state")).to_contain_text("Unpublished")
    press(author, "Publish again")
    author.wait_for_url(f"**{PATH}")


def test_changes_wait_for_their_time_and_are_taken_off_the_schedule(
    late: Page, reader: Page, newsroom: RunningSite
) -> None:
    path = "/articles/changed-in-the-morning"
    write(late, "Changed in the morning", "As it is.")
    press(late, "Publish now")
    late.wait_for_url(f"**{path}")
    schedule_changes(late, path, "As it will be.")
    late.goto("/desk")
    scheduled = late.get_by_role("region", name="Scheduled", exact=True)
    expect(scheduled.get_by_role("link", name="Changed in the morning", exact=True)).to_be_visible()
    expect(scheduled).to_contain_text("changes scheduled for")
    late.goto(f"{path}/edit")
    press(late, "Take the changes off the schedule")
    expect(late.locator(".state")).to_contain_text("Published, with a newer draft")
    assert text_of(late) == "As it will be."
    schedule_changes(late, path, "As it will be in the end.")
    reader.goto(path)
    expect(reader.locator(".prose")).to_have_text("As it is.")
    the_hour_comes(newsroom, "changed-in-the-morning")
    shows(reader, path, "As it will be in the end.")
    late.goto(f"{path}/edit")
    expect(late.locator(".state .state-name")).to_have_text("Published")


def schedule_changes(author: Page, path: str, text: str) -> None:
    author.goto(f"{path}/edit")
    author.get_by_label("Text", exact=True).fill(text)
    author.get_by_label("Date").fill(f"{utc_now() + timedelta(days=1):%Y-%m-%d}")
    author.get_by_label("Time", exact=True).fill("06:30")
    press(author, "Schedule changes")
    expect(author.locator(".state")).to_contain_text("Published, with changes scheduled")
    expect(author.locator(".state")).to_contain_text("06:30 (Europe/Paris)")


def test_an_editor_does_the_same_to_many(author: Page, editor: Page, reader: Page) -> None:
    for number in ("first", "second"):
        write(author, f"The {number} of a pair", FIRST)
        press(author, "Save draft")
        author.wait_for_url("**/edit")
    editor.goto("/desk?state=draft&q=of+a+pair")
    for box in editor.get_by_role("checkbox").all():
        box.check()
    picture(editor, "9-many-at-once")
    press(editor, "Publish now")
    expect(editor.get_by_role("status")).to_contain_text("Published: 2 articles.")
    editor.goto("/desk?state=published&q=of+a+pair")
    for box in editor.get_by_role("checkbox").all():
        box.check()
    editor.get_by_label("Tags to add").fill("Pairs")
    press(editor, "Add tags")
    reader.goto("/tags/pairs")
    expect(reader.get_by_role("link", name="The first of a pair")).to_be_visible()
    expect(reader.get_by_role("link", name="The second of a pair")).to_be_visible()


def test_words_survive_a_session_that_ends(late: Page) -> None:
    write(late, "Written through a night", "Words that took long.")
    expect(late.locator("#account")).not_to_have_text("Account")
    name = late.locator("#account").inner_text()
    late.context.clear_cookies()
    press(late, "Save draft")
    expect(late.get_by_role("heading", name="Sign in, and press the button again")).to_be_visible()
    assert text_of(late) == "Words that took long."
    with late.context.expect_page() as opened:
        late.get_by_role("link", name="Sign in in a new tab").first.click()
    sign_in(opened.value, name)
    opened.value.close()
    press(late, "Save draft")
    late.wait_for_url("**/articles/written-through-a-night/edit")
    assert text_of(late) == "Words that took long."


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_words_survive_signing_in_again_in_the_same_tab(browser: Browser, newsroom: RunningSite, scripts: bool) -> None:
    name = f"sleeper{scripts}".lower()
    with newsroom.app.app_context():
        make_user(name, "author")
    with window(browser, newsroom, java_script_enabled=scripts) as context:
        page = context.new_page()
        asked: list[object] = []
        page.on("dialog", lambda dialog: (asked.append(dialog), dialog.accept()))
        sign_in(page, name)
        write(page, "Written past midnight", "Words that took all night.")
        context.clear_cookies()
        press(page, "Save draft")
        expect(page.get_by_role("heading", name="Sign in, and press the button again")).to_be_visible()
        picture(page, f"11-signed-out-{'scripts' if scripts else 'plain'}")
        page.locator("#account").click()
        page.get_by_label("E-mail address or user name").fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        press(page, "Sign in")
        page.wait_for_url("**/create_article")
        page.get_by_role("link", name="Take these words up").click()
        assert text_of(page) == "Words that took all night."
        assert asked == []


def is_out(author: Page, title: str) -> str:
    """Publish an article and open its form; return its address."""
    write(author, title, "Words for readers.")
    press(author, "Publish now")
    author.wait_for_url("**/articles/*")
    path = author.url
    author.goto(f"{path}/edit")
    return path


def test_words_survive_an_article_that_is_moved_meanwhile(author: Page, editor: Page) -> None:
    path = is_out(author, "It moves about")
    editor.goto(f"{path}/edit")
    editor.get_by_label("Address").fill("it-lives-elsewhere")
    press(editor, "Publish changes")
    editor.wait_for_url("**/articles/it-lives-elsewhere")
    author.get_by_label("Text", exact=True).fill("Words typed into the old address.")
    expect(author.locator("#saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d, for you alone$"))
    press(author, "Save draft")
    warning = "Somebody else saved this article while you were writing"
    expect(author.get_by_role("heading", name=warning)).to_be_visible()
    assert text_of(author) == "Words typed into the old address."
    author.get_by_label("Address").fill("it-lives-elsewhere")
    press(author, "Save mine over theirs")
    author.wait_for_url("**/articles/it-lives-elsewhere/edit")
    assert text_of(author) == "Words typed into the old address."
    author.goto(f"{path}/revisions")
    author.wait_for_url("**/articles/it-lives-elsewhere/revisions")


def test_words_survive_an_article_that_is_binned_meanwhile(author: Page, editor: Page) -> None:
    path = is_out(author, "It is thrown away")
    editor.goto(f"{path}/edit")
    press(editor, "Move to the bin")
    editor.wait_for_url("**/desk")
    author.get_by_label("Text", exact=True).fill("Words typed beside the bin.")
    expect(author.locator("#saved")).to_have_text(re.compile("^Saved"))
    press(author, "Save draft")
    warning = "Somebody moved this article to the bin while you were writing"
    expect(author.get_by_role("heading", name=warning)).to_be_visible()
    assert text_of(author) == "Words typed beside the bin."
    picture(author, "10-binned-meanwhile")
    press(author, "Save as a new draft of mine")
    author.wait_for_url(re.compile(r"/articles/it-is-thrown-away-\d+/edit"))
    assert text_of(author) == "Words typed beside the bin."


def test_what_is_kept_says_so_when_it_cannot_be(late: Page) -> None:
    write(late, "Written on a train", "Words")
    expect(late.locator("#saved")).to_have_text(re.compile("Saved"))
    late.context.set_offline(True)
    late.get_by_label("Text", exact=True).fill("Words in a tunnel")
    expect(late.locator("#saved")).to_have_text(re.compile("no connection"))
    late.context.set_offline(False)
    expect(late.locator("#saved")).to_have_text(re.compile("Saved"))
    late.context.clear_cookies()
    late.get_by_label("Text", exact=True).fill("Words after the tunnel")
    expect(late.locator("#saved")).to_have_text(re.compile("you are signed out"))
    expect(late.locator("#saved").get_by_role("link")).to_be_visible()


def test_leaving_is_asked_about_only_while_words_are_not_saved(late: Page) -> None:
    asked: list[str] = []

    def accept(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    late.on("dialog", accept)
    late.goto("/create_article")
    late.goto("/desk")
    assert asked == []
    late.goto("/create_article")
    late.get_by_label("Title", exact=True).click()
    late.keyboard.type("Half")
    late.goto("/desk")
    assert asked == ["beforeunload"]
    late.goto("/create_article")
    late.get_by_label("Title", exact=True).fill("A whole one")
    late.get_by_label("Text", exact=True).fill("Words.")
    late.keyboard.press("Control+s")
    late.wait_for_url("**/articles/a-whole-one/edit")
    assert asked == ["beforeunload"]


def test_everything_works_without_javascript(browser: Browser, newsroom: RunningSite) -> None:
    with window(browser, newsroom, java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, "night-desk")
        page.goto("/create_article")
        page.get_by_label("Title", exact=True).fill("By hand")
        page.get_by_label("Language").fill("not a language!")
        page.get_by_label("Text", exact=True).fill("Plain words.")
        press(page, "Publish now")
        page.get_by_role("alert").get_by_role("link", name=re.compile("Language")).click()
        expect(page.get_by_label("Language")).to_have_value("not a language!")
        assert text_of(page) == "Plain words."
        page.get_by_label("Language").fill("en")
        press(page, "Preview")
        expect(page.locator("#preview .prose")).to_have_text("Plain words.")
        press(page, "Publish now")
        page.wait_for_url("**/articles/by-hand")
        page.goto("/articles/by-hand/edit")
        page.get_by_label("Text", exact=True).fill("Plainer words.")
        press(page, "Unpublish")
        expect(page.get_by_role("heading", name="Words that were not saved")).to_be_visible()
        press(page, "Throw them away")
        expect(page.get_by_role("heading", name="Words that were not saved")).to_be_hidden()


LONG_TITLE = "A headline of a hundred characters and more, which whoever writes it sees whole and not in forty signs"
MANY_TAGS = ", ".join(f"Subject number {number}" for number in range(1, 31))
HIDDEN = "field => Math.max(field.scrollHeight - field.clientHeight, field.scrollWidth - field.clientWidth)"


@pytest.mark.parametrize("knows", [True, False], ids=["by-style", "by-script"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_titles_and_many_tags_are_seen_whole(
    browser: Browser, newsroom: RunningSite, size: tuple[int, int], scheme: str, knows: bool
) -> None:
    name = f"long{size[0]}{scheme}{knows}".lower()
    with newsroom.app.app_context():
        make_user(name, "author")
    with window(browser, newsroom, size, scheme) as context:
        page = context.new_page()
        if not knows:
            # A browser that takes `field-sizing` for a slip of the pen.
            page.add_init_script("CSS.supports = () => false")
            page.route("**/site.css*", forget_field_sizing)
        sign_in(page, name)
        page.goto("/create_article")
        low = page.get_by_label("Title", exact=True).evaluate("field => field.offsetHeight")
        page.get_by_label("Title", exact=True).fill(LONG_TITLE)
        page.get_by_label("Tags").fill(MANY_TAGS)
        for label in ("Title", "Tags"):
            assert page.get_by_label(label, exact=label == "Title").evaluate(HIDDEN) <= 1, label
        assert page.get_by_label("Title", exact=True).evaluate("field => field.offsetHeight") > low
        if knows:
            picture(page, f"long-{size[0]}-{scheme}")
        page.get_by_label("Title", exact=True).fill("Short")
        assert page.get_by_label("Title", exact=True).evaluate("field => field.offsetHeight") == low


def forget_field_sizing(route: Route) -> None:
    answer = route.fetch()
    assert "field-sizing" in answer.text()
    route.fulfill(response=answer, body=answer.text().replace("field-sizing", "field-sighing"))


LOOKS: dict[str, str] = {
    "create": "/create_article",
    "edit": "/articles/look-at-the-keys/edit",
    "revisions": "/articles/{slug}/revisions",
    "revision": "/articles/{slug}/revisions/1",
    "difference": "/articles/{slug}/revisions/difference?from=1&to=2",
    "day": "/desk",
    "list": "/desk?state=all",
    "none": "/desk?q=nothing-like-this",
    "profile": "/articles_by/day-desk/edit",
}


@pytest.fixture(params=[(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark")], ids=str)
def signed_in_window(
    request: pytest.FixtureRequest, browser: Browser, newsroom: RunningSite
) -> Iterator[tuple[Page, str]]:
    size, scheme = request.param
    with window(browser, newsroom, size, scheme) as context:
        page = context.new_page()
        sign_in(page, "day-desk")
        yield page, f"{size[0]}-{scheme}"


def test_every_page_of_the_staff_fits_its_window_and_is_open_to_everybody(
    signed_in_window: tuple[Page, str], look_at: Callable[[Page, Path], None]
) -> None:
    page, name = signed_in_window
    slug = f"a-look-{name}"
    write(page, f"A look {name}", FIRST)
    press(page, "Save draft")
    page.wait_for_url(f"**/articles/{slug}/edit")
    page.get_by_label("Text", exact=True).fill(QUICKER)
    press(page, "Save draft")
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    for title, path in LOOKS.items():
        answer = page.goto(path.format(slug=slug))
        assert answer is not None
        assert answer.status == 200, path
        look_at(page, PICTURES / f"staff-{title}-{name}.png")
    # What is wrong, and what two people wrote.
    page.goto("/create_article")
    press(page, "Publish now")
    expect(page.locator("#problems")).to_be_visible()
    look_at(page, PICTURES / f"staff-wrong-{name}.png")
    # What it will be, and what was typed and not saved.
    page.goto(f"/articles/{slug}/edit")
    page.get_by_label("Standfirst").fill("A sentence that stands under the headline.")
    press(page, "Preview")
    expect(page.locator("#preview")).to_be_visible()
    look_at(page, PICTURES / f"staff-preview-{name}.png")
    expect(page.locator("#saved")).to_have_text(re.compile("Saved"))
    leave(page, f"/articles/{slug}/edit")
    look_at(page, PICTURES / f"staff-offer-{name}.png")
    press(page, "Throw them away")
    expect(page.get_by_role("button", name="Throw them away")).to_be_hidden()
    page.locator("[name=version]").evaluate("field => field.value = '1'")
    page.get_by_label("Text", exact=True).fill(KINDER)
    press(page, "Save changes" if page.get_by_role("button", name="Save changes").count() else "Save draft")
    expect(page.get_by_role("heading", name="The difference")).to_be_visible()
    look_at(page, PICTURES / f"staff-conflict-{name}.png")


@pytest.fixture
def look_at() -> Callable[[Page, Path], None]:
    axe = Axe()

    def look(page: Page, path: Path) -> None:
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{page.url} is {too_wide} px too wide"
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=path, full_page=True)
        found = axe.run(page)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"

    return look
