"""What is personal, and what is done in somebody's name. The numbers are rows of docs/security.md."""

import pytest

from tests.fronts import Front
from tests.security.conftest import assert_clean
from tests.site import eventually
from tests.visitor import Visitor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_21_a_page_is_the_same_for_strangers_and_for_who_is_signed_in(front: Front) -> None:
    reader = front.visitor()
    for first, second in ((reader.cookie, ""), ("", reader.cookie)):
        path = f"/articles/{front.article(content='Honest words.').slug}"
        pages = [front.ask(path, headers={"Cookie": cookie}) for cookie in (first, second, first)]
        assert len({page.body for page in pages}) == 1
        assert reader.name not in pages[0].text
        assert not any("Set-Cookie" in page.headers for page in pages)
        assert_clean(front, path)


def test_21_what_is_personal_is_told_to_its_owner_alone(front: Front) -> None:
    reader = front.visitor()
    for _ in range(2):
        mine = front.ask("/me", headers={"Cookie": reader.cookie})
        assert reader.name in mine.text
        assert mine["Cache-Control"] == "private, no-store"
        strangers = front.ask("/me")
        assert reader.name not in strangers.text
        assert strangers["Cache-Control"] == "private, no-store"


def test_21_a_flash_is_shown_to_its_owner_alone(front: Front, path: str) -> None:
    someone = Visitor(front.as_site, front.visitor().name)
    someone.post("/logout")
    for asked in (path, "/about", "/feedback"):
        mine, strangers = (front.ask(asked, headers={"Cookie": cookie}) for cookie in (someone.cookie, ""))
        assert mine.body == strangers.body


def test_23_pages_of_an_account_are_kept_by_nobody(front: Front) -> None:
    someone = Visitor(front.as_site, front.visitor().name)
    for path in ("/account", "/account/data", "/account/password", "/me", "/login"):
        assert "no-store" in someone.get(path).headers["Cache-Control"]
    assert someone.name in someone.get("/account").text
    assert someone.post("/logout").status == 302
    back = someone.get("/account")
    assert (back.status, someone.name in back.text) == (302, False)
    assert "no-store" in back.headers["Cache-Control"]


def test_24_two_visitors_send_the_same_stored_form(front: Front) -> None:
    forms = [front.ask("/feedback") for _ in range(2)]
    assert forms[0].body == forms[1].body
    assert "Set-Cookie" not in forms[0].headers
    own = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://127.0.0.1:{front.port}"}
    for name in ("one", "another"):
        body = f"name={name}&email={name}%40example.com&message=Good+morning&website=".encode()
        sent = front.ask("/feedback", "POST", FORM | own, body)
        assert (sent.status, sent["Location"]) == (303, "/feedback/thanks")


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "evil"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Authentication-Token": "x"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Authentication-Token": "x", "Cookie": "session=x"}, False),
    ],
)
def test_24_a_form_of_another_site_does_nothing(front: Front, headers: dict[str, str], *, passes: bool) -> None:
    answer = front.ask("/article_like/999999", "POST", headers)
    assert answer.status == (404 if passes else 403)
    assert "no-store" in answer.headers["Cache-Control"]


def test_25_a_session_from_before_signing_in_is_worth_nothing(front: Front) -> None:
    attacker = Visitor(front.as_site, front.visitor("author").name)
    attacker.post("/logout")
    planted = attacker.cookies["session"]
    victim = Visitor(front.as_site, front.visitor().name, session=planted)
    assert victim.cookies["session"] != planted
    assert victim.name in victim.get("/account").text
    for session in (planted, attacker.cookies["session"]):
        answer = front.ask("/account", headers={"Cookie": f"session={session}"})
        assert (answer.status, victim.name in answer.text) == (302, False)


def test_30_a_draft_is_its_writers_alone(front: Front) -> None:
    author = front.visitor("author")
    before = front.stored_names()
    secret = f"Secret {author.name}"
    saved = author.post("/create_article", title=secret, content="Not yet.")
    edit = str(saved.headers["Location"])
    slug = edit.split("/")[2]
    form = author.get(edit)
    preview = author.post(edit, **author.form_of(slug), content="Nearly.", do="preview")
    for private in (form, preview):
        assert secret in private.text
        assert private.headers["Cache-Control"] == "private, no-store"
    for path in (f"/articles/{slug}", edit, f"{edit}?x.css", f"/articles/{slug}/revisions"):
        assert secret not in front.ask(path).text
    assert secret not in front.ask("/").text
    assert not any(slug in key for key in front.stored_names() - before)


def test_30_what_is_taken_back_is_gone_from_every_tier(front: Front) -> None:
    author = front.visitor("author")
    slug = front.article(title="Taken back", content="Taken back.").slug
    path = f"/articles/{slug}"
    for _ in range(5):
        assert front.ask(path).status == 200
    taken = author.post(f"{path}/edit", **author.form_of(slug), content="Taken back.", do="unpublish")
    assert taken.status == 303
    assert author.get(path).status == 404
    if front.nginx:
        # The rest of the second in which it was asked for.
        eventually(lambda: front.ask(path).status == 404, 2)
    for _ in range(12):
        assert front.ask(path).status == 404
        assert f'"{path}"' not in front.ask("/").text
    with front.stored() as client:
        assert not list(client.scan_iter(f"*{path}*"))


@pytest.mark.parametrize("method", ["PURGE", "BAN", "REFRESH", "TRACE", "CONNECT", "PROPFIND"])
def test_32_a_stranger_purges_nothing(front: Front, path: str, method: str) -> None:
    front.ask(path)
    before = front.stored_names()
    answer = front.ask(path, method)
    assert answer.status in {400, 403, 405, 501}
    assert before <= front.stored_names()
    assert_clean(front, path)


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/cache", "/debug", "/admin", "/server-status", "/nginx_status", "/.env", "/.git/config"],
)
def test_32_there_are_no_doors_for_operators(front: Front, path: str) -> None:
    assert front.ask(path).status == 404


@pytest.mark.parametrize("path", ["/desk", "/desk/feedback", "/desk/log", "/desk/my_page", "/create_article"])
def test_32_the_desk_is_for_those_with_the_right(front: Front, path: str) -> None:
    assert front.ask(path).status in {302, 403}
    assert front.visitor().get(path).status == 403


@pytest.mark.parametrize("role", ["", "reader", "author", "editor"])
def test_32_the_console_is_for_administrators(front: Front, path: str, role: str) -> None:
    someone = front.visitor(role) if role else None
    for address in console_addresses(front):
        answer = someone.get(address) if someone else front.ask(address)
        assert answer.status == (403 if role else 302), address
        assert not any(word in str(answer.headers) + answer.text for word in ("flask_cache", "broadsheet:", path))


def test_32_what_the_console_shows_an_administrator_is_kept_nowhere(front: Front, path: str) -> None:
    operator = front.visitor("administrator")
    front.ask(path)
    for address in console_addresses(front):
        before = front.stored_names()
        answer = operator.get(address)
        assert answer.status in {200, 302, 400, 404}, address
        assert "no-store" in answer.headers["Cache-Control"]
        assert not [name for name in front.stored_names() - before if "console" in str(name)]
    assert front.ask("/console/cache/keys").status == 302


def console_addresses(front: Front) -> list[str]:
    """Return the addresses of the console that need no name of a thing, except its stream, which goes on."""
    rules = [rule for rule in front.site.app.url_map.iter_rules() if rule.endpoint.startswith("console.")]
    found = [rule.rule for rule in rules if not rule.arguments and "GET" in (rule.methods or ())]
    return sorted(set(found) - {"/console/ticks"})


def test_32_no_key_and_no_tag_is_shown(front: Front, path: str) -> None:
    with front.stored() as client:
        tags = {key.removeprefix("broadsheet:tag:") for key in client.scan_iter("broadsheet:tag:*")}
    assert tags
    for asked in (path, "/", "/nothing", "/me", "/api/article_likes"):
        answer = front.ask(asked)
        assert not [name for name in answer.headers if name.lower() in {"surrogate-key", "cache-tag", "xkey"}]
        assert not any(word in str(answer.headers) + answer.text for word in ("flask_cache", "broadsheet:"))


def test_32_a_visitor_names_no_channel(front: Front) -> None:
    answer = front.ask("/stream?channel=broadsheet:pushes:0", "HEAD")
    assert answer.status == 200
    assert "pushes" not in str(answer.headers)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "javascript:evil",
    ],
)
def test_36_signing_in_leads_nowhere_else(front: Front, target: str) -> None:
    before = front.stored_names()
    answer = front.ask(f"/login?next={target}")
    assert (answer.status, "no-store" in answer["Cache-Control"]) == (400, True)
    sent = front.ask("/login", "POST", FORM, f"email=a%40example.com&password=x&next={target}".encode())
    assert "evil" not in sent["Location"]
    assert sent.status == 400
    assert "evil" not in front.ask("/login").text
    assert front.stored_names() <= before
