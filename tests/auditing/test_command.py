"""`flask audit` where something is missing, and what it remembers; `tests/browser/test_audit.py` has the real pages."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from flask import Flask

from application.auditing import command
from application.auditing.history import last, read, remember
from application.auditing.pages import usual_pages
from application.auditing.programs import AuditProblem, find_tools
from application.auditing.report import falls_short, tell
from application.auditing.run import Audit, Fetched, Finding, Mistake, Violation
from application.data.operations import people
from tests.articles import write
from tests.controller.people import make_user
from tests.servers import serving

Run = Callable[..., tuple[int, str]]
SCORES = {"performance": 97, "accessibility": 100, "best-practices": 100, "seo": 92}
FOUND = Audit(
    "http://localhost/about",
    SCORES,
    [Finding("seo", 8.0, f"Finding {number}", "Do [this](https://example.com/this).", "", []) for number in range(5)],
    [],
    [],
    [Fetched("http://localhost/about", "Document", 2_000), Fetched("http://localhost/static/site.css", "Style", 500)],
    [],
    1_040.0,
    35.0,
    0.0,
    None,
)


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["audit", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_all_that_is_missing_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(AuditProblem) as problem:
        find_tools({"PATH": str(tmp_path)}, tmp_path)
    for word in ("Node 18.19", "nodejs", "Chromium is not here", "CHROMIUM may say", "local_setup.sh --audit"):
        assert word in str(problem.value)


@pytest.mark.parametrize("version", ["v16.20.2", "v18.18.2", "nonsense", ""])
def test_a_node_that_is_too_old_counts_as_missing(tmp_path: Path, version: str) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{version}'\n")
    node.chmod(0o755)
    with pytest.raises(AuditProblem, match=r"Node 18\.19 or newer is not here"):
        find_tools({"PATH": str(tmp_path)}, tmp_path)


def test_a_browser_that_is_named_and_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditProblem, match="no-browser is not here"):
        find_tools({"PATH": str(tmp_path), "CHROMIUM": "no-browser"}, tmp_path)


def test_what_is_missing_is_one_line_and_a_status(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    # The pages are asked for first, so that a site which is not running is told before what is not installed.
    with serving(b"<!doctype html><title>Here</title>") as url:
        status, output = run(url)
    assert status == 2
    assert output.startswith("Error: Node 18.19 or newer is not here")
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/about", "nothing answers at http://127.0.0.1:1/about: is the site running?"),
        ("mailto:somebody", "mailto:somebody is not an address"),
    ],
)
def test_a_page_that_is_not_there_is_one_line(run: Run, tmp_path: Path, url: str, said: str) -> None:
    status, output = run(url, "--history", str(tmp_path / "audits"))
    assert status == 2
    assert output.startswith(f"Error: {said}")


def test_a_history_that_cannot_be_written_is_told_before_anything_is_looked_at(run: Run, tmp_path: Path) -> None:
    history = tmp_path / "no" / "audits"
    assert run("/", "--history", str(history)) == (2, f"Error: {history} cannot be used: No such file or directory\n")
    assert run("--past", "--history", str(history))[0] == 0


def test_the_pages_that_readers_come_for_are_looked_at_by_default(app: Flask) -> None:
    assert list(usual_pages()) == ["/", "/feedback", "/login"]
    people.ensure_profile(make_user("ada", "author"))
    write("On Engines", tags=("engines",))
    for number in range(21):
        write(f"Untagged, {number}")
    write("On Nothing")
    write("On Drafts", tags=("drafts",), publish=False)
    paths = ["/", "/articles/on-nothing", "/articles_by/ada", "/tags/engines", "/feedback", "/login"]
    assert list(usual_pages()) == paths


def test_scores_and_the_three_worst_findings_are_told_and_what_they_were(tmp_path: Path) -> None:
    history = tmp_path / "audits.jsonl"
    remember(msgspec.structs.replace(FOUND, scores={**SCORES, "seo": 80}), history)
    output = "\n".join(tell(FOUND, last(FOUND.url, history)))
    assert "performance 97, accessibility 100, practices 100, SEO 92 (was 80)" in output
    assert "2 requests, 2,500 B; drawn after 1.0 s, blocked for 35 ms, layout shift 0" in output
    assert "seo: Finding 2\n      Do this (https://example.com/this)." in output
    assert "Finding 3" not in output


def test_a_score_below_the_least_and_what_is_not_valid_fall_short() -> None:
    assert not falls_short(FOUND, 92)
    assert falls_short(FOUND, 93)
    mistake = Mistake("void-style", "Expected omitted end tag", 7, 3)
    broken = msgspec.structs.replace(FOUND, markup=[mistake])
    assert falls_short(broken, 0)
    assert "  not valid HTML, line 7: Expected omitted end tag (void-style)" in list(tell(broken, None))
    violation = Violation("label", "critical", "Inputs must have labels", "https://example.com/label", ["<input>"])
    broken = msgspec.structs.replace(FOUND, axe=[violation])
    assert falls_short(broken, 0)
    told = "\n".join(tell(broken, None))
    assert "axe, critical: Inputs must have labels (https://example.com/label)\n      at <input>" in told


def test_a_page_that_asks_not_to_be_indexed_is_judged_without_that(tmp_path: Path) -> None:
    hidden = msgspec.structs.replace(FOUND, scores={**SCORES, "seo": 63}, besides=100)
    assert not falls_short(hidden, 97)
    output = "\n".join(tell(hidden, None))
    assert "practices 100, SEO 100\n  the page asks not to be indexed; Lighthouse, which" in output
    assert "says SEO 63\n" in output
    remember(hidden, tmp_path / "audits")
    found = last(FOUND.url, tmp_path / "audits")
    assert found is not None
    assert found.scores["seo"] == 100


def test_the_history_survives_a_line_that_was_cut_off(tmp_path: Path) -> None:
    history = tmp_path / "audits.jsonl"
    assert last(FOUND.url, history) is None
    remember(FOUND, history)
    with history.open("a") as file:
        file.write('{"at": "2026-\n')
    remember(FOUND, history)
    assert len(list(read(history))) == 2
    found = last("https://elsewhere.example/about", history)
    assert found is not None
    assert (found.scores, found.bytes) == (SCORES, 2_500)
    assert (datetime.now(UTC) - found.at).total_seconds() < 60


def test_the_lock_file_names_every_package_by_its_sum_and_no_host() -> None:
    lock = json.loads((command.HISTORY.parent.parent / "deploy" / "audit" / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 100
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []
