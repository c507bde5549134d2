"""Static files of an earlier release: answered for a day after an upgrade."""

import os
import time
from pathlib import Path

import pytest
from flask import Flask

from application.controller.old_assets import KEPT_FOR, keep_assets_of, register_old_assets
from application.controller.presentation import fingerprint


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    (tmp_path / "now").mkdir()
    app = Flask("releases", static_folder=str(tmp_path / "now"), static_url_path="/static")
    register_old_assets(app, tmp_path / "kept")
    return app


def release(site: Flask, text: str) -> str:
    """Put a style sheet in place, start, and return its fingerprint."""
    style = Path(site.static_folder) / "site.css"
    style.write_text(text)
    keep_assets_of(site)
    return fingerprint(style)


def style(site: Flask, version: str) -> tuple[str, str]:
    with site.test_client().get(f"/static/site.css?v={version}") as answer:
        return answer.text, answer.headers["Cache-Control"]


def test_a_page_of_an_earlier_release_gets_its_own_style_sheet(site: Flask) -> None:
    old = release(site, "old {}")
    new = release(site, "new {}")
    assert style(site, new)[0] == "new {}"
    text, control = style(site, old)
    assert text == "old {}"
    assert "immutable" in control
    assert style(site, "0123456789")[0] == "new {}", "what nobody knows gets what there is"


def test_a_file_is_kept_for_a_day_after_the_release_that_retired_it(site: Flask, tmp_path: Path) -> None:
    old = release(site, "old {}")
    new = release(site, "new {}")
    release(site, "new {}")
    copy = tmp_path / "kept" / old / "site.css"
    assert copy.exists()
    long_ago = time.time() - KEPT_FOR - 60
    os.utime(copy, (long_ago, long_ago))
    release(site, "new {}")
    assert not copy.exists()
    assert (tmp_path / "kept" / new / "site.css").exists()


def test_a_release_that_comes_back_is_in_use_again(site: Flask, tmp_path: Path) -> None:
    old = release(site, "old {}")
    release(site, "new {}")
    assert release(site, "old {}") == old
    assert (tmp_path / "kept" / old / "site.css").stat().st_mtime > time.time()


@pytest.mark.parametrize("address", ["/static/..%2f..%2fsecret?v=..", "/static/../secret?v=..", "/static/secret?v=.."])
def test_no_address_leads_out_of_the_copies(site: Flask, tmp_path: Path, address: str) -> None:
    release(site, "x {}")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "kept" / "secret").write_text("secret")
    with site.test_client().get(address) as answer:
        assert answer.status_code == 404
        assert "secret" not in answer.text
