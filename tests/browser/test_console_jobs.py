"""A long job in a real browser: started, watched without reloading, done by a real worker; and one that failed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_console import OPERATOR
from tests.browser.test_the_loop import sign_in
from tests.conftest import copy_of
from tests.controller.people import make_user
from tests.jobs.many import many_articles
from tests.servers import redis_server
from tests.site import RunningSite, running_site

ARTICLES = 600
PATIENCE = 90_000


@pytest.fixture(scope="module")
def site(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    logs: Path = tmp_path_factory.mktemp("jobs")
    with (
        redis_server() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs) as site,
    ):
        with site.app.app_context():
            make_user(OPERATOR, "administrator")
            many_articles(ARTICLES)
        yield site


@pytest.fixture
def page(browser: Browser, site: RunningSite) -> Iterator[Page]:
    with browser.new_context(base_url=site.url) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        sign_in(page, OPERATOR)
        yield page


def test_the_bar_of_a_long_job_moves_to_its_end_without_reloading(page: Page) -> None:
    page.goto("/start_long_running_job")
    expect(page.get_by_role("heading", name="Rebuild all pages?")).to_be_visible()
    page.get_by_label("Why").fill("The templates are new")
    page.get_by_role("button", name="Start it").click()
    expect(page.get_by_text("“Rebuild all pages” is started.")).to_be_visible()
    page.evaluate("window.stayed = true")
    bar = page.get_by_role("progressbar", name="Rebuild all pages").first
    expect(bar).to_have_attribute("value", re.compile(r"^[1-9]\d?$"), timeout=PATIENCE)
    expect(bar).to_have_attribute("value", "100", timeout=PATIENCE)
    expect(page.locator(".run-done").first).to_have_text("done")
    assert page.evaluate("window.stayed")
    page.goto("/desk/log")
    expect(page.get_by_text("start job").first).to_be_visible()
    expect(page.get_by_text("The templates are new").first).to_be_visible()


def test_a_long_job_is_cancelled_without_a_script(browser: Browser, site: RunningSite, page: Page) -> None:
    cookies = page.context.cookies()
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        context.add_cookies(cookies)  # type: ignore[arg-type]  # read as one type, taken as another
        plain = context.new_page()
        plain.goto("/console/jobs")
        plain.get_by_role("link", name="Rebuild all pages …").click()
        plain.get_by_label("Why").fill("By mistake")
        plain.get_by_role("button", name="Start it").click()
        plain.get_by_role("link", name="Cancel …").click()
        plain.get_by_label("Why").fill("It was a mistake")
        plain.get_by_role("button", name="Cancel it").click()
        expect(plain.get_by_text("It is cancelled; what it has done stays done.")).to_be_visible()
        expect(plain.locator(".run-cancelled").first).to_be_visible()
