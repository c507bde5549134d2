"""The text of a post, as another system's Markdown, made into ours."""

import re
from collections.abc import Callable

from application.importing.code import GONE, HTML_END, HTML_START, fence_highlights, hold, protect_verbatim, restore
from application.importing.expressions import Context
from application.importing.html_blocks import dedent_html
from application.importing.links import rewrite_links
from application.importing.template_tags import replace_tags

_HEADING_ATTRIBUTES = re.compile(
    r"^(#{1,6} [^\n{}]{1,500})\n\{:?[ \t]*(#[\w.:-]{1,100})[^{}\n]{0,200}\}[ \t]*$", re.MULTILINE
)
_CONTENTS_LIST = re.compile(
    r"^[ \t]*(?:[*+-]|1\.)[ \t]+[^\n]{1,100}\n\{:\s*(?:\.no_toc|toc)\b[^}\n]*\}[ \t]*$", re.MULTILINE
)
_HIDDEN_LINES = re.compile(
    r"^[ \t]*(?:\{:[^{}\n]*\}|\{[.#][\w-][^{}\n]*\}|\[TOC\]|\[\[_?TOC_?\]\]|\$\{toc\}|\{\{TOC\}\}|:{3,}[^\n]*"
    r"|<!--\s{0,5}(?:more|excerpt|truncate|end_?excerpt|toc|summary|read ?more|teaser)\s{0,5}-->"
    r"|\{::?/?(?:comment|nomarkdown|options)[^{}\n]*\})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
# On a heading `{#id}` stays: it is an anchor to the renderer.
_SPAN_ATTRIBUTES = re.compile(
    r"(?<=[)\]*_`>])\{:?\s{0,3}(?:[.#][\w-]|[\w-]{1,30}=)[^{}\n]{0,300}\}|(?<!^)\{:\s{0,3}[.\w-][^{}\n]{0,300}\}"
)
_GONE_LINES = re.compile(f"^[ \\t]*{GONE}[ \\t{GONE}]*\\n", re.MULTILINE)
_MORE = re.compile(r"<!--\s{0,5}more\s{0,5}-->", re.IGNORECASE)
_COMMENT_BLOCK = re.compile(r"\{::comment\}|\{:/comment\}|\{:/\}")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def convert_body(text: str, context: Context, resolve: Callable[[str], str], *, commonmark: bool = False) -> str:
    """Return clean Markdown without other systems' tags; code stays as it is.

    `commonmark`: the blog's system is strict about Markdown, and knows no `{% raw %}`.
    """
    if not commonmark:
        text = protect_verbatim(text)
    if not commonmark:
        text = dedent_html(text)
    text, held = hold(fence_highlights(text))
    text = replace_tags(text, context)
    text = _GONE_LINES.sub("", text).replace(GONE, "")
    text = _without_kramdown(text)
    text = rewrite_links(text.replace(HTML_START, "").replace(HTML_END, ""), resolve)
    return restore(_BLANK_LINES.sub("\n\n", text), held).strip("\n") + "\n"


def _without_kramdown(text: str) -> str:
    text = _without_comments(text)
    text = _HEADING_ATTRIBUTES.sub(r"\1 {\2}", text)
    text = _HIDDEN_LINES.sub("", _CONTENTS_LIST.sub("", text))
    return _MORE.sub("", _SPAN_ATTRIBUTES.sub("", text))


def _without_comments(text: str) -> str:
    out: list[str] = []
    position, inside = 0, False
    for mark in _COMMENT_BLOCK.finditer(text):
        opens = mark[0] == "{::comment}"
        if opens == inside:
            continue
        if not inside:
            out.append(text[position : mark.start()])
        position, inside = mark.end(), opens
    # One that is never closed hides nothing.
    return "".join(out) + text[position:]
