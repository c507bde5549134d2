"""Style sheet and script as a browser asks for them: compressed, by their fingerprint."""

import gzip

import brotli
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from application.config import ROOT
from application.controller.presentation import IMMUTABLE, fingerprint
from tests.controller.markup import Markup

STYLE = ROOT / "static" / "site.css"
ADDRESS = f"/static/site.css?v={fingerprint(STYLE)}"
STRANGERS = ("/", "/about", "/privacy", "/feedback", "/login", "/register", "/nowhere")


def ask(client: FlaskClient, address: str, accepted: str, **headers: str) -> TestResponse:
    """Ask, and read all of it: a file that is streamed stays open until its answer is closed."""
    with client.get(address, headers={"Accept-Encoding": accepted, **headers}) as answer:
        answer.get_data()
    return answer


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("", None), ("zstd", None)])
def test_a_text_comes_in_the_best_encoding(client: FlaskClient, accepted: str, encoding: str | None) -> None:
    answer = ask(client, ADDRESS, accepted)
    assert answer.headers.get("Content-Encoding") == encoding
    decode = {"br": brotli.decompress, "gzip": gzip.decompress}.get(encoding or "", bytes)
    assert decode(answer.data) == STYLE.read_bytes()
    assert (answer.mimetype, answer.headers["Vary"]) == ("text/css", "Accept-Encoding")
    assert answer.headers["Cache-Control"] == IMMUTABLE


def test_each_encoding_has_a_validator_of_its_own(client: FlaskClient) -> None:
    tags = {accepted: ask(client, ADDRESS, accepted).headers["ETag"] for accepted in ("br", "gzip", "")}
    assert len(set(tags.values())) == 3
    for accepted, tag in tags.items():
        again = ask(client, ADDRESS, accepted, **{"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789"])
def test_without_its_fingerprint_a_file_is_sent_as_it_is(client: FlaskClient, query: str) -> None:
    answer = ask(client, f"/static/site.css{query}", "br")
    assert "Content-Encoding" not in answer.headers
    assert answer.data == STYLE.read_bytes()


def test_no_other_file_is_sent(client: FlaskClient) -> None:
    version = fingerprint(ROOT / "deploy" / "audit" / "audit.cjs")
    assert version
    for name in ("none.css", "../deploy/audit/audit.cjs", "%2e%2e/deploy/audit/audit.cjs", "/etc/passwd", "."):
        for query in ("", f"?v={version}"):
            assert ask(client, f"/static/{name}{query}", "br").status_code in {308, 404}


@pytest.mark.parametrize("address", STRANGERS)
def test_a_page_for_everybody_has_one_style_sheet(client: FlaskClient, address: str) -> None:
    sheets = Markup(client.get(address).text).all("link", rel="stylesheet")
    assert [sheet["href"].partition("?")[0] for sheet in sheets] == ["/static/site.css"]
