"""The console in a real browser: it brings itself up to date. How it looks is in `test_access`."""

from playwright.sync_api import Page, expect

from application.data.data_access import get_user_id
from application.extensions import cache, live
from tests.browser.test_the_loop import sign_in
from tests.controller.people import make_user
from tests.site import RunningSite

OPERATOR = "olga"


def operate(page: Page, site: RunningSite) -> Page:
    """Sign an administrator in."""
    with site.app.app_context():
        if get_user_id(f"{OPERATOR}@example.com") is None:
            make_user(OPERATOR, "administrator")
    sign_in(page, OPERATOR)
    return page


def test_figures_come_without_reloading(page: Page, site: RunningSite) -> None:
    operate(page, site)
    page.goto("/console")
    expect(page.get_by_role("heading", name="Performance")).to_be_visible()
    page.evaluate("window.stayed = true")
    for _ in range(3):
        page.context.request.get("/robots.txt")
    expect(page.get_by_role("row", name="GET /robots.txt")).to_contain_text("3", timeout=20_000)
    expect(page.get_by_text("Up to date every 2 s")).to_be_visible()
    assert page.evaluate("window.stayed")


def test_a_key_counts_its_life_down_and_is_gone_once_it_is_forgotten(page: Page, site: RunningSite) -> None:
    page.context.request.get("/about")
    operate(page, site)
    page.goto("/console/cache/keys?filter=about")
    page.evaluate("window.stayed = true")
    row = page.get_by_role("row", name="view//about")
    life = row.get_by_role("cell").nth(0)
    expect(life).not_to_have_text(life.inner_text(), timeout=20_000)
    with site.app.app_context():
        cache.delete("view//about")
    expect(row).to_have_count(0, timeout=20_000)
    expect(page.get_by_text("No key matches “about”")).to_be_visible()
    assert page.evaluate("window.stayed")


def test_a_test_message_comes_back_to_the_page_that_sent_it(page: Page, site: RunningSite) -> None:
    operate(page, site)
    page.goto("/test_send_message")
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Send a test message").click()
    told = page.locator("#arrival")
    expect(told).to_contain_text("was back on this page", timeout=20_000)
    message = told.inner_text().split()[1]
    expect(page.get_by_role("row", name=f'{{"message":"{message}"}}')).to_be_visible(timeout=20_000)
    assert page.evaluate("window.stayed")
    # Another operator's, sent meanwhile, is not taken for one's own.
    with site.app.app_context():
        assert live.publish("test", {"message": "00000000"})
    page.get_by_role("button", name="Send a test message").click()
    expect(told).not_to_contain_text(message, timeout=20_000)
    expect(told).to_contain_text("was back on this page", timeout=20_000)
    expect(told).not_to_contain_text("00000000")


def test_an_operator_forgets_a_key_and_says_why(page: Page, site: RunningSite) -> None:
    page.context.request.get("/about")
    operate(page, site)
    page.goto("/console/cache")
    page.get_by_role("link", name="Keys", exact=True).click()
    page.get_by_label("A part of the name").fill("about")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="view//about").click()
    page.get_by_role("link", name="Forget this key …").click()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why.")
    page.get_by_label("Why").fill("It shows an old address.")
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("status")).to_contain_text("One key went.")
    expect(page.get_by_role("row", name="POST /console/cache/forget")).to_contain_text("key/view//about")
    page.goto("/desk/log")
    expect(page.get_by_text("why: It shows an old address.")).to_be_visible()
