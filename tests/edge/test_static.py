"""Static files through nginx: under the name of their content for ever, under any other as the site says."""

import gzip
import re

import pytest

from application.config import ROOT
from application.controller.presentation import fingerprint
from deploy.publish_static import publish
from tests.fronts import Front

STYLE = ROOT / "static/site.css"
ADDRESS = f"/static/site.css?v={fingerprint(STYLE)}"
IMMUTABLE = "public, max-age=31536000, immutable"


def test_a_page_names_files_that_nginx_has(behind: Front) -> None:
    nginx = behind.nginx
    assert nginx
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', behind.ask("/about").text)
    assert ADDRESS in named
    for address in named:
        answer = behind.ask(address)
        assert (answer.status, answer["Cache-Control"]) == (200, IMMUTABLE)
        # The site was not asked.
        assert nginx.asked(address)[-1] == ["-", "-"]


def test_a_file_is_sent_as_it_is(behind: Front) -> None:
    answer = behind.ask(ADDRESS)
    assert answer.body == STYLE.read_bytes()
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/css; charset=utf-8", "nosniff")
    assert (answer["Vary"], answer["Content-Encoding"]) == ("Accept-Encoding", "")


def test_a_compressed_file_was_compressed_before(behind: Front) -> None:
    nginx = behind.nginx
    assert nginx
    answer = behind.ask(ADDRESS, headers={"Accept-Encoding": "gzip, br"})
    assert (answer["Content-Encoding"], answer["Cache-Control"]) == ("gzip", IMMUTABLE)
    assert gzip.decompress(answer.body) == STYLE.read_bytes()
    published = nginx.folder / "published" / fingerprint(STYLE) / "static/site.css.gz"
    assert answer.body == published.read_bytes()
    assert answer["ETag"] != behind.ask(ADDRESS)["ETag"]


def test_head_and_validators_and_parts(behind: Front) -> None:
    head = behind.ask(ADDRESS, "HEAD")
    assert (head.status, head.body, head["Content-Length"]) == (200, b"", str(STYLE.stat().st_size))
    assert behind.ask(ADDRESS, headers={"If-None-Match": head["ETag"]}).status == 304
    part = behind.ask(ADDRESS, headers={"Range": "bytes=0-9"})
    assert (part.status, part.body) == (206, STYLE.read_bytes()[:10])


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789", "?v=../../etc", "?v=..%2f..", "?v=ABCDEF0123"])
def test_any_other_version_is_the_sites_to_judge(behind: Front, query: str) -> None:
    nginx = behind.nginx
    assert nginx
    answer = behind.ask(f"/static/site.css{query}")
    assert (answer.status, answer.body) == (200, STYLE.read_bytes())
    assert "immutable" not in answer["Cache-Control"]
    assert nginx.asked(f"/static/site.css{query}")[-1] == ["-", "200"]


@pytest.mark.parametrize("path", ["/static/", "/static/none.css", "/static/site.css.gz", "/static/../main.py"])
def test_nothing_else_is_there(behind: Front, path: str) -> None:
    answer = behind.ask(f"{path}?v={fingerprint(STYLE)}" if path != "/static/site.css.gz" else path)
    assert answer.status == 404
    assert answer["Cache-Control"] == "no-store"


def test_older_files_stay_where_pages_find_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    source, target = tmp_path_factory.mktemp("source") / "static", tmp_path_factory.mktemp("target")
    source.mkdir()
    for version in ("one", "two"):
        (source / "a.js").write_text(f"// {version} {' ' * 1000}")
        assert publish(source, target) == 1
        assert publish(source, target) == 1
    found = sorted(path.name for path in target.rglob("*") if path.is_file())
    assert found == ["a.js", "a.js", "a.js.br", "a.js.br", "a.js.gz", "a.js.gz"]
    assert {path.read_text()[3:6] for path in target.rglob("a.js")} == {"one", "two"}
