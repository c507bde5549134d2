"""A blog to write posts in, and the command to import it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from application.extensions import db

Write = Callable[..., None]
Import = Callable[..., str]


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    return tmp_path / "a-blog"


@pytest.fixture
def write(blog: Path) -> Write:
    def write(name: str = "2015-07-08-first.md", title: str = "First", body: str = "Some text.", **fields: str) -> None:
        file = blog / "_posts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{key}: {value}" for key, value in {"title": title, "author": "Ann Lee", **fields}.items()]
        file.write_text("\n".join(["---", *lines, "---", body, ""]), "utf-8")

    return write


@pytest.fixture
def run(app: Flask, blog: Path) -> Import:
    def run(*options: str, path: Path = blog, status: int = 0) -> str:
        result = app.test_cli_runner().invoke(args=["articles", "import", str(path), *options])
        assert result.exit_code == status, result.output
        db.session.remove()
        return result.output

    return run
