from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from application.importing.blog import Blog
from application.importing.posts import ParsedPost

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(path: str, text: str | bytes) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def read(path: Path, **more: str) -> Blog:
    blog = Blog(path, UTC, **more)
    blog.read()
    return blog


def parsed(blog: Blog) -> dict[str, ParsedPost]:
    return {post.path: blog.parse(post, NOW) for post in blog.posts}


def only(blog: Blog) -> ParsedPost:
    (post,) = parsed(blog).values()
    return post


def test_jekyll(write: Write, tmp_path: Path) -> None:
    write("_config.yml", "title: B\nurl: https://b.example.org\ntimezone: Europe/Paris\nauthor: {name: Ann Lee}\n")
    write("_posts/2015-07-08-Hello-World.markdown", "---\ntitle: Hello\ntags: one two\n---\nText {{ page.title }}.\n")
    write("_drafts/later.md", "---\ntitle: Later\n---\nText\n")
    write("_layouts/post.md", "---\ntitle: No\n---\n{{ content }}\n")
    posts = parsed(read(tmp_path))
    hello = posts["_posts/2015-07-08-Hello-World.markdown"]
    assert (hello.slug, hello.title, hello.tags) == ("hello-world", "Hello", ("one", "two"))
    assert hello.published_at == datetime(2015, 7, 7, 22, tzinfo=UTC)
    assert hello.authors == (("", "Ann Lee"),)
    assert hello.content == "Text Hello.\n"
    assert {"/2015/07/08/hello-world", "/2015/07/08/hello-world.html"} <= set(hello.addresses)
    assert posts["_drafts/later.md"].draft
    assert len(posts) == 2


def test_hugo(write: Write, tmp_path: Path) -> None:
    write("hugo.toml", 'baseURL = "https://b.example.org/"\nlanguageCode = "fr-FR"\n[params]\nauthor = "Ann Lee"\n')
    write("content/_index.md", "---\ntitle: Home\n---\n")
    write(
        "content/posts/x/index.md",
        '+++\ntitle = "X"\ndate = 2020-01-02T03:04:05+01:00\ncategories = ["C"]\n+++\n![a](b.png)\n',
    )
    write(
        "content/posts/y.md",
        '{"title": "Y", "publishDate": "2020-01-03", "draft": true}\n\n[x]({{< relref "x/index.md" >}})\n',
    )
    write("archetypes/default.md", "---\ntitle: {{ x }}\n---\n")
    blog = read(tmp_path)
    posts = parsed(blog)
    assert blog.sections == ["content/_index.md"]
    assert posts["content/posts/x/index.md"].content == "![a](https://b.example.org/posts/x/b.png)\n"
    assert posts["content/posts/x/index.md"].language == "fr-FR"
    assert posts["content/posts/x/index.md"].tags == ("C",)
    assert "/posts/x" in posts["content/posts/x/index.md"].addresses
    assert posts["content/posts/y.md"].draft
    assert posts["content/posts/y.md"].content == "[x](/2020/01/02/x)\n"


def test_eleventy_with_a_table_of_names(write: Write, tmp_path: Path) -> None:
    write("content/posts/2015-07-08-a.md", "---\ntitle: A\nauthors:\n- aaron\n- noah\ntags: [post, culture]\n---\nx\n")
    write("data/team.csv", "id,first_name,last_name,full_name\naaron,Aaron,Snow,\nnoah,Noah,K,Noah Kunin\n")
    write("data/colours.csv", "id,name\nred,Red\n")
    for place in (
        tmp_path,
        tmp_path / "content",
        tmp_path / "content/posts",
        tmp_path / "content/posts/2015-07-08-a.md",
    ):
        blog = read(place)
        assert blog.name == tmp_path.name
        assert parsed(blog).keys() == {"content/posts/2015-07-08-a.md"}
        assert only(blog).authors == (("aaron", "Aaron Snow"), ("noah", "Noah Kunin"))
        assert only(blog).tags == ("culture",)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("_data/authors.yml", "ann:\n  name: Ann Lee\n"),
        ("_data/authors.yml", "ann: Ann Lee\n"),
        ("_data/authors.json", '[{"slug": "ann", "name": "Ann Lee"}]'),
        ("data/people.toml", '[[people]]\nkey = "ann"\nname = "Ann Lee"\n'),
        ("data/authors/ann.yaml", "name: Ann Lee\nbio: x\n"),
    ],
)
def test_names_in_data_files_of_other_shapes(write: Write, tmp_path: Path, path: str, text: str) -> None:
    write("_posts/2015-07-08-a.md", "---\ntitle: A\nauthor: ann\n---\nx\n")
    write(path, text)
    assert only(read(tmp_path / "_posts")).authors == (("ann", "Ann Lee"),)


def test_zola(write: Write, tmp_path: Path) -> None:
    write(
        "content/X.md",
        '+++\npath = "2014/09/15/Rust-1.0"\ntitle = "X"\nauthors = ["Ann Lee and Bo Chan"]\n'
        'aliases = ["2014/09/15/Rust-1.0.html"]\n[extra]\nteam = "T"\n[taxonomies]\ntags = ["a"]\n+++\n'
        "# Part\n\n[y](@/Y.md#z)\n",
    )
    write("content/Y.md", '+++\ntitle = "Y"\ndate = 2015-01-01\n+++\ny\n')
    post = parsed(read(tmp_path / "content"))["content/X.md"]
    assert (post.slug, post.tags, post.addresses) == (
        "rust-1-0",
        ("a",),
        ("/2014/09/15/rust-1.0", "/2014/09/15/rust-1.0.html"),
    )
    assert post.published_at == datetime(2014, 9, 15, tzinfo=UTC)
    assert post.authors == (("", "Ann Lee"), ("", "Bo Chan"))
    assert "[y](/2015/01/01/y#s-z)" in post.content


def test_pelican(write: Write, tmp_path: Path) -> None:
    write("pelicanconf.py", "AUTHOR = 'Ann Lee'\nraise SystemExit('never run')\n")
    write(
        "content/x.md",
        "Title: X\nDate: 2010-12-03 10:20\nTags: a, b\nSlug: my-x\nStatus: draft\n\n[y]({filename}y.md)\n",
    )
    write("content/y.md", "Title: Y\nDate: 2010-12-04\nAuthors: Bo Chan; Cy Diaz\n\ny\n")
    posts = parsed(read(tmp_path))
    assert posts["content/x.md"].draft
    assert posts["content/x.md"].slug == "my-x"
    assert posts["content/x.md"].authors == (("", "Ann Lee"),)
    assert posts["content/x.md"].content == "[y](/2010/12/04/y)\n"
    assert posts["content/y.md"].authors == (("", "Bo Chan"), ("", "Cy Diaz"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"---\ntitle: A\n---\nx", "it has no date: not in its fields, its file's name or its path"),
        (b"---\ndate: 2015-01-01\n---\nx", "it has no title"),
        (b"---\ntitle: null\ndate: 2015-01-01\n---\nx", "it has no title"),
        (b"---\ntitle: [a, b]\ndate: 2015-01-01\n---\nx", "its title is not text"),
        (b"+++\ntitle = true\ndate = 2015-01-01\n+++\nx", "its title is not text"),
        (b"---\ntitle: <script>alert(1)</script>\ndate: 2015-01-01\n---\nx", "its title has no text"),
        (b"---\ntitle: A\ndate: 2015-01-01\n---\n", "it has no text"),
        (b"---\ntitle: A\ndate: 2015-13-01\n---\nx", "the date '2015-13-01' does not exist (month must be in 1..12)"),
        (b"# Readme", "it has no front matter"),
        (b"---\ntitle: \xff\n---\n", "line 2: it is not UTF-8 (byte 11)"),
        (b"---\ntitle: A\ndate: 2015-01-01\n---\n" + b"x" * 5_000_001, "it is larger than 5 MB"),
        (b"---\ntitle: " + b"x" * 1500 + b"\ndate: 2015-01-01\n---\nx", "its title is longer than 1000 characters"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why_and_stops_no_other(
    write: Write, tmp_path: Path, text: bytes, reason: str
) -> None:
    write("posts/bad.md", text)
    write("posts/good.md", "---\ntitle: Good\ndate: 2015-01-01\n---\nx\n")
    blog = read(tmp_path)
    problems = {path: str(problem) for path, problem in blog.problems.items()}
    for post in blog.posts:
        try:
            blog.parse(post, NOW)
        except Exception as problem:  # noqa: BLE001 - the importer's own kind is compared by its text
            problems[post.path] = str(problem)
    assert problems == {"posts/bad.md": reason}
    assert "posts/good.md" in {post.path for post in blog.posts}


def test_links_out_of_the_folder_are_not_followed(write: Write, tmp_path: Path) -> None:
    write("secret/x.md", "---\ntitle: Secret\ndate: 2015-01-01\n---\nx\n")
    write("blog/posts/a.md", "---\ntitle: A\ndate: 2015-01-01\n---\nx\n")
    (tmp_path / "blog/posts/link.md").symlink_to(tmp_path / "secret/x.md")
    (tmp_path / "blog/posts/folder").symlink_to(tmp_path / "secret")
    (tmp_path / "blog/posts/loop.md").symlink_to("loop.md")
    blog = read(tmp_path / "blog/posts")
    assert [post.path for post in blog.posts] == ["posts/a.md"]
    assert str(blog.problems["posts/link.md"]) == "it is a link to a file outside of the folder"
    assert "posts/loop.md" in blog.problems


def test_titles_are_plain_and_of_one_line(write: Write, tmp_path: Path) -> None:
    write("a.md", '---\ntitle: "  The `x`\n  &amp; <em>y</em>"\ndate: 2015-01-01\n---\nx\n')
    assert only(read(tmp_path)).title == "The x & y"


def test_a_title_may_be_the_first_heading_and_is_not_shown_twice(write: Write, tmp_path: Path) -> None:
    write("a.md", "---\ndate: 2015-01-01\n---\n# My *title*\n\nText\n")
    assert (only(read(tmp_path)).title, only(read(tmp_path)).content) == ("My title", "Text\n")


def test_a_long_title_is_cut_between_words(write: Write, tmp_path: Path) -> None:
    write("a.md", f"---\ntitle: {'word ' * 100}\ndate: 2015-01-01\n---\nx\n")
    title = only(read(tmp_path)).title
    assert len(title) <= 300
    assert title.endswith("word…")


def test_a_standfirst_is_plain_text_and_no_stub(write: Write, tmp_path: Path) -> None:
    write(
        "a.md",
        "---\ntitle: A\ndate: 2015-01-01\ndescription: tbd\n"
        "excerpt: '<p>What *it* is about, [all](x).</p><p>More</p>'\n---\nx\n",
    )
    assert only(read(tmp_path)).standfirst == "What it is about, all."


@pytest.mark.parametrize("author", ["author: ~", "author: null", "authors: [null, true]", "author: true", "author:"])
def test_what_names_nobody_leaves_the_blogs_own_author(write: Write, tmp_path: Path, author: str) -> None:
    write("_config.yml", "author: Ann Lee\n")
    write("_posts/2015-01-01-a.md", f"---\ntitle: A\n{author}\ntags: [null, x, ~]\n---\nx {{{{ page.tags }}}}\n")
    assert only(read(tmp_path)).authors == (("", "Ann Lee"),)
    assert only(read(tmp_path)).tags == ("x",)


@pytest.mark.parametrize("author", ["jd, ab", "jd; ab", "jd and ab", "JD & AB"])
@pytest.mark.parametrize("head", ["key,name", "name,full_name"])
def test_several_keys_in_one_string(write: Write, tmp_path: Path, author: str, head: str) -> None:
    write("_posts/2015-01-01-a.md", f"---\ntitle: A\nauthor: {author}\n---\nx\n")
    write("_data/authors.csv", f"{head}\njd,John Doe\nab,Ann Bee\n")
    assert [name for _, name in only(read(tmp_path)).authors] == ["John Doe", "Ann Bee"]


def test_tags_that_differ_in_a_mark_are_several(write: Write, tmp_path: Path) -> None:
    write("_posts/2015-01-01-a.md", "---\ntitle: A\ntags: [C++, 'C#', C]\n---\nx\n")
    assert only(read(tmp_path)).tags == ("C++", "C#", "C")


def test_the_future_is_a_draft(write: Write, tmp_path: Path) -> None:
    write("a.md", "---\ntitle: A\ndate: 2100-01-01\n---\nx\n")
    assert only(read(tmp_path)).draft


def test_a_right_to_left_language(write: Write, tmp_path: Path) -> None:
    write("a.md", "---\ntitle: A\ndate: 2015-01-01\nlocale: ar_EG\n---\nx\n")
    assert (only(read(tmp_path)).language, only(read(tmp_path)).direction) == ("ar-EG", "rtl")
