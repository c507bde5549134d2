"""The second step in a real browser: switched on, asked for, lost and found again."""

import re

from passlib.totp import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_the_loop import sign_in
from tests.controller.people import PASSWORD, make_user
from tests.site import RunningSite


def give_password(page: Page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/login/code"))


def send_code(page: Page, label: str, code: str, button: str = "Sign in") -> None:
    page.get_by_label(label).fill(code)
    page.get_by_role("button", name=button).click()


def test_an_editor_switches_the_second_step_on_and_comes_in_by_either_code(
    page: Page, browser: Browser, site: RunningSite
) -> None:
    with site.app.app_context():
        make_user("second-step", "editor")
    sign_in(page, "second-step")
    page.goto("/account/second_factor")
    page.get_by_role("button", name="Go on with an authenticator").click()
    totp = TOTP(key=page.locator("figcaption code").inner_text())
    send_code(page, "The six digits", totp.generate(totp.now() - 30).token, "Switch the second step on")
    page.wait_for_url("**/account")
    page.goto("/account/recovery_codes")
    page.get_by_role("button", name="Make new codes").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    with browser.new_context(base_url=site.url) as elsewhere:
        there = elsewhere.new_page()
        give_password(there, "second-step")
        send_code(there, "The six digits", "000000")
        expect(there.get_by_role("alert")).to_contain_text("This code is not right")
        send_code(there, "The six digits", totp.generate().token)
        there.wait_for_url(f"{site.url}/")
        there.goto("/account")
        expect(there.get_by_role("heading", level=1)).to_be_visible()
        expect(there.locator("#account")).to_have_text("second-step")
    with browser.new_context(base_url=site.url) as elsewhere:
        there = elsewhere.new_page()
        give_password(there, "second-step")
        there.get_by_role("link", name="Use a recovery code instead").click()
        send_code(there, "Recovery code", codes[0])
        there.wait_for_url(f"{site.url}/")
        there.goto("/account")
        expect(there.locator("main")).to_contain_text("9 recovery codes left")
        # A link cannot sign them out again.
        there.goto("/login/code")
        expect(there).to_have_url(f"{site.url}/account")
