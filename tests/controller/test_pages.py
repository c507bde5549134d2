"""Pages that stand by themselves, and the assets that every page asks for."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.controller.markup import Markup

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("address", ["/about", "/privacy", "/login", "/register"])
def test_a_page_is_sound_html_with_one_headline(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    page = Markup(answer.text)
    assert page.faults == []
    assert len(page.all("h1")) == 1
    assert page.all("a", class_="skip") == [{"class": "skip", "href": "#main"}]
    assert page.all("main")[0]["id"] == "main"


@pytest.mark.parametrize("address", ["/", "/about"])
def test_the_current_section_is_marked(client: FlaskClient, address: str) -> None:
    links = Markup(client.get(address).text).all("a")
    assert [link["href"] for link in links if "aria-current" in link] == [address]


def test_hello_says_that_the_process_answers(client: FlaskClient) -> None:
    answer = client.get("/hello")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert len(answer.text.splitlines()) == 1
    assert answer.headers["Cache-Control"] == "no-store"


def test_robots_are_told_what_is_not_for_them(client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert answer.text.startswith("User-agent: *\n")
    assert "Disallow: /account\n" in answer.text
    assert "Disallow: /\n" not in answer.text


def test_there_is_an_icon_for_those_who_do_not_read_the_page(client: FlaskClient) -> None:
    with client.get("/favicon.ico") as answer:
        assert answer.status_code == 200
        assert answer.data.startswith(b"\x00\x00\x01\x00")


def test_an_asset_is_kept_for_ever_under_its_content_s_name_only(client: FlaskClient) -> None:
    page = Markup(client.get("/about").text)
    for address in (page.all("link", rel="stylesheet")[0]["href"], page.all("script")[0]["src"]):
        bare, _, content = address.partition("?v=")
        assert re.fullmatch("[0-9a-f]{10}", content)
        assert lifetime(client, address) == "public, max-age=31536000, immutable"
        assert "immutable" not in lifetime(client, bare)
        assert "immutable" not in lifetime(client, f"{bare}?v=0123456789")


def lifetime(client: FlaskClient, address: str) -> str:
    # A file that is streamed stays open until its answer is closed.
    with client.get(address) as answer:
        return answer.headers.get("Cache-Control", "")


def test_the_name_and_the_strapline_are_settings(app: Flask) -> None:
    app.jinja_env.globals["site"] = app.config["SETTINGS"].model_copy(
        update={"site_name": "The <Daily>", "site_strapline": "All & sundry"}
    )
    html = app.test_client().get("/about").text
    assert "The &lt;Daily&gt;" in html
    assert "All &amp; sundry" in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_script_or_style_in_line(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", source)


def test_the_weight_of_script_and_style_stays_small() -> None:
    assert (ROOT / "static/site.js").stat().st_size < 8_000
    assert (ROOT / "static/site.css").stat().st_size < 30_000
    assert (ROOT / "static/private.css").stat().st_size < 20_000
