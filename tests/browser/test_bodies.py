"""Far too much text from a real browser: it gets the answer, and not a line that was cut while it was sending."""

from playwright.sync_api import Page

from application.config import MAX_TEXT_BYTES
from tests.site import RunningSite

# Not typed into the form: to lay so much text out keeps a browser busy for a minute.
SEND = """async length => {
    const body = new FormData();
    body.append("message", "many words ".repeat(length / 11));
    const answer = await fetch("/feedback", { method: "POST", body });
    return [answer.status, await answer.text()];
}"""


def test_a_browser_that_sends_too_much_is_told(page: Page, site: RunningSite) -> None:
    page.goto("/feedback")
    status, text = page.evaluate(SEND, 2 * MAX_TEXT_BYTES)
    assert status == 413
    assert "Go back in your browser" in text
