"""Old addresses that several posts would have."""

from pathlib import Path

import pytest
from sqlalchemy import select

from application.data.models import Article, OldAddress
from application.extensions import db
from tests.importing.conftest import Import, Write


def leads_to(address: str) -> str | None:
    db.session.remove()
    holders = select(Article.source_path).join(OldAddress, OldAddress.article_id == Article.article_id)
    return db.session.scalar(holders.where(OldAddress.address == address))


@pytest.mark.parametrize("days", [("2015-01-01", "2016-01-01"), ("2016-01-01", "2015-01-01")])
@pytest.mark.parametrize("field", ["aliases", "redirect_from", "tumblr_url", "permalink"])
def test_a_written_address_wins_over_a_guessed_one_whatever_the_order(
    write: Write, run: Import, days: tuple[str, str], field: str
) -> None:
    write("a/index.md", date=days[0])
    write("n8.md", date=days[1], **{field: "/a"})
    assert "not kept" not in run()
    assert leads_to("/a") == "_posts/n8.md"


def test_a_written_address_is_taken_from_a_post_that_guessed_it_earlier(write: Write, run: Import) -> None:
    write("a/index.md", date="2015-01-01")
    run()
    write("n8.md", date="2016-01-01", aliases="/a")
    assert "not kept" not in run("--dry-run")
    assert "not kept" not in run()
    assert leads_to("/a") == "_posts/n8.md"
    assert "2 unchanged" in run()


def test_a_written_address_that_leads_elsewhere_is_reported_each_time(write: Write, run: Import) -> None:
    write("a/index.md", date="2015-01-01", aliases="/old")
    write("n8.md", date="2016-01-01", aliases=f"[/old, /fine, /{'x' * 600}]")
    for _ in range(2):
        output = run()
        assert "Old addresses that were not kept (2)" in output
        assert "_posts/n8.md: /old, named by _posts/a/index.md, too" in output
        assert "longer than 500 characters" in output
    assert leads_to("/old") == "_posts/a/index.md"
    assert leads_to("/fine") == "_posts/n8.md"


def test_what_another_blog_has_is_reported(write: Write, run: Import) -> None:
    write("a/index.md", date="2015-01-01", aliases="/old")
    run("--source", "first")
    write("a/index.md", date="2015-01-01", aliases="")
    write("n8.md", date="2016-01-01", aliases="/old")
    assert "_posts/n8.md: /old, which leads to /articles/a already" in run("--source", "second", "--dry-run")
    assert "_posts/n8.md: /old, which leads to /articles/a already" in run("--source", "second")


def test_the_address_of_another_article_is_not_taken(write: Write, run: Import) -> None:
    write("a/index.md", date="2016-01-01")
    write("n8.md", date="2015-01-01", aliases="[/articles/a, /articles/n8]")
    assert "_posts/n8.md: /articles/a, the address of _posts/a/index.md here" in run()
    assert (leads_to("/articles/a"), leads_to("/articles/n8")) == (None, None)


def test_the_address_of_an_article_that_was_here_before_is_not_taken(write: Write, run: Import, blog: Path) -> None:
    write("a/index.md", date="2016-01-01")
    run()
    (blog / "_posts/a/index.md").unlink()
    write("n8.md", date="2015-01-01", aliases="/articles/a")
    assert "_posts/n8.md: /articles/a, which leads to /articles/a already" in run()
    assert leads_to("/articles/a") is None
