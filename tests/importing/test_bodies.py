import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.importing.bodies import convert_body
from application.importing.expressions import Context
from application.utils.markdown import render
from application.utils.text import clean_body

NAMES = {"ann": "Ann Lee"}


def convert(text: str, *, commonmark: bool = False, **fields: object) -> str:
    context = Context(fields, NAMES, lambda reference: "/2016/07/26/a/" if "2016-07-26-a" in reference else "")
    return convert_body(text, context, lambda target: target, commonmark=commonmark).strip("\n")


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ('[x]({{ "/2015/07/08/y/" | url }})', "[x](/2015/07/08/y/)"),
        ("[x]({{ '/2015/07/08/y/' | relative_url }}#z)", "[x](/2015/07/08/y/#z)"),
        ("[x]({{site.baseurl}}/2015/y)", "[x](/2015/y)"),
        ("[x]({% post_url 2016-07-26-a %})", "[x](/2016/07/26/a/)"),
        ('[x]({{< ref "2016-07-26-a.md" >}})', "[x](/2016/07/26/a/)"),
        ('<img src="{{ "/a.gif" | url }}" alt="b">', '<img src="/a.gif" alt="b">'),
        ('{% image "a/b.png" "A cat" %}', "![A cat](a/b.png)"),
        ('{% image_with_class "b.png" "wide" "A cat" %}', "![A cat](b.png)"),
        ('{% img left /b.png 350 350 "Title" "A cat" %}', "![A cat](/b.png)"),
        (
            '{% include "figure.html",\n  image: "/b.png",\n  alt: "A cat",\n  caption: "Mine" %}',
            "![A cat](/b.png)\n*Mine*",
        ),
        ('{{< figure src="b.png" alt="A cat" >}}', "![A cat](b.png)"),
        ('{{ "https://www.youtube.com/embed/x" | embed: "A film" }}', "[A film](https://www.youtube.com/embed/x)"),
        ("{{< youtube dQw4w9WgXcQ >}}", "[Video (www.youtube.com)](https://www.youtube.com/watch?v=dQw4w9WgXcQ)"),
        ('{{ youtube(id="dQw4w9WgXcQ") }}', "[Video (www.youtube.com)](https://www.youtube.com/watch?v=dQw4w9WgXcQ)"),
        ("{% gist ann/0123abc %}", "[Embedded content (gist.github.com)](https://gist.github.com/ann/0123abc)"),
        ('by {{ "ann" | team_link }}', "by Ann Lee"),
        ('{{ "ann" | team_photo }}', ""),
        ("a {{ page.title }} b {{ page.nothing }}", "a T b "),
        ("{{ author | lookup: 'x' }}", ""),
        ("{% comment %}no {{ x }}{% endcomment %}yes", "yes"),
        ("{% for p in site.posts %}{{ p.title }}{% endfor %}yes", "yes"),
        ("{% if a %}one{% elsif b %}two{% else %}three{% endif %}", "one"),
        ("{% case a %}{% when 1 %}one{% when 2 %}two{% endcase %}", "one"),
        ("{% callout %}kept{% endcallout %} {{< note >}}too{{< /note >}}", "kept too"),
        ("{% box(x=1) %}\nkept\n{% end %}", "kept"),
        ("{# a comment #}yes", "yes"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{</* figure */>}}", "{{< figure >}}"),
        ("it's {% include don't.html %} fine", "it's  fine"),
        ("an open {{ stays", "an open {{ stays"),
        ('a[x](y){:target="_blank"} b\n{: .lead}', "a[x](y) b"),
        ("* TOC\n{:toc}\n\ntext", "text"),
        ("[TOC]\n\ntext\n\n<!--more-->\n\nrest", "text\n\nrest"),
        ("## A\n{: #b}\n", "## A {#b}"),
        ("{::comment}no{:/comment}yes", "yes"),
    ],
)
def test_tags_of_other_systems_do_not_show(tag: str, shown: str) -> None:
    assert convert(tag, title="T") == shown


@pytest.mark.parametrize(
    "code",
    [
        "```\n{{ x }} {% y %} [a]({{ b }})\n```",
        "~~~ yaml\nkey: ${{ secret }}\n~~~",
        "text `{{ x }}` and ``{% ` %}``",
        "text\n\n    {{ indented }}\n\ntext",
        "- item\n\n  ```\n  {{ x }}\n  ```",
        "<pre>{{ x }}</pre>",
        "a <code>{% x %}</code>",
    ],
)
def test_code_stays_as_it_is(code: str) -> None:
    assert convert(code, commonmark=True) == code
    assert convert(code) == code


def test_verbatim_marks_go_within_code_too() -> None:
    assert convert("```\n{% raw %}{{ x }}{% endraw %}\n```") == "```\n{{ x }}\n```"
    assert convert("`{% raw %}`", commonmark=True) == "`{% raw %}`"


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("{% highlight ruby linenos %}\nputs '{{ x }}'\n{% endhighlight %}", "```ruby\nputs '{{ x }}'\n```"),
        ("{% codeblock lang:js title %}\nx```\n{% endcodeblock %}", "````js\nx```\n````"),
        ('{{< highlight go "linenos=table" >}}\nx\n{{< /highlight >}}', "```go\nx\n```"),
        ("- a\n\n  {% highlight sh %}\n  ls\n  {% endhighlight %}", "- a\n\n  ```sh\n  ls\n  ```"),
    ],
)
def test_highlighted_code_becomes_fenced(tag: str, code: str) -> None:
    assert convert(tag) == code


def test_a_tag_that_vanishes_does_not_end_its_block_of_html() -> None:
    html = render(
        convert('<div>\n\t{{ "ann" | team_photo }}\n\t<blockquote>\n\t\tone\n\n\t\ttwo\n\t</blockquote>\n</div>')
    )
    assert "<pre" not in html
    assert re.search(r"<blockquote>\s*one\s*<p>two</p>\s*</blockquote>", html)


def test_a_picture_within_raw_html_is_html() -> None:
    assert '<img src="b.png" alt="A &quot;cat&quot;">' in convert(
        '<figure>\n{% image "b.png" \'A "cat"\' %}\n</figure>'
    )


def test_links_are_resolved_where_they_are_links() -> None:
    seen: list[str] = []

    def resolve(target: str) -> str:
        seen.append(target)
        return "/new"

    text = (
        "[a](b) ![c](<d e>) [f]: g\n\n[h]: i\n[^1]: note\n\n"
        "<a class=x href='j'>k</a> `[l](m)` [n](#o) {filename}p\n\n[q]({filename}r.md)"
    )
    changed = convert_body(text, Context(), resolve)
    assert sorted(seen) == ["b", "d e", "i", "j", "r.md"]
    assert "`[l](m)`" in changed
    assert "<a class=x href='/new'>" in changed


HOSTILE = {
    mark: mark * (100_000 // len(mark))
    for mark in [
        "{{",
        "{%",
        "{{ a }}",
        "{% if %}{% else %}",
        "{% raw %}",
        '{{ "a',
        "[a](",
        "`a",
        "<pre>",
        "{: .a",
        "[a]: b\n",
        "<a href='",
    ]
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=range(len(HOSTILE)))
def test_input_made_to_hurt_is_converted_within_bounds(text: str) -> None:
    convert(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "{{ ",
                " }}",
                "{% ",
                " %}",
                "{% raw %}",
                "{% endraw %}",
                "if",
                "endif",
                '"a.png"',
                "|",
                "```\n",
                "`",
                "\n",
                "<div>",
                "\n\n    ",
            ]
        )
        | st.text(max_size=10),
        max_size=30,
    ).map("".join),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_anything_converts_and_leaves_no_marks_of_ours(text: str, commonmark: bool) -> None:
    converted = convert(clean_body(text), commonmark=commonmark)
    assert not re.search("[\ufdd0-\ufdef]", converted)
