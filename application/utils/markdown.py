"""Markdown to safe HTML. Pure, and safe to call from several threads at once."""

import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore, linkify, normalize
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from application.utils.collecting import collection_paused
from application.utils.raw_html import SILENT, RawHtml
from application.utils.sanitising import TAGS, plain_text, sanitise
from application.utils.text import clean_body, clean_line, slugify

__all__ = ["RENDERER", "TooSlowError", "first_paragraph", "inline_text", "plain_text", "render"]

RENDERER = 2
"""Counts changes of what is rendered from the same Markdown; stored articles name it in their hash."""

MAX_NESTING = 40
"""Levels of quotes and lists; deeper ones are text. Far above what people write, far below Python's stack."""

LONGEST_SECONDS = 5.0
"""Of a processor, for one text. A megabyte of prose takes half of one, open brackets twenty, tables minutes."""

STEPS_A_LOOK = 64
"""Steps of the parser between two looks at the clock."""

SHORTEST_PARAGRAPH = 40
"""Characters below which a first paragraph is a greeting or a date."""

_HEADING_ID = re.compile(r"\s*\{:?\s*#([\w.:-]+)[^{}]*\}\s*$")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_ALIGNMENT = re.compile(r"text-align:(right|center)")
_TASK = re.compile(r"\[([ xX])\]\s+")
_LONG_WORD = re.compile(r"\S{2000}")
_TAG_NAME = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_FIRST_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_FOOTNOTE_REFERENCE = re.compile(r'<sup class="footnote-ref">.*?</sup>')
_KINDS = {"fence": "fence", "code_block": "indented", "html_block": "html", "inline": "text", "table_open": "text"}
_MARKS = str.maketrans("+#", "  ")
_PLAIN = frozenset({"text", "code_inline", "text_special"})

# A parser's link finder keeps its place in itself, so no two threads may share one.
_idle: deque[MarkdownIt] = deque(maxlen=8)


class TooSlowError(ValueError):
    """The text is made in a way that takes the parser too long; its words are for the writer."""

    def __init__(self) -> None:
        super().__init__(
            "This takes too long to lay out: are there brackets that nobody closes, or very many cells of tables?"
        )


def render(markdown: str) -> str:
    """Return Markdown (CommonMark, tables, footnotes, definition and task lists, raw HTML) as safe HTML.

    Raises `TooSlowError` for a text that takes a processor more than `LONGEST_SECONDS`.
    """
    parser = _take()
    with collection_paused():
        html = str(parser.render(clean_body(markdown), {"raw": RawHtml(), "clock": _Clock()}))
    _idle.append(parser)
    return sanitise(html)


def inline_text(markdown: str) -> str:
    """Return one line of Markdown, as in a title, as plain text; angle brackets that are no HTML stay."""
    parser = _take()
    tokens = parser.parseInline(clean_line(markdown), {})
    _idle.append(parser)
    return clean_line("".join(_texts(tokens[0].children or [])))


def first_paragraph(html: str) -> str:
    """Return the plain text of the first paragraph that says something, "" when there is none."""
    texts = (plain_text(_FOOTNOTE_REFERENCE.sub("", m[1])) for m in _FIRST_PARAGRAPH.finditer(html))
    found = [" ".join(text.split()) for text in texts if text and not text.startswith("Image: ")]
    # "Hello everyone!" is a paragraph too.
    return next((text for text in found if len(text) >= SHORTEST_PARAGRAPH), found[0] if found else "")


def blocks(markdown: str) -> list[tuple[str, int, int]]:
    """Return the blocks of cleaned Markdown as (kind, first line, line after).

    The kinds are "fence", "indented" (both are code), "html" and "text".
    """
    parser = _take()
    state = StateCore(markdown, parser, {})
    normalize(state)
    parser.block.parse(state.src, parser, state.env, state.tokens)
    _idle.append(parser)
    return [(_KINDS[t.type], t.map[0], t.map[1]) for t in state.tokens if t.type in _KINDS and t.map]


class _Clock:
    """Ends what takes this thread too long; what other threads take meanwhile does not count."""

    def __init__(self) -> None:
        self._end = time.thread_time() + LONGEST_SECONDS
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        if self._steps % STEPS_A_LOOK == 0:
            self.look()

    def look(self) -> None:
        if time.thread_time() > self._end:
            raise TooSlowError


def _take() -> MarkdownIt:
    try:
        return _idle.pop()
    except IndexError:
        return _build()


def _build() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "linkify": True, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough", "linkify"])
    # A footnote within the text would be parsed by a parser of its own for each level: no bound on the stack.
    parser.use(footnote_plugin, inline=False).use(deflist_plugin)
    # Only what is written as an address is one: "main.py" and "example.rs" are names of files.
    finder = parser.linkify
    if finder is not None:
        finder.set({"fuzzy_link": False, "fuzzy_email": False})
        finder.add("//", None).add("ftp:", None)
    # The sanitiser judges addresses; refused here, a link would stand there as source text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 - the name is markdown-it's
    parser.block.ruler.before("table", "too_deep", _too_deep)
    parser.block.ruler.before("table", "clock", _step_of_blocks)
    parser.inline.ruler.before("text", "clock", _step_of_text)
    parser.inline.ruler.disable("linkify")
    parser.core.ruler.at("linkify", _linkify)
    parser.core.ruler.push("finish", _finish_tokens)
    parser.add_render_rule("html_block", _raw)
    parser.add_render_rule("html_inline", _raw)
    parser.add_render_rule("footnote_anchor", _footnote_anchor)
    return parser


def _too_deep(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Take all the rest as one paragraph where the parser would soon drop it without a word."""
    # A list and its item are two levels at once.
    if silent or state.level < MAX_NESTING - 2:
        return False
    state.line = last
    state.push("paragraph_open", "p", 1).map = [first, last]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(first, last, state.blkIndent, False).strip()
    inline.map, inline.children = [first, last], []
    state.push("paragraph_close", "p", -1)
    return True


def _step_of_blocks(state: StateBlock, _first: int, _last: int, _silent: bool) -> bool:
    # A table of many cells is one step.
    if isinstance(clock := state.env.get("clock"), _Clock):
        clock.look()
    return False


def _step_of_text(state: StateInline, _silent: bool) -> bool:
    if isinstance(clock := state.env.get("clock"), _Clock):
        clock.step()
    return False


def _finish_tokens(state: StateCore) -> None:
    if isinstance(clock := state.env.get("clock"), _Clock):
        clock.look()
    used: Counter[str] = Counter()
    for position, token in enumerate(state.tokens):
        match token.type:
            case "heading_open":
                token.attrSet("id", _heading_id(state.tokens[position + 1], used))
            case "th_open" | "td_open":
                side = _ALIGNMENT.search(str(token.attrs.pop("style", "")))
                if side:
                    token.attrSet("class", f"align-{side[1]}")
            case "fence":
                # "rust,ignore", "{.python hl_lines=…}", "js{1,3}" are all seen.
                language = _LANGUAGE.search(token.info.lstrip("{. "))
                token.info = language[0].lower() if language else ""
            case "inline" if token.children:
                if position > 1 and state.tokens[position - 2].type == "list_item_open":
                    _set_task(token.children[0])
                token.children = list(_without_silent(token.children))


def _linkify(state: StateCore) -> None:
    """Make links of bare addresses, but not within words so long that the search would take quadratic time."""
    held = {i: t.children for i, t in enumerate(state.tokens) if t.type == "inline" and _LONG_WORD.search(t.content)}
    for position in held:
        state.tokens[position].children = []
    linkify(state)
    for position, children in held.items():
        state.tokens[position].children = children


def _set_task(first: Token) -> None:
    # A box that cannot be ticked is no form: a sign says the same, and needs no label.
    task = _TASK.match(first.content) if first.type == "text" else None
    if task:
        first.content = ("☐ " if task[1] == " " else "☑ ") + first.content[task.end() :]


def _heading_id(inline: Token, used: Counter[str]) -> str:
    last = inline.children[-1] if inline.children else None
    given = _HEADING_ID.search(last.content) if last is not None and last.type == "text" else None
    if given and last is not None:
        last.content = last.content[: given.start()]
    # The anchor of "C++" is the one that links of other systems lead to: "c".
    text = "".join(_texts(inline.children or [])).translate(_MARKS)
    name = given[1] if given else slugify(text, 60) or "section"
    used[name] += 1
    return name if used[name] == 1 else f"{name}-{used[name]}"


def _without_silent(tokens: Sequence[Token]) -> Iterator[Token]:
    """Drop scripts and the like with what stands between their tags; without its end, such a tag is text."""
    closers = {name: i for i, token in enumerate(tokens) if (name := _silent_name(token, "/"))}
    resume = 0
    for position, token in enumerate(tokens):
        if position < resume:
            continue
        name = _silent_name(token, "")
        if name and closers.get(name, -1) > position:
            # The last closer, so that an unclosed one in between hides nothing that a browser would show.
            resume = closers[name] + 1
        elif name:
            token.type = "text"
        yield token


def _silent_name(token: Token, slash: str) -> str:
    found = _TAG_NAME.match(token.content) if token.type == "html_inline" else None
    return found[2].lower() if found and found[1] == slash and found[2].lower() in SILENT else ""


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in _PLAIN:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield " "
        elif token.type == "image":
            yield from _texts(token.children or [])
        elif token.type == "html_inline":
            name = _TAG_NAME.match(token.content)
            # A script's beginning stands for the whole of it here: what is not for readers is gone.
            is_known = name is None or name[2].lower() in TAGS or (not name[1] and name[2].lower() in SILENT)
            yield "" if is_known else token.content


def _raw(_renderer: RendererHTML, tokens: Sequence[Token], position: int, _options: OptionsDict, env: EnvType) -> str:
    raw, content = env["raw"], tokens[position].content
    return raw.rewrite(content) if isinstance(raw, RawHtml) else escape(content)


def _footnote_anchor(
    _renderer: RendererHTML, tokens: Sequence[Token], position: int, _options: OptionsDict, _env: EnvType
) -> str:
    note, place = int(tokens[position].meta["id"]) + 1, int(tokens[position].meta["subId"])
    target = f"fnref{note}:{place}" if place else f"fnref{note}"
    return f' <a href="#{target}" class="footnote-backref" aria-label="Back to the text, note {note}">↩︎</a>'
