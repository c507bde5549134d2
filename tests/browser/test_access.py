"""Every page there is, by the accessibility checker: light and dark, on a phone and on a desk, and no line too wide.

Which pages there are is read from the routes, so that a new one cannot be forgotten.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from flask import current_app
from flask_security.recoverable import generate_reset_password_token
from passlib.totp import TOTP
from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from application.data.models import AuditEntry, User
from application.data.operations import articles, feedback, people
from application.data.operations import bin as the_bin
from application.data.records import Actor
from application.data.types import utc_now
from application.extensions import cache, db
from application.jobs import long_jobs
from application.jobs.connecting import connect
from application.jobs.failures import Failures
from application.jobs.overview import failures
from application.jobs.presence import Presence, Running, Worker
from tests.articles import edit, save, write
from tests.browser.test_the_loop import sign_in
from tests.conftest import copy_of
from tests.controller.people import PASSWORD, make_user
from tests.own_redis import own_redis
from tests.site import RunningSite, running_site

NARROWEST, PHONE, DESKTOP = (320, 640), (390, 844), (1280, 900)
# Only rules that are experiments look into the style sheets, which would be fetched again for them.
ALL_RULES = {"resultTypes": ["violations"], "preload": False}
# Of axe's rules this one alone looks at colours, which are all that another scheme changes.
CONTRAST = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# What was found to be right is not carried out of the browser: there is much of it.
CHECK = "async rules => (await axe.run(document, rules)).violations"

STRANGER, READER, AUTHOR, EDITOR, ADMINISTRATOR = "", "rita", "ada", "edith", "root"
ROLES = {READER: "reader", AUTHOR: "author", EDITOR: "editor", ADMINISTRATOR: "administrator"}
HALF_WAY = "half-way"
"""Has given the password, and is asked for a code."""


class Stop(NamedTuple):
    """Where to look at a page, and as whom."""

    who: str
    address: str
    status: int = 200


PAGES: dict[str, tuple[Stop, ...]] = {
    "/": (Stop(STRANGER, "/"),),
    "/about": (Stop(STRANGER, "/about"),),
    "/account": (Stop(READER, "/account"), Stop(ADMINISTRATOR, "/account")),
    "/account/address": (Stop(READER, "/account/address"),),
    "/account/delete": (Stop(READER, "/account/delete"), Stop(AUTHOR, "/account/delete")),
    "/account/password": (Stop(READER, "/account/password"),),
    "/account/recovery_codes": (Stop(EDITOR, "/account/recovery_codes"),),
    "/account/second_factor": (Stop(EDITOR, "/account/second_factor"),),
    "/article_like/<int:article_id>": (Stop(STRANGER, "/article_like/1"),),
    "/articles/<slug>": (Stop(STRANGER, "/articles/walking"), Stop(STRANGER, "/articles/nowhere", 404)),
    "/articles/<slug>/edit": (
        Stop(AUTHOR, "/articles/walking/edit"),
        Stop(READER, "/articles/walking/edit", 403),
        Stop(EDITOR, "/articles/scheduled/edit"),
        Stop(EDITOR, "/articles/binned/edit"),
    ),
    "/articles/<slug>/revisions": (Stop(AUTHOR, "/articles/walking/revisions"),),
    "/articles/<slug>/revisions/<int:number>": (Stop(AUTHOR, "/articles/walking/revisions/1"),),
    "/articles/<slug>/revisions/difference": (Stop(AUTHOR, "/articles/walking/revisions/difference?from=1&to=2"),),
    "/articles_by/<user_name>": (Stop(STRANGER, "/articles_by/ada"), Stop(STRANGER, "/articles_by/edith")),
    "/articles_by/<user_name>/edit": (Stop(AUTHOR, "/articles_by/ada/edit"),),
    "/confirm_address": (Stop(STRANGER, "/confirm_address"),),
    "/console/cache": (Stop(ADMINISTRATOR, "/console/cache"),),
    "/console/cache/forget": (
        Stop(ADMINISTRATOR, "/console/cache/forget?what=everything"),
        Stop(ADMINISTRATOR, "/console/cache/forget?tag=articles/latest&tag=nothing"),
    ),
    "/console/cache/key": (
        Stop(ADMINISTRATOR, "/console/cache/key?name=kept"),
        Stop(ADMINISTRATOR, "/console/cache/key?name=nothing", 404),
        Stop(ADMINISTRATOR, "/console/cache/key"),
    ),
    "/console/cache/keys": (
        Stop(ADMINISTRATOR, "/console/cache/keys"),
        Stop(ADMINISTRATOR, "/console/cache/keys?filter=nothing"),
    ),
    "/console/cache/purges": (Stop(ADMINISTRATOR, "/console/cache/purges"),),
    "/console/experiment": (Stop(ADMINISTRATOR, "/console/experiment"),),
    "/console/database": (
        Stop(ADMINISTRATOR, "/console/database"),
        Stop(ADMINISTRATOR, "/console/database?window=day&order=total"),
        Stop(EDITOR, "/console/database", 403),
    ),
    "/console/database/<statement>": (Stop(ADMINISTRATOR, "/console/database/made-up", 404),),
    "/console/explain": (Stop(ADMINISTRATOR, "/console/explain?url=/&as=ada"),),
    "/console/jobs": (
        Stop(ADMINISTRATOR, "/console/jobs"),
        Stop(EDITOR, "/console/jobs", 403),
    ),
    "/console/live": (
        Stop(ADMINISTRATOR, "/console/live"),
        Stop(EDITOR, "/console/live", 403),
    ),
    "/console/jobs/cancel": (
        Stop(ADMINISTRATOR, "/console/jobs/cancel?run={run}"),
        Stop(ADMINISTRATOR, "/console/jobs/cancel?run=unknown", 404),
    ),
    "/console/jobs/failure": (
        Stop(ADMINISTRATOR, "/console/jobs/failure?key={failure}"),
        Stop(ADMINISTRATOR, "/console/jobs/failure", 400),
    ),
    "/console/jobs/start": (
        Stop(ADMINISTRATOR, "/console/jobs/start?job=rebuild-pages"),
        Stop(ADMINISTRATOR, "/console/jobs/start", 400),
    ),
    "/console/performance": (
        Stop(ADMINISTRATOR, "/console/performance"),
        Stop(ADMINISTRATOR, "/console/performance?window=day"),
        Stop(EDITOR, "/console/performance", 403),
    ),
    "/create_article": (Stop(AUTHOR, "/create_article"),),
    "/desk": (
        Stop(AUTHOR, "/desk"),
        Stop(EDITOR, "/desk"),
        Stop(EDITOR, "/desk?state=all"),
        Stop(EDITOR, "/desk?state=binned"),
        Stop(AUTHOR, "/desk?q=nothing"),
    ),
    "/desk/feedback": (Stop(EDITOR, "/desk/feedback"),),
    "/desk/feedback/<int:feedback_id>/delete": (Stop(EDITOR, "/desk/feedback/1/delete"),),
    "/desk/log": (Stop(ADMINISTRATOR, "/desk/log"), Stop(EDITOR, "/desk/log", 403)),
    "/feedback": (Stop(STRANGER, "/feedback"),),
    "/feedback/thanks": (Stop(STRANGER, "/feedback/thanks"),),
    "/forgotten_password": (Stop(STRANGER, "/forgotten_password"),),
    "/forgotten_password/<token>": (Stop(STRANGER, "/forgotten_password/{reset}"),),
    "/login": (Stop(STRANGER, "/login?next=/account"),),
    "/login/code": (Stop(HALF_WAY, "/login/code"),),
    "/login/recovery_code": (Stop(HALF_WAY, "/login/recovery_code"),),
    "/privacy": (Stop(STRANGER, "/privacy"),),
    "/register": (Stop(STRANGER, "/register"),),
    "/tags/<tag>": (Stop(STRANGER, "/tags/walking"),),
    "/verify": (Stop(EDITOR, "/verify"),),
}
"""By route: where its pages are."""

LEADS_ON = {
    "/account/address/<token>": "/account/address/made-up",
    "/confirm_address/<token>": "/confirm_address/made-up",
    "/console": "/console",
    "/desk/my_page": "/desk/my_page",
    "/show_updates": "/show_updates",
    "/start_long_running_job": "/start_long_running_job",
    "/test_send_message": "/test_send_message",
    "/login/method": "/login/method",
    "/login/rescue": "/login/rescue",
}
METRICS_TOKEN = "0123456789abcdef"
OPERATORS = ("/console", "/show_updates", "/start_long_running_job", "/test_send_message")
FOR_PROGRAMS = {
    "/account/data": "/account/data",
    "/api/article_likes": "/api/article_likes",
    "/api/article_likes/<int:article_id>": "/api/article_likes/1",
    "/api/test": "/api/test",
    "/console/ticks": "/console/ticks",
    "/favicon.ico": "/favicon.ico",
    "/hello": "/hello",
    "/me": "/me",
    "/metrics": "/metrics",
    "/robots.txt": "/robots.txt",
    "/static/<path:filename>": "/static/site.css",
    "/stream": "/stream",
}

FORMS: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    STRANGER: (
        ("/login", "Sign in", {}),
        ("/register", "Open the account", {}),
        ("/forgotten_password", "Send the letter", {}),
        ("/confirm_address", "Send the letter", {}),
        ("/feedback", "Send it to the editors", {}),
    ),
    READER: (
        ("/account/password", "Change the password", {}),
        ("/account/address", "Send the letter", {}),
        ("/account/delete", "Delete the account for good", {}),
    ),
    AUTHOR: (
        ("/create_article", "Publish now", {}),
        ("/articles/walking/edit", "Preview", {}),
        ("/articles_by/ada/edit", "Save for readers to see", {"Name": ""}),
    ),
    EDITOR: (
        ("/desk?state=all", "Publish now", {}),
        ("/account/recovery_codes", "Make new codes", {}),
    ),
    ADMINISTRATOR: (
        ("/console/cache/forget?what=everything", "Forget it", {}),
        ("/console/experiment", "Begin", {}),
        ("/console/jobs/start?job=recount-likes", "Start it", {"Why": ""}),
        ("/console/jobs/start?job=recount-likes", "Start it", {"Why": "To be sure"}),
        ("/console/live", "Send a test message", {}),
    ),
}
"""By person: the forms that they send as they stand, but for what is typed, and by which button."""


class Tour:
    """A browser with a window for everybody, and what the checker said of the pages that were looked at."""

    def __init__(self, browser: Browser, site: RunningSite, stack: ExitStack) -> None:
        self.browser = browser
        self.site = site
        self.stack = stack
        self.complaints: list[str] = []
        self.windows: dict[str, Page] = {}

    def window(self, who: str) -> Page:
        """Return the window in which this person is signed in."""
        if who not in self.windows:
            self.windows[who] = page = self.new_window()
            if who:
                sign_in(page, who)
        return self.windows[who]

    def new_window(self) -> Page:
        """Open a window of somebody who was never here."""
        context = self.stack.enter_context(self.browser.new_context(base_url=self.site.url))
        context.set_default_timeout(10_000)
        return context.new_page()

    def go(self, stop: Stop) -> Page:
        """Go to a page and look at it."""
        page = self.window(stop.who)
        answer = page.goto(stop.address)
        assert answer is not None
        assert answer.status == stop.status, f"{stop.address}: {answer.status}"
        assert answer.headers["content-type"].startswith("text/html"), stop.address
        assert not answer.request.redirected_from, f"{stop.address} leads to {page.url}"
        self.look(page, f"{stop.who} {stop.address}")
        return page

    def look(self, page: Page, name: str) -> None:
        """Note what is wrong with a page as it stands."""
        page.evaluate(AXE_SCRIPT)
        for size in (PHONE, DESKTOP):
            width, height = size
            page.set_viewport_size({"width": width, "height": height})
            for scheme, rules in (("light", ALL_RULES), ("dark", CONTRAST)):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                found = page.evaluate(CHECK, rules)
                if found:
                    report = AxeResults({"violations": found}).generate_report()
                    self.complaints.append(f"{name}, {width} px, {scheme}: {report}")
        width, height = NARROWEST
        page.set_viewport_size({"width": width, "height": height})
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if too_wide > 0:
            self.complaints.append(f"{name} is {too_wide} px wider than {width} px")
        # Buttons are pressed where everything fits beside them.
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})

    def send(self, who: str, address: str, button: str, **typed: str) -> None:
        """Send a form as it stands, but for what is typed, and look at the answer."""
        page = self.window(who)
        page.goto(address)
        for label, value in typed.items():
            page.get_by_label(label, exact=True).fill(value)
        self.press(page, button, f"{who} {address}, sent")

    def press(self, page: Page, button: str, name: str) -> None:
        """Press a button and look at the page to which it leads."""
        page.get_by_role("button", name=button, exact=True).first.click()
        page.wait_for_load_state()
        self.look(page, name)


@pytest.fixture(scope="module")
def house(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site with mail, where there is one of everything."""
    logs = tmp_path_factory.mktemp("house")
    # As for strangers: in the tests' own environment an error of ours would not become a page.
    more = {
        "ENV": "stage",
        "SECRET_KEY": "of a site that is walked through",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": "9",
        "METRICS_TOKEN": METRICS_TOKEN,
    }
    more["MAIL_SENDER"] = "site@example.com"
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs, jobs=False, **more) as site,
    ):
        with site.app.app_context():
            furnish()
        yield site


def furnish() -> None:
    ids = {name: make_user(name, role) for name, role in {**ROLES, HALF_WAY: "editor"}.items()}
    db.session.execute(update(User).values(confirmed_at=utc_now()))
    db.session.commit()
    for name in (AUTHOR, EDITOR):
        people.ensure_profile(ids[name])
    by = Actor(None, EDITOR)
    words = (
        "## A part\n\nSome *text* with `code` and [a link](https://example.com/).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    write("Walking", words, standfirst="Slowly.", tags=("walking",))
    edit("walking", content=f"{words}\n\n```\n{'x' * 200}\n```\n\n{'word' * 60}")
    save("walking", title="Walking, and running")
    scheduled = write("Scheduled", words, publish=False)
    articles.publish_article(scheduled.slug, scheduled.version, by, utc_now().replace(year=utc_now().year + 1))
    the_bin.bin_article(write("Binned", words).slug, by)
    for number in range(2):
        message = feedback.add_feedback("A reader" * (1 + number), "reader@example.com", "Hello\n\nthere" + "o" * 300)
    feedback.mark_done(message, by)
    operate()
    # As its sender's deleted account leaves it.
    feedback.add_feedback("deleted account", "", "Goodbye")
    cache.set("kept", {"long": "word" * 500}, timeout=0)


def operate() -> None:
    """Have a worker at a long job, jobs that wait and one that failed."""
    redis = connect(current_app.config["SETTINGS"].broker_url)
    run = long_jobs.start(long_jobs.KINDS["rebuild-pages"], Actor(None, ADMINISTRATOR), "The templates are new")
    # It has said so for as long as this test may take.
    soon = time.time() + 600
    Presence(redis).show(Worker("celery@here", 4711, 2, soon, soon))
    Presence(redis).begin(Running("0" * 36, "go_on", f'["{run.id}",0]', "celery@here", 4712, soon))
    try:
        int("x" * 300)
    except ValueError as error:
        Failures(redis).note("failed", ("calculate_aggregate_likes", "0" * 36, [1]), error, "celery@here")


@pytest.fixture
def tour(browser: Browser, house: RunningSite) -> Iterator[Tour]:
    with ExitStack() as stack:
        yield Tour(browser, house, stack)


def test_no_page_is_forgotten(house: RunningSite) -> None:
    routes = {str(rule) for rule in house.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert routes == {*PAGES, *LEADS_ON, *FOR_PROGRAMS}, "say in this test where the page is, or that it is none"


def test_what_is_no_page_shows_none(tour: Tour) -> None:
    for address in LEADS_ON.values():
        request = tour.window(ADMINISTRATOR if address.startswith(OPERATORS) else EDITOR).context.request
        assert request.get(address, max_redirects=0).status in {302, 303}, address
    for address in FOR_PROGRAMS.values():
        # A stream goes on for ever; its head says the same.
        request = tour.window(ADMINISTRATOR if address.startswith("/console") else EDITOR).context.request
        answer = request.fetch(address, method="HEAD", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        assert answer.ok, address
        assert not answer.headers["content-type"].startswith("text/html"), address


def of_the_console(stop: Stop) -> bool:
    """Tell whether a page is one of the many that only an operator sees; they are a tour of their own."""
    return stop.who == ADMINISTRATOR and stop.address.startswith("/console")


@pytest.mark.parametrize("who", [STRANGER, *ROLES, HALF_WAY], ids=lambda who: who or "a stranger")
def test_every_page_is_for_everybody(tour: Tour, who: str) -> None:
    with tour.site.app.test_request_context():
        reader = db.session.scalar(select(User).where(User.username == READER))
        reset = generate_reset_password_token(reader)
    if who == HALF_WAY:
        switch_on_a_second_step(tour)
    for stop in (stop for stops in PAGES.values() for stop in stops if stop.who == who and not of_the_console(stop)):
        tour.go(stop._replace(address=stop.address.format(reset=reset)))
    assert not tour.complaints, "\n\n".join(tour.complaints)


@pytest.mark.parametrize("address", [address for address in PAGES if address.startswith("/console")])
def test_every_page_of_the_console_is_for_everybody(tour: Tour, address: str) -> None:
    with tour.site.app.app_context():
        names = {"run": long_jobs.runs().latest()[-1].id, "failure": failures().latest()[0].key}
    for stop in filter(of_the_console, PAGES[address]):
        tour.go(stop._replace(address=stop.address.format(**names)))
    assert not tour.complaints, "\n\n".join(tour.complaints)


@pytest.mark.parametrize("who", FORMS, ids=lambda who: who or "a stranger")
def test_every_answer_to_a_form_is_for_everybody(tour: Tour, who: str) -> None:
    for address, button, typed in FORMS[who]:
        tour.send(who, address, button, **typed)
    assert not tour.complaints, "\n\n".join(tour.complaints)


def test_an_explained_page_is_for_everybody(tour: Tour) -> None:
    page = tour.window(ADMINISTRATOR)
    page.goto("/console/explain?url=/articles/walking")
    # Another process makes the page, which takes seconds.
    page.get_by_role("button", name="Look", exact=True).click(timeout=60_000)
    page.get_by_role("heading", name="What is sent").wait_for()
    tour.look(page, "an explained page")
    page.goto("/console/explain")
    page.get_by_label("Address").fill("--help")
    page.get_by_role("button", name="Look", exact=True).click(timeout=60_000)
    page.get_by_text("This could not be explained").wait_for()
    tour.look(page, "a page that could not be explained")
    assert not tour.complaints, "\n\n".join(tour.complaints)


def test_a_statement_and_its_plan_are_for_everybody(tour: Tour) -> None:
    page = tour.window(ADMINISTRATOR)
    page.goto("/desk")
    page.goto("/console/database?order=calls")
    # What was measured is told once a second, and shown by itself.
    page.get_by_role("link", name="FROM users").first.click(timeout=30_000)
    page.get_by_role("heading", name="Its plan").wait_for()
    tour.look(page, "a statement")
    assert not tour.complaints, "\n\n".join(tour.complaints)


def test_words_that_meet_an_obstacle_are_shown_to_everybody(tour: Tour) -> None:
    page = tour.window(AUTHOR)
    page.goto("/articles/walking/edit")
    with tour.site.app.app_context():
        save("walking", content="Theirs.")
    page.get_by_label("Text", exact=True).fill("Mine.")
    tour.press(page, "Save draft", "a conflict")
    page.get_by_role("heading", name="Somebody else saved this article").wait_for()
    page.context.clear_cookies()
    tour.press(page, "Save draft", "a form of somebody who is signed out")
    page.get_by_role("heading", name="Sign in, and press the button again").wait_for()
    assert not tour.complaints, "\n\n".join(tour.complaints)


def test_every_error_is_for_everybody(tour: Tour) -> None:
    tour.go(Stop(STRANGER, "/nowhere", 404))
    tour.go(Stop(STRANGER, "/?before=nonsense", 400))
    tour.go(Stop(STRANGER, "/logout", 405))
    tour.go(Stop(READER, "/desk", 403))
    with tour.site.app.app_context():
        AuditEntry.__table__.drop(db.engine)
        try:
            tour.go(Stop(ADMINISTRATOR, "/desk/log", 500))
        finally:
            AuditEntry.__table__.create(db.engine)
    assert not tour.complaints, "\n\n".join(tour.complaints)


def switch_on_a_second_step(tour: Tour) -> None:
    """Let somebody switch it on in one window, and come half the way in in another."""
    page = tour.new_window()
    sign_in(page, HALF_WAY)
    page.goto("/account/second_factor")
    tour.press(page, "Go on with an authenticator", "the picture for the authenticator")
    key = page.locator("figcaption code").inner_text()
    totp = TOTP(key=key)
    page.get_by_label("The six digits").fill(str(totp.generate().token))
    page.get_by_role("button", name="Switch the second step on").click()
    page.wait_for_url("**/account")
    tour.look(page, "an account with a second step")
    tour.windows[HALF_WAY] = page = tour.new_window()
    page.goto("/login")
    page.get_by_label("E-mail").fill(HALF_WAY)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/login/code"))
