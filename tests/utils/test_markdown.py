import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.utils import markdown
from application.utils.markdown import TooSlowError, first_paragraph, inline_text, plain_text, render
from application.utils.sanitising import ATTRIBUTES, TAGS


class Seen(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(html: str) -> set[str]:
    return {tag for tag, _ in Seen(html).tags}


def test_the_usual_markdown_is_there() -> None:
    html = render("**b** ~~s~~ `c`\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\nterm\n: meaning\n")
    assert "<strong>b</strong> <s>s</s> <code>c</code>" in html
    assert '<td class="align-right">2</td>' in html
    assert "<li>☑ done</li>" in html
    assert "<dd>meaning</dd>" in html


def test_a_footnote_leads_there_and_back() -> None:
    html = render("text[^1]\n\n[^1]: note")
    assert '<a href="#s-fn1" id="s-fnref1">[1]</a>' in html
    assert re.search(
        r'<li id="s-fn1" [^>]*><p>note <a href="#s-fnref1" [^>]*aria-label="Back to the text, note 1"', html
    )


def test_only_what_is_written_as_an_address_becomes_a_link() -> None:
    html = render("See https://example.org/x, main.py, example.rs and me@example.org.")
    assert re.findall(r'href="([^"]*)"', html) == ["https://example.org/x"]


def test_links_to_other_sites_are_told_apart() -> None:
    html = render(
        '[a](https://x.org) [b](/articles/y) [c](//z.org) <a href="/\\evil.org">d</a> <a href="/\t/e.org">e</a>'
    )
    outside = [a["href"] for _, a in Seen(html).tags if a.get("rel") == "nofollow noopener"]
    assert outside == ["https://x.org", "https://z.org", "https://evil.org", "https://e.org"]


def test_headings_begin_at_the_second_level_and_keep_their_structure() -> None:
    assert re.findall(r"<h(\d)", render("# a\n\n## b\n\n<h1>c</h1>\n")) == ["2", "3", "2"]
    assert re.findall(r"<h(\d)", render("### a\n\n#### b\n")) == ["2", "3"]


def test_ids_have_a_prefix_and_links_follow_them() -> None:
    html = render('# A title\n\n# A title\n\n# B {#given}\n\n[x](#given) <a name="old"></a> <div id="location">y</div>')
    assert re.findall(r' (?:id|name)="([^"]*)"', html) == ["s-a-title", "s-a-title-2", "s-given", "s-old", "s-location"]
    assert '<a href="#s-given">x</a>' in html


def test_a_wide_table_scrolls_in_a_region_that_a_keyboard_reaches() -> None:
    html = render("|a|\n|-|\n|1|\n\n<table><tr><td><table><tr><td>x</td></tr></table></td></tr></table>")
    assert re.findall(r'<div class="table" role="region" aria-label="(Table \d)" tabindex="0"><table>', html) == [
        "Table 1",
        "Table 2",
    ]
    assert html.count("</table></div>") == 2


def test_code_names_its_language_and_can_be_focused() -> None:
    html = render("```rust,ignore\nfn x() {}\n```\n")
    assert html == '<pre tabindex="0"><code class="language-rust">fn x() {}\n</code></pre>\n'


def test_pictures_of_other_places_become_links_or_their_text() -> None:
    assert 'href="https://x.org/a.png"' in render("![A cat](https://x.org/a.png)")
    assert "Image: A cat</a>" in render("![A cat](https://x.org/a.png)")
    assert '<span class="image">Image: A cat</span>' in render("![A cat](a.png)")
    assert render("![](a.png)").strip() == "<p></p>"
    linked = render("[![A badge](https://x.org/b.svg)](https://y.org)")
    assert linked.count("<a ") == 1
    assert '<img src="/static/a.webp" alt="A" loading="lazy">' in render("![A](/static/a.webp)")


def test_embeds_become_links() -> None:
    html = render('<iframe src="//www.youtube.com/embed/x" title="A film"></iframe>')
    assert '<a href="https://www.youtube.com/embed/x" rel="nofollow noopener">A film (www.youtube.com)</a>' in html
    assert "https://x.org/a.mp4" in render('<video controls><source src="https://x.org/a.mp4"></video>')
    assert 'href="https://gist.github.com/a/1"' in render('<script src="https://gist.github.com/a/1.js"></script>')
    assert "widgets" not in render('<script async src="https://platform.x.org/widgets.js"></script>')


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "a <script>alert(1)</script> b",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        '<a href="jAvaScript&colon;alert(1)">x</a>',
        '<a href="java\nscript:alert(1)">x</a>',
        '<div style="position:fixed" onclick="x()">y</div>',
        "<style>body{display:none}</style>",
        "<form action=/x><input name=y><button>z</button></form>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "![x](data:image/svg+xml;base64,AAAA)",
        '<base href="https://evil.org/"><meta http-equiv=refresh content="0;url=x">',
        '<a href="https://x" title="` onmouseover=alert(1) `">x</a>',
    ],
)
def test_nothing_that_acts_survives(attack: str) -> None:
    html = render(attack)
    assert tags(html) <= TAGS
    for tag, attributes in Seen(html).tags:
        assert attributes.keys() <= ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()) | {
            "rel",
            "class",
            "role",
            "aria-label",
            "tabindex",
        }
        assert not str(attributes.get("href", "")).lower().strip().startswith(("javascript", "data", "vbscript"))
    assert "alert(1)" not in html or "<script" not in html


def test_template_and_server_side_markers_are_inert() -> None:
    html = render('{{ x }} <!--#exec cmd="ls" --> <esi:include src="/account"/> {% y %}')
    assert "{{ x }}" in html
    assert "<!--" not in html
    assert "<esi" not in html


def test_a_type_in_angle_brackets_stays_to_be_read() -> None:
    assert "Vec&lt;T&gt;" in render("It is a Vec<T>, with a <title> that never ends.")
    assert "never ends" in render("It is a Vec<T>, with a <title> that never ends.")


def test_a_title_is_plain_text() -> None:
    title = inline_text("The *new* `Vec<T>` &amp; C<T>:\n <em>fast</em> [x](y) &#39;n&#39; snake_case")
    assert title == "The new Vec<T> & C<T>: fast x 'n' snake_case"


def test_the_first_paragraph_that_says_something() -> None:
    html = render("# A\n\nHello everyone!\n\nThis is what the article is about, in a sentence.[^1]\n\n[^1]: x")
    assert first_paragraph(html) == "This is what the article is about, in a sentence."
    assert first_paragraph("<h2>x</h2>") == ""


def test_plain_text_has_a_line_for_each_block() -> None:
    assert plain_text(render("# A & B\n\none *two*\n\n- x\n- y")) == "A & B\none two\nx\ny"


DEEP = {
    "quotes": "> " * 80_000,
    "lists": "- " * 80_000,
    "stairs": "".join(" " * (2 * i) + "- a\n" for i in range(300)),
    "brackets": "[" * 160_000,
    "pictures": "![[]()" * 25_000,
    "emphasis": "*a _b " * 25_000,
    "ticks": "".join("`" * i + "a" for i in range(550)),
    "tags": "<b><p>" * 25_000,
    "different tags": "".join(f"<b id={i}><p>" for i in range(12_000)),
    "boxes": "<div>" * 30_000,
    "comments": "<!--" * 40_000,
    "addresses": "http://a" * 20_000,
    "headings": "# a\n" * 40_000,
    "tasks": "- [ ] a\n" * 20_000,
    "footnotes": "[^a]: " * 25_000,
    "inline footnotes": "^[" * 80_000,
    "cells": "|a" * 3000 + "\n" + "|-" * 3000 + "\n" + "a\n" * 20_000,
}


WIDE_TABLE = "|a" * 300 + "\n" + "|-" * 300 + "\n" + "a\n" * 200 + "\n"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_input_made_to_hurt_is_rendered_within_bounds(source: str) -> None:
    # What takes too long is refused.
    with suppress(TooSlowError):
        assert len(render(source)) < 12_000_000


@pytest.mark.parametrize("source", ["[" * 50_000, "- a\n" * 50_000, WIDE_TABLE * 3, f"{WIDE_TABLE}\n[a]"])
def test_what_takes_too_long_is_refused(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "LONGEST_SECONDS", 0.01)
    with pytest.raises(TooSlowError):
        render(source)
    monkeypatch.undo()
    assert "short" in render("A short text.")


MARKS = st.text(alphabet="<>[](){}!*_`~#|:-=+ \n\t\"'/\\&;^$1axbé\u202e\x00", max_size=200)
PIECES = st.lists(
    st.sampled_from(
        ["<div>", "</div>", "<b>", "<table>", "<td>", "<script>", "</script>", "<a href='", "<!--", "-->", "<pre>"]
    )
    | MARKS,
    max_size=20,
).map("".join)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_anything_renders_to_known_tags_only(source: str) -> None:
    html = render(source)
    assert tags(html) <= TAGS
    assert not re.search(r"[\x00-\x08\u202e]", html)


@pytest.mark.parametrize("depth", [37, 38, 39, 40, 41, 5000])
@pytest.mark.parametrize("mark", ["> ", "- ", "> - ", "1. > "])
def test_what_is_nested_too_deeply_is_shown_as_text(mark: str, depth: int) -> None:
    html = render(mark * depth + "the depth <script>alert(1)</script>\n\nafter")
    assert "the depth" in plain_text(html)
    assert "after" in plain_text(html)
    assert "alert" not in html


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("<script>alert(1)</script>", ""),
        ("A <style>b {}</style>*title*", "A title"),
        ("The <script> tag and Vec<T>", "The <script> tag and Vec<T>"),
    ],
)
def test_plain_text_of_a_line_has_no_scripts(line: str, text: str) -> None:
    assert inline_text(line) == text


def test_an_anchor_is_what_links_of_other_systems_lead_to() -> None:
    assert 'id="s-using-c"' in render("# Using C++")


def test_threads_render_beside_each_other() -> None:
    source = "a https://x.org/y [b](https://z.org) " * 200
    expected = render(source)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(render, [source] * 40)) == {expected}
