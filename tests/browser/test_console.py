"""The console in a real browser: it brings itself up to date. How it looks is in `test_access`."""

from playwright.sync_api import Page, expect

from tests.browser.test_the_loop import sign_in
from tests.controller.people import make_user
from tests.site import RunningSite

OPERATOR = "olga"


def operate(page: Page, site: RunningSite) -> Page:
    """Sign an administrator in."""
    with site.app.app_context():
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
