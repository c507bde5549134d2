"""What a page costs a reader's browser, as Chromium's own log of the network and its own clock of the page tell it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

# Both observers look from the first byte on; what a busy page is about to report waits for two frames.
OBSERVE = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });
"""
SETTLE = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
BLOCKING = """
    performance.getEntriesByType("resource").filter((entry) => entry.renderBlockingStatus === "blocking")
        .map((entry) => entry.name)
"""
READ = frozenset({"Document", "Stylesheet", "Script"})


@dataclass
class Cost:
    """Every request with its type, the bytes that came for each (header lines too), what shifted, what blocked."""

    types: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    came: dict[str, int] = field(default_factory=dict)
    shifts: list[float] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)

    def bytes_of(self, *types: str) -> int:
        """Add up what came compressed, of these types."""
        return sum(size for request, size in self.came.items() if self.types[request] in types)


@contextmanager
def logged(page: Page) -> Iterator[Cost]:
    """Log what the page asks for until the block ends."""
    cost = Cost()
    session: CDPSession = page.context.new_cdp_session(page)

    def asked(event: dict[str, Any]) -> None:
        cost.types[event["requestId"]] = event["type"]
        cost.addresses[event["requestId"]] = event["request"]["url"]

    session.on("Network.requestWillBeSent", asked)
    session.on(
        "Network.loadingFinished", lambda event: cost.came.update({event["requestId"]: event["encodedDataLength"]})
    )
    session.send("Network.enable")
    yield cost
    session.detach()


def cost_of(browser: Browser, url: str, width: int) -> Cost:
    """Open a page as somebody who was never here, and wait until its script has done its part."""
    with browser.new_context(viewport={"width": width, "height": 844}) as context:
        # What is measured here are bytes and moves, not how long a busy machine takes for them.
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.add_init_script(OBSERVE)
        with logged(page) as cost:
            answer = page.goto(url, wait_until="load")
            assert answer is not None
            assert answer.status == 200, url
            page.wait_for_function("!document.getElementById('instrument').textContent.startsWith('made at')")
            page.evaluate(SETTLE)
            cost.shifts, cost.blocking = page.evaluate("window.shifts"), page.evaluate(BLOCKING)
    return cost
