"""The pages that readers come for."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from application.data.models import Article, ArticleAuthor, ArticleTag, Profile, Tag
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in

START = datetime(2026, 8, 4, 22, 30, tzinfo=UTC)


def make_author(user_name: str = "ada", display_name: str = "Ada Lovelace", biography: str = "") -> Profile:
    profile = Profile(user_name=user_name, display_name=display_name, biography=biography)
    db.session.add(profile)
    db.session.commit()
    return profile


def publish(slug: str, *authors: Profile, minutes: int = 0, tags: tuple[Tag, ...] = (), **fields: str) -> Article:
    at = START + timedelta(minutes=minutes)
    values = {"title": f"Title of {slug}", "content": "Text.", "html": "<p>Text.</p>", **fields}
    article = Article(slug=slug, status="published", published_at=at, **values)
    article.authorships = [
        ArticleAuthor(profile=author, position=place, published_at=at) for place, author in enumerate(authors)
    ]
    article.taggings = [ArticleTag(tag=tag, published_at=at) for tag in tags]
    db.session.add(article)
    db.session.commit()
    return article


def titles(html: str) -> list[str]:
    links = [link["href"] for link in Markup(html).all("a")]
    return [link.removeprefix("/articles/") for link in links if link.startswith("/articles/") and "/edit" not in link]


def test_the_home_page_shows_the_newest_first(client: FlaskClient) -> None:
    for number in range(3):
        publish(f"article-{number}", minutes=number)
    answer = client.get("/")
    assert answer.status_code == 200
    assert titles(answer.text) == ["article-2", "article-1", "article-0"]


def test_a_home_page_without_articles_says_so(client: FlaskClient) -> None:
    assert "Nothing is published yet" in client.get("/").text


@pytest.mark.parametrize("address", ["/", "/articles_by/ada", "/tags/caching"])
def test_the_pages_of_a_list_show_every_article_once(client: FlaskClient, address: str) -> None:
    ada, tag = make_author(), Tag(slug="caching", name="Caching")
    for number in range(45):
        # Half of them share their minute with another, so that the id has to tell them apart.
        publish(f"article-{number:02}", ada, minutes=number // 2, tags=(tag,))
    seen: list[str] = []
    page: str | None = address
    sizes = []
    while page:
        html = client.get(page).text
        seen += titles(html)
        sizes.append(len(titles(html)))
        following = Markup(html).all("a", rel="next")
        page = following[0]["href"] if following else None
    assert seen == [f"article-{number:02}" for number in reversed(range(45))]
    assert sizes == [20, 20, 5]


def test_an_older_page_is_its_own_and_leads_back(client: FlaskClient) -> None:
    for number in range(21):
        publish(f"article-{number}", minutes=number)
    first = Markup(client.get("/").text)
    older = first.all("a", rel="next")[0]["href"]
    html = client.get(older).text
    assert Markup(html).all("link", rel="canonical")[0]["href"] == f"http://localhost{older}"
    assert "Earlier articles" in html
    assert "Newest articles" in html


@pytest.mark.parametrize("cursor", ["x", "-1", "20260804T223000000000Z-0", "20261304T223000000000Z-1", "9" * 300, "٢"])
@pytest.mark.parametrize("address", ["/", "/articles_by/ada", "/tags/caching"])
def test_a_made_up_cursor_is_refused(client: FlaskClient, address: str, cursor: str) -> None:
    publish("article", make_author(), tags=(Tag(slug="caching", name="Caching"),))
    assert client.get(address, query_string={"before": cursor}).status_code == 400


@pytest.mark.parametrize(
    "address", ["/articles/nothing", "/articles_by/nobody", "/tags/none", f"/articles/{'a' * 500}"]
)
def test_what_is_not_there_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_draft_is_not_found(client: FlaskClient) -> None:
    publish("draft").status = "draft"
    db.session.commit()
    assert client.get("/articles/draft").status_code == 404
    assert titles(client.get("/").text) == []


@pytest.mark.parametrize("kind", ["articles", "articles_by", "tags"])
def test_another_spelling_leads_to_the_one_address(client: FlaskClient, kind: str) -> None:
    decomposed = unicodedata.normalize("NFD", "Café")
    answer = client.get(f"/{kind}/{decomposed}")
    assert answer.status_code == 301
    assert answer.location == f"/{kind}/caf%C3%A9"


def test_the_cursor_survives_the_way_to_the_one_address(client: FlaskClient) -> None:
    answer = client.get("/articles_by/Ada?before=20260804T223000000000Z-1&utm_source=x")
    assert answer.location == "/articles_by/ada?before=20260804T223000000000Z-1"


def test_an_article_is_shown_whole(client: FlaskClient) -> None:
    ada, grace = make_author(), make_author("grace", "Grace Hopper")
    tag = Tag(slug="caching", name="Caching & co")
    article = publish(
        "first-read",
        ada,
        grace,
        tags=(tag,),
        title="1 < 2 & “so on”",
        standfirst="A <b>standfirst</b>.",
        html="<h2>Part</h2><p>Text <em>with</em> markup.</p>",
    )
    html = client.get("/articles/first-read").text
    page = Markup(html)
    assert "1 &lt; 2 &amp; “so on”</h1>" in html
    assert "A &lt;b&gt;standfirst&lt;/b&gt;." in html
    assert "<p>Text <em>with</em> markup.</p>" in html
    authors = [link["href"] for link in page.all("a") if "articles_by" in link["href"]]
    assert authors == ["/articles_by/ada", "/articles_by/grace"]
    assert page.all("a", rel="tag") == [{"href": "/tags/caching", "rel": "tag"}]
    assert page.all("time") == [{"datetime": "2026-08-04T22:30:00+00:00"}]
    assert page.all("form") == [{"method": "post", "action": f"/article_like/{article.article_id}"}]
    assert page.all("link", rel="canonical")[0]["href"] == "http://localhost/articles/first-read"


def test_an_article_leads_to_more_by_its_authors(client: FlaskClient) -> None:
    ada = make_author()
    for number in range(5):
        publish(f"article-{number}", ada, minutes=number)
    html = client.get("/articles/article-0").text
    assert "More by this author" in html
    assert titles(html)[-3:] == ["article-4", "article-3", "article-2"]


def test_a_list_names_the_first_of_many_authors_and_the_article_all(client: FlaskClient) -> None:
    publish("joint-work", *[make_author(f"author-{number}", f"Author {number}") for number in range(12)])
    assert "and 9 others" in client.get("/").text
    html = client.get("/articles/joint-work").text
    assert html.count('href="/articles_by/author-') == 12
    assert "others" not in html


def test_a_text_from_right_to_left_is_set_so(client: FlaskClient) -> None:
    publish("rtl", make_author(), title="لماذا", html="<p>نص</p>", language="ar", direction="rtl")
    page = Markup(client.get("/articles/rtl").text)
    assert page.all("div", class_="prose") == [{"class": "prose", "dir": "rtl", "lang": "ar"}]
    assert page.all("h1") == [{"lang": "ar"}]
    assert Markup(client.get("/").text).all("div", class_="card-text") == [{"class": "card-text", "dir": "rtl"}]


def test_an_author_s_page_tells_who_it_is(client: FlaskClient) -> None:
    make_author(biography="First <paragraph>.\n\nSecond.")
    html = client.get("/articles_by/ada").text
    assert "<p>First &lt;paragraph&gt;.</p><p>Second.</p>" in html
    assert "has not published anything here yet" in html


@pytest.mark.parametrize(
    "address", ["/", "/articles/article", "/articles_by/ada", "/tags/caching", "/about", "/privacy"]
)
def test_a_public_page_is_the_same_for_everybody(app: Flask, address: str) -> None:
    publish("article", make_author(), tags=(Tag(slug="caching", name="Caching"),))
    make_user("zuse", "author")
    member, stranger = app.test_client(), app.test_client()
    sign_in(member, "zuse")
    first = member.get(address)
    second = stranger.get(address)
    assert first.data == second.data
    assert "zuse" not in first.text
    for answer in (first, second):
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("address", ["/", "/articles/article", "/articles_by/ada", "/tags/caching"])
def test_a_page_is_sound_html_with_one_headline(client: FlaskClient, address: str) -> None:
    ada = make_author(biography="Text.")
    for slug in ("article", "another", "third"):
        publish(slug, ada, tags=(db.session.query(Tag).first() or Tag(slug="caching", name="Caching"),))
    page = Markup(client.get(address).text)
    assert page.faults == []
    assert len(page.all("h1")) == 1
    assert page.all("html")[0]["lang"]
    assert page.all("meta", name="description")[0]["content"]
    assert len(page.all("main")) == 1
