"""The examples of docs/api.md, run as they stand by a shell and curl against the real site."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from application.config import ROOT
from tests.controller.people import make_article, make_user
from tests.servers import redis_server
from tests.site import running_site

BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_answer_what_the_page_says(database_url: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no curl, which CI must have")
        pytest.skip("there is no curl")
    blocks = BLOCK.findall((ROOT / "docs" / "api.md").read_text("utf-8"))
    with (
        redis_server() as server,
        running_site(
            database_url, f"redis://127.0.0.1:{server.port}", tmp_path, workers=1, jobs=False, INSTALLATION_ID="docs"
        ) as site,
    ):
        with site.app.app_context():
            author = make_user("ada", "author")
            make_user("reader", "reader")
            assert [make_article(author, title)[0] for title in ("One", "Two")] == [1, 2]
        script = "\n".join(text if kind == "sh" else "echo; echo ---" for kind, text in blocks)
        assert "SITE=http://127.0.0.1:8080\n" in script
        script = script.replace("http://127.0.0.1:8080", site.url)
        done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, timeout=60, check=True)
    printed = [part.strip() for part in done.stdout.split("---\n")]
    expected = [text.strip() for kind, text in blocks if kind == "json"]
    assert printed == [*expected, ""]
    assert len(expected) >= 6
