"""What Lighthouse says of the pages that readers come for: the median of five, which one busy moment does not move.

    .venv/bin/python -m benchmarks.front_end
    .venv/bin/python -m benchmarks.front_end --blog PATH --blog PATH --runs 5

The site is filled with whole blogs: two real ones if they lie beside this checkout, else the sample articles. Each page
is looked at once a round, another one first each time: the six pages of `flask audit`, and the longest article. Needs
Node, Chromium and `./local_setup.sh --audit`. The table is written to `benchmarks/results/`.
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from application import create_app
from application.auditing.pages import usual_pages
from application.auditing.programs import AuditProblem, find_tools
from application.auditing.run import Audit, audit
from application.config import ROOT, load_settings
from application.data.models import Article
from application.extensions import db
from benchmarks.lecture_report import machine
from benchmarks.running import site_on
from tests.importing.test_corpora import CORPORA

RESULTS = ROOT / "benchmarks" / "results"
REAL = (CORPORA / "18f-blog" / "content" / "posts", CORPORA / "rust-blog" / "content")
SCORES = ("performance", "accessibility", "best-practices", "seo")
TOLD = (
    "performance",
    "least",
    *SCORES[1:],
    "drawn, ms",
    "blocked, ms",
    "requests",
    "bytes",
    "shift",
    "axe",
    "not valid",
)

PATIENCE = 600
"""Seconds for one look at one page: a machine that is busy should cost a round, and not all of them."""


def fill(app: Flask, blogs: Sequence[Path]) -> None:
    """Make the tables, and import the blogs."""
    with app.app_context():
        upgrade()
    for blog in blogs:
        run = app.test_cli_runner().invoke(args=["articles", "import", str(blog)])
        if run.exit_code:
            raise RuntimeError(run.output)
        print(next(line for line in run.output.splitlines() if " new, " in line), flush=True)


@contextmanager
def filled(folder: Path, blogs: Sequence[Path]) -> Iterator[tuple[str, list[str]]]:
    """Run the site with these blogs; gives its address and the paths that are looked at."""
    with site_on(folder / "blogs.sqlite3", lambda app: fill(app, blogs)) as running:
        app = create_app(load_settings(running.environ))
        with app.app_context():
            longest = select(Article.slug).order_by(func.length(Article.html).desc()).limit(1)
            yield running.url, [*usual_pages(), f"/articles/{db.session.scalar(longest)}"]
            db.engine.dispose()


def measure(url: str, paths: Sequence[str], runs: int) -> dict[str, list[Audit]]:
    """Look at each page so many times."""
    tools = find_tools()
    found: dict[str, list[Audit]] = {path: [] for path in paths}
    for number in range(runs):
        for path in [*paths[number % len(paths) :], *paths[: number % len(paths)]]:
            found[path].extend(audit(tools, [url + path], PATIENCE))
        print(f"round {number + 1} of {runs}", flush=True)
    return found


def figures(audits: Sequence[Audit]) -> dict[str, Any]:
    """Make of all that was said of one page what is told."""
    scores = {name: [one.judged[name] for one in audits] for name in SCORES}
    last = audits[-1]
    return {
        **{name: median(values) for name, values in scores.items()},
        "least": min(scores["performance"]),
        "performance of each": scores["performance"],
        "drawn, ms": round(median(one.paint for one in audits)),
        "blocked, ms": round(median(one.blocked for one in audits)),
        "requests": len(last.requests),
        "bytes": sum(fetched.bytes for fetched in last.requests),
        "shift": max(one.shift for one in audits),
        "axe": len(last.axe),
        "not valid": len(last.markup),
    }


def table(results: dict[str, Any]) -> str:
    """Tell what was found."""
    head = f"{results['blogs']}; median of {results['runs']} runs of Lighthouse (mobile)"
    lines = [f"{results['on']}, {results['with']}; {head}", f"{'':16}" + "".join(f"{key:>16}" for key in TOLD)]
    for name, page in results["pages"].items():
        lines.append(f"{name:16}" + "".join(f"{page[key]:>16,.9g}" for key in TOLD))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fill, look, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--blog", type=Path, action="append", help="a folder that flask articles import takes")
    arguments = parser.parse_args()
    # The server ends before the threads of the application beside it have noticed.
    logging.disable(logging.WARNING)
    blogs = arguments.blog or ([*REAL] if CORPORA.is_dir() else [ROOT / "samples"])
    names = ("home", "article", "author", "tag", "feedback", "sign-in", "longest article")
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), blogs) as (url, paths):
        found = measure(url, paths, arguments.runs)
        results = {
            "on": f"{datetime.now(UTC):%Y-%m-%d}",
            "with": machine(),
            "blogs": " and ".join(_name(blog) for blog in blogs),
            "runs": arguments.runs,
            "pages": {name: {"path": path, **figures(found[path])} for name, path in zip(names, paths, strict=True)},
        }
    (RESULTS / "front_end.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (RESULTS / "front_end.txt").write_text(table(results), "utf-8")
    print(table(results))


def _name(blog: Path) -> str:
    """Name a blog by the folder that is not called by what every blog's is called."""
    return next((part for part in reversed(blog.parts) if part not in {"content", "posts", "_posts"}), str(blog))


if __name__ == "__main__":
    try:
        main()
    except AuditProblem as problem:
        sys.exit(str(problem))
