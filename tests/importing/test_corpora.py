"""Two real blogs, whole: 1,260 files with every quirk that people leave behind in ten years."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from application.config import ROOT
from application.data import data_access
from application.data.models import Article, ArticleAuthor
from application.extensions import db

CORPORA = ROOT.parent / "shared" / "corpora"

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside this checkout")


@pytest.mark.parametrize(
    ("name", "folder", "imported", "reported"),
    [
        ("18f-blog", "content/posts", 508, {"2016-05-19-content-debt-what-it-is-where-to-find-it": "does not parse"}),
        ("rust-blog", "content", 750, {"releases/latest.md": "no title"}),
    ],
)
def test_every_post_is_imported_or_reported_and_a_second_run_changes_nothing(
    app: Flask, name: str, folder: str, imported: int, reported: dict[str, str]
) -> None:
    path = CORPORA / name / folder
    posts = [file for file in path.rglob("*.md") if file.name != "_index.md"]
    assert len(posts) == imported + len(reported)
    run = app.test_cli_runner().invoke
    first = run(args=["articles", "import", str(path)])
    assert first.exit_code == 0, first.output
    assert (
        f"{name}: {imported} new, 0 updated, 0 unchanged, 0 edited here, {len(reported)} not imported" in first.output
    )
    for file, reason in reported.items():
        assert any(file in line and reason in line for line in first.output.splitlines())
    assert db.session.scalar(select(func.count()).select_from(Article)) == imported
    check_what_is_stored()
    second = run(args=["articles", "import", str(path)])
    assert f"{name}: 0 new, 0 updated, {imported} unchanged" in second.output


def check_what_is_stored() -> None:
    articles = db.session.execute(select(Article.slug, Article.html, Article.published_at)).all()
    assert len({article.slug.casefold() for article in articles}) == len(articles)
    assert all(
        article.published_at is not None and article.published_at.utcoffset() is not None for article in articles
    )
    for article in articles:
        lowered = article.html.lower()
        for unwanted in ("<script", "<iframe", "<style", " style=", "javascript:", " onclick=", "<h1"):
            assert unwanted not in lowered, (article.slug, unwanted)
        assert "{%" not in outside_code(lowered), article.slug
    assert db.session.scalar(select(func.max(ArticleAuthor.position))) >= 1
    assert data_access.get_all_articles().older is not None


def outside_code(html: str) -> str:
    parts = html.split("<code")
    return parts[0] + "".join(part.partition("</code>")[2] for part in parts[1:])


def test_the_names_of_keys_are_found_in_the_table_beside_the_posts(app: Flask) -> None:
    table = Path(CORPORA / "18f-blog" / "data" / "team_members.csv")
    assert table.is_file()
    one = next((CORPORA / "18f-blog" / "content" / "posts").glob("2015-03-17-does-18f-pass*"))
    assert app.test_cli_runner().invoke(args=["articles", "import", str(one)]).exit_code == 0
    names = [author.display_name for author in data_access.get_all_articles().cards[0].authors]
    assert len(names) == 2
    assert all(" " in name and name[0].isupper() for name in names), names
