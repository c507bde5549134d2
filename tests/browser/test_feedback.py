"""Feedback in a real browser: from a reader’s first word to the editor’s tick, and with an accessibility checker."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from application.data.operations.audit import record
from application.data.operations.feedback import add_feedback
from application.data.records import Actor
from tests.controller.people import PASSWORD, make_user
from tests.site import RunningSite


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_message_reaches_the_editors(browser: Browser, site: RunningSite, script: bool) -> None:
    name = f"Reader {'with' if script else 'without'} script"
    with browser.new_context(base_url=site.url, java_script_enabled=script) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Feedback").click()
        page.get_by_label("Your name").fill(name)
        page.get_by_label("E-mail address").fill("reader at example.com")
        page.get_by_label("Message").fill("The second line.")
        page.get_by_role("button", name="Send it to the editors").click()
        expect(page.get_by_role("alert")).to_contain_text("This is not an e-mail address")
        expect(page.get_by_label("Message")).to_have_value("The second line.")
        page.get_by_label("E-mail address").fill("reader@example.com")
        page.get_by_role("button", name="Send it to the editors").click()
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    editor = f"editor-{script}".lower()
    with site.app.app_context():
        make_user(editor, "editor")
    with browser.new_context(base_url=site.url, java_script_enabled=script) as context:
        page = sign_in(context, editor)
        page.goto("/desk/feedback")
        message = page.get_by_role("article", name=name)
        expect(message).to_contain_text("The second line.")
        message.get_by_role("button", name="Mark as done").click()
        expect(page.get_by_role("article", name=name)).to_contain_text(f"done by {editor}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing(browser: Browser, site: RunningSite, scheme: str) -> None:
    with site.app.app_context():
        administrator = f"administrator-{scheme}"
        make_user(administrator, "administrator")
        add_feedback("A reader", "reader@example.com", "Hello\n\nthere")
        record("tried", "thing", Actor(None, "ada"), version=1)
    with browser.new_context(base_url=site.url, color_scheme=scheme) as context:
        page = sign_in(context, administrator)
        for path in ("/feedback", "/feedback/thanks", "/desk/feedback", "/desk/log"):
            page.goto(path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        page.goto("/feedback")
        page.get_by_role("button", name="Send it to the editors").click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def sign_in(context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("E-mail address or user name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page
