"""A real browser on the real site. A browser that is missing is a failure in CI and a visible skip elsewhere."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import copy_of
from tests.servers import redis_server
from tests.site import RunningSite, running_site

# Root in a container cannot sandbox; the rest keeps the browser from calling its maker.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not path:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium, which CI must have")
        pytest.skip("there is no Chromium (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, site: RunningSite) -> Iterator[BrowserContext]:
    """A reader who comes for the first time."""
    with browser.new_context(base_url=site.url) as context:
        context.set_default_timeout(10_000)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that fails the test when it asks anybody else for anything."""
    page = context.new_page()
    page.on("console", lambda message: _complain(message.type, message.text))
    return page


@pytest.fixture(scope="session")
def site(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    logs: Path = tmp_path_factory.mktemp("site")
    with (
        redis_server() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs) as site,
    ):
        yield site


def _complain(kind: str, text: str) -> None:
    if kind == "error" and "Content Security Policy" in text:
        raise AssertionError(text)
