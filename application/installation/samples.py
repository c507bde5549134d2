"""The articles that a new site starts with: the demo is the manual."""

import subprocess
import sys

from flask import Flask
from sqlalchemy import select

from application.config import ROOT
from application.data.models import Article
from application.extensions import db

FOLDER = ROOT / "samples"
SOURCE = "samples"


def are_wanted() -> bool:
    """Tell whether the site has no article yet."""
    return FOLDER.is_dir() and db.session.scalar(select(Article.article_id).limit(1)) is None


def load(app: Flask) -> None:
    """Import the samples, by the command with which anybody imports a blog."""
    command = [sys.executable, "-m", "flask", "--app", "main", "articles", "import", str(FOLDER), "--source", SOURCE]
    # Its summary goes to the person at the terminal; standard output carries the plan.
    done = subprocess.run(command, cwd=app.root_path, stdout=sys.stderr, check=False)  # noqa: S603 - our own command
    if done.returncode:
        print("The samples could not be imported; the site starts without them.", file=sys.stderr)
