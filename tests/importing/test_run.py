"""Imports into a real database, seen through the pages."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select

from application.data.models import Article, ArticleAuthor, OldAddress, Profile, User
from application.data.operations.articles import unpublish_article
from application.extensions import db
from tests.articles import TESTER, edit
from tests.importing.conftest import Import, Write


def article(slug: str = "first") -> Article:
    db.session.remove()
    found = db.session.scalar(select(Article).where(Article.slug == slug))
    assert found is not None
    return found


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_post_becomes_an_article_that_readers_find(write: Write, run: Import, client: FlaskClient) -> None:
    write(body="Some *text*. <script>alert(1)</script>", tags="[culture]", redirect_from="/old/")
    assert "a-blog: 1 new, 0 updated, 0 unchanged, 0 edited here, 0 not imported" in run()
    page = client.get("/articles/first").text
    assert "<em>text</em>" in page
    assert "alert(1)" not in page
    assert "First" in client.get("/").text
    assert "First" in client.get("/articles_by/ann-lee").text
    assert "First" in client.get("/tags/culture").text
    for address in ("/old/", "/2015/07/08/first/", "/2015/07/08/FIRST.html"):
        moved = client.get(address)
        assert moved.status_code in {301, 308}
        assert moved.location.endswith("/articles/first")


def test_running_again_changes_nothing(write: Write, run: Import) -> None:
    write()
    run()
    before = (article().version, article().updated_at, count(OldAddress))
    assert "0 new, 0 updated, 1 unchanged" in run()
    assert (article().version, article().updated_at, count(OldAddress)) == before


def test_an_edited_file_updates_its_article_on_the_next_request(write: Write, run: Import, client: FlaskClient) -> None:
    write()
    run()
    assert "Some text." in client.get("/articles/first").text
    assert "First" in client.get("/").text
    write(title="Better", body="Other text.")
    assert "0 new, 1 updated" in run()
    assert "Other text." in client.get("/articles/first").text
    assert "Better" in client.get("/").text


def test_a_file_that_becomes_a_draft_is_taken_from_readers_and_can_return(
    write: Write, run: Import, client: FlaskClient
) -> None:
    write()
    run()
    assert client.get("/articles/first").status_code == 200
    write(draft="true")
    assert "Drafts (1)" in run()
    assert client.get("/articles/first").status_code == 404
    write()
    run()
    assert client.get("/articles/first").status_code == 200


def test_what_was_edited_here_is_left_alone_unless_told(write: Write, run: Import) -> None:
    write()
    run()
    edit("first", title="Ours", content="Ours.", standfirst="", tags=())
    write(body="Theirs.")
    output = run()
    assert "1 edited here" in output
    assert "_posts/2015-07-08-first.md" in output
    assert article().title == "Ours"
    run("--overwrite")
    assert (article().title, article().content, article().edited_here) == ("First", "Theirs.\n", False)
    assert "1 unchanged" in run("--overwrite")


def test_what_an_editor_took_back_does_not_return_by_itself(write: Write, run: Import) -> None:
    write()
    run()
    unpublish_article("first", TESTER)
    assert "1 edited here" in run()
    assert article().status == "unpublished"


def test_a_dry_run_judges_and_stores_nothing(write: Write, run: Import) -> None:
    write()
    write("undated.md")
    output = run("--dry-run")
    assert "1 new" in output
    assert "nothing was stored" in output
    assert "_posts/undated.md: it has no date" in output
    assert (count(Article), count(Profile)) == (0, 0)


def test_a_bad_file_is_reported_with_its_line_and_stops_no_other(write: Write, run: Import, blog: Path) -> None:
    write()
    (blog / "_posts/2015-01-01-bad.md").write_text("---\ntitle: [\n---\nx\n")
    output = run()
    assert "1 new" in output
    assert "_posts/2015-01-01-bad.md:3: the YAML front matter does not parse" in output


def test_a_post_of_which_nothing_can_be_shown_is_reported(write: Write, run: Import) -> None:
    write(body="<script>alert(1)</script>")
    assert "_posts/2015-07-08-first.md: nothing of its text can be shown" in run(status=1)
    assert count(Article) == 0


def test_quotes_of_any_depth_are_shown(write: Write, run: Import, client: FlaskClient) -> None:
    write(body="> " * 5000 + "the depth")
    run()
    assert "the depth" in client.get("/articles/first").text


def test_tags_that_differ_in_a_mark_have_pages_of_their_own(write: Write, run: Import, client: FlaskClient) -> None:
    write(tags="[C++, C]")
    run()
    assert "C++" in client.get("/tags/c-plus-plus").text
    assert client.get("/tags/c").status_code == 200


def test_slugs_are_numbered_by_date_whichever_way_files_are_found(write: Write, run: Import) -> None:
    for name in ("2017-01-01-same.md", "2015-01-01-Same.md", "2016-01-01-same.md"):
        write(name, title=name[:4])
    run()
    assert [article(slug).title for slug in ("same", "same-2", "same-3")] == ["2015", "2016", "2017"]


def test_several_authors_keep_their_order(write: Write, run: Import) -> None:
    write(author='"Zoe Bell, Ann Lee & Max Ott"')
    run()
    names = [link.profile.display_name for link in article().authorships]
    assert names == ["Zoe Bell", "Ann Lee", "Max Ott"]


def test_a_changed_name_in_the_table_reaches_the_author(
    write: Write, run: Import, blog: Path, client: FlaskClient
) -> None:
    write(author="ann")
    table = blog / "_data/authors.csv"
    table.parent.mkdir()
    table.write_text("id,name\nann,Ann Lee\n")
    run()
    assert "Ann Lee" in client.get("/articles_by/ann").text
    table.write_text("id,name\nann,Ann Lee-Jones\n")
    assert "1 updated" in run()
    assert "Ann Lee-Jones" in client.get("/articles_by/ann").text
    assert count(Profile) == 1


def test_a_stranger_who_took_the_name_before_is_somebody_else(write: Write, run: Import) -> None:
    reader = User(email="a@example.org", username="ann-lee", fs_uniquifier="x", active=True)
    db.session.add(reader)
    db.session.commit()
    write()
    run()
    assert [link.profile.user_name for link in article().authorships] == ["ann-lee-2"]
    write(body="Changed.")
    run()
    assert [link.profile.user_name for link in article().authorships] == ["ann-lee-2"]
    assert count(Profile) == 1


def test_the_same_key_in_another_blog_is_somebody_else(write: Write, run: Import, blog: Path, tmp_path: Path) -> None:
    write(author="ann")
    (blog / "_data").mkdir()
    (blog / "_data/authors.csv").write_text("id,name\nann,Ann Lee\n")
    run()
    (blog / "_data/authors.csv").write_text("id,name\nann,Annika Berg\n")
    run("--source", "another")
    people = db.session.execute(select(Profile.user_name, Profile.display_name)).all()
    assert sorted(map(tuple, people)) == [("ann", "Ann Lee"), ("ann-2", "Annika Berg")]


def test_an_author_whom_an_administrator_linked_stays_the_same(write: Write, run: Import) -> None:
    write()
    run()
    user = User(email="a@example.org", username="ann", fs_uniquifier="x", active=True)
    db.session.add(user)
    db.session.flush()
    db.session.scalars(select(Profile)).one().user_id = user.id
    db.session.commit()
    write("2016-01-01-second.md")
    run()
    assert db.session.scalar(select(func.count(ArticleAuthor.article_id.distinct()))) == 2
    assert count(Profile) == 1


def test_a_part_of_a_blog_is_known_by_the_same_paths(write: Write, run: Import, blog: Path) -> None:
    write(body="[x](/2016/01/01/second/)")
    write("2016-01-01-second.md")
    run("--base-url", "https://b.example.org")
    assert "2 unchanged" in run("--base-url", "https://b.example.org", path=blog / "_posts")
    single = blog / "_posts/2015-07-08-first.md"
    assert "a-blog: 0 new, 0 updated, 1 unchanged" in run("--base-url", "https://b.example.org", path=single)


def test_two_posts_that_claim_one_old_address_share_it_not(write: Write, run: Import) -> None:
    write(redirect_from="/old")
    write("2016-01-01-second.md", redirect_from="/old")
    run()
    owner = db.session.scalars(select(OldAddress.article_id).where(OldAddress.address == "/old")).one()
    assert owner == article("first").article_id


def test_a_post_without_an_author_is_imported_and_named(write: Write, run: Import) -> None:
    write(author="")
    assert "Without an author (1)" in run()
    assert article().authorships == []


def test_a_path_without_posts_is_an_error(run: Import, tmp_path: Path) -> None:
    assert "does not exist" in run(path=tmp_path / "nowhere", status=2)
    assert "holds no Markdown file" in run(path=tmp_path, status=1)
    (tmp_path / "readme.md").write_text("# Read me\n")
    output = run(path=tmp_path, status=1)
    assert "no front matter" in output
    assert "could be imported" in output


def test_an_option_that_makes_no_sense_is_refused(write: Write, run: Import) -> None:
    write()
    assert "begins with http" in run("--base-url", "ftp://x", status=2)
    assert "at most 100" in run("--source", "x" * 101, status=2)
