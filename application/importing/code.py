"""Code in a post is put aside while its other text is changed, and put back as it was."""

import re
from collections import defaultdict
from itertools import accumulate

from application.utils.markdown import blocks

HTML_START, HTML_END = "\ufdd2", "\ufdd3"
"""Stand around blocks of raw HTML, in which Markdown would show as it is."""

# Non-characters: no cleaned text has them (Unicode 15, section 23.7).
GONE = "\ufdd6"
"""Stands where a tag vanished from raw HTML: no blank line may come of it, which would end the block."""

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_BRACES = str.maketrans({"{": "\ufdd4", "}": "\ufdd5"})
_UNBRACES = str.maketrans({"\ufdd4": "{", "\ufdd5": "}", HTML_START: None, HTML_END: None, GONE: None})

_TICKS = re.compile("`+")
_HELD = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_CODE_TAG = re.compile(r"<(pre|code)\b", re.IGNORECASE)
_VERBATIM = re.compile(r"\{%-?\s*(end)?(raw|verbatim)\s*-?%\}")
_HIGHLIGHT = re.compile(
    r"\{%-?\s*(?P<end>end)?(?P<name>highlight|codeblock)\b(?P<args>[^%\n]*)%\}"
    r"|\{\{[<%]\s*(?P<slash>/)?\s*highlight\b(?P<hugo>[^>%\n]*)[>%]\}\}"
)
_LANGUAGE = re.compile(r"""(?:lang(?:uage)?\s*[:=]\s*)?["']?([\w+#.-]+)""")


def protect_verbatim(text: str) -> str:
    """Take the marks of `{% raw %}` away; the braces between them are no tags any more until `restore`."""
    out: list[str] = []
    position, inside = 0, False
    for mark in _VERBATIM.finditer(text):
        if bool(mark[1]) != inside:
            continue
        piece = text[position : mark.start()]
        out.append(piece.translate(_BRACES) if inside else piece)
        position, inside = mark.end(), not inside
    return "".join(out) + text[position:]


def fence_highlights(text: str) -> str:
    """Make fenced code of `{% highlight %}`, `{% codeblock %}` and Hugo's `highlight`."""
    if not _HIGHLIGHT.search(text):
        return text
    code = _Ranges(code_ranges(text))
    out: list[str] = []
    position = 0
    opener: re.Match[str] | None = None
    for mark in _HIGHLIGHT.finditer(text):
        closes = mark["end"] or mark["slash"]
        if opener is None and not closes and not code.holds(mark.start()):
            opener = mark
        elif opener is not None and closes:
            out += [text[position : opener.start()], _fence(text, opener, mark)]
            position, opener = mark.end(), None
    return "".join(out) + text[position:]


def _fence(text: str, opener: re.Match[str], closer: re.Match[str]) -> str:
    content = text[opener.end() : closer.start()].strip("\n").rstrip()
    line_start = text.rfind("\n", 0, opener.start()) + 1
    before = text[line_start : opener.start()]
    indent = before if not before.strip() else ""
    language = _LANGUAGE.match((opener["args"] or opener["hugo"] or "").strip())
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(content)), default=0))
    lines = [line if line.startswith(indent) or not line.strip() else indent + line for line in content.split("\n")]
    start = "" if before == indent else "\n\n"
    return f"{start}{ticks}{language[1] if language else ''}\n" + "\n".join(lines) + f"\n{indent}{ticks}\n"


def hold(text: str) -> tuple[str, list[str]]:
    """Return the text with code replaced by marks and raw HTML blocks marked, and the pieces of code."""
    held: list[str] = []
    changes = [(start, end, True) for start, end in code_ranges(text)]
    offsets = _offsets(text)
    for kind, first, after in blocks(text):
        if kind == "html":
            changes += [(offsets[first], offsets[first], False), (offsets[after] - 1, offsets[after] - 1, False)]
    out: list[str] = []
    position, inside_html = 0, False
    for start, end, is_code in sorted(changes):
        if start < position:
            continue
        out.append(text[position:start])
        if is_code:
            out.append(f"{_OPEN}{len(held)}{_CLOSE}")
            held.append(text[start:end])
        else:
            out.append(HTML_END if inside_html else HTML_START)
            inside_html = not inside_html
        position = end
    return "".join(out) + text[position:], held


def restore(text: str, held: list[str]) -> str:
    """Put the pieces of code back, and the braces of verbatim text."""
    return _HELD.sub(lambda mark: held[int(mark[1])], text).translate(_UNBRACES)


def code_ranges(text: str) -> list[tuple[int, int]]:
    """Return where code stands in Markdown: blocks, spans, `<pre>` and `<code>`; sorted, without overlaps."""
    offsets = _offsets(text)
    ranges: list[tuple[int, int]] = []
    for kind, first, after in blocks(text):
        start, end = offsets[first], offsets[after] - 1
        ranges += (
            [(start, end)] if kind in {"fence", "indented"} else _spans(text, start, end) if kind == "text" else []
        )
    ranges += _elements(text)
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if not merged or start >= merged[-1][1]:
            merged.append((start, end))
    return merged


def _offsets(text: str) -> list[int]:
    """Return where each line starts, and where one after the last would."""
    lengths = (len(line) + 1 for line in text.split("\n"))
    offsets = list(accumulate(lengths, initial=0))
    # The block parser may name a line beyond the last.
    return [*offsets, offsets[-1]]


def _spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    runs = [(run.start(), run.end()) for run in _TICKS.finditer(text, start, end)]
    later: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(runs) - 1, -1, -1):
        later[runs[index][1] - runs[index][0]].append(index)
    spans: list[tuple[int, int]] = []
    index = 0
    while index < len(runs):
        run_start, run_end = runs[index]
        same = later[run_end - run_start]
        while same and same[-1] <= index:
            same.pop()
        escaped = run_start > start and text[run_start - 1] == "\\"
        if same and not escaped:
            spans.append((run_start, runs[same[-1]][1]))
            index = same[-1]
        index += 1
    return spans


def _elements(text: str) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    lower, position = text.lower(), 0
    while opener := _CODE_TAG.search(text, position):
        start = text.find(">", opener.end()) + 1
        end = lower.find(f"</{opener[1].lower()}", start) if start else -1
        if end < 0:
            position = opener.end()
            if f"</{opener[1].lower()}" not in lower[position:]:
                break
            continue
        ranges.append((start, end))
        position = end
    return ranges


class _Ranges:
    """Tells, for rising positions, whether they lie within ranges."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._index = 0

    def holds(self, position: int) -> bool:
        while self._index < len(self._ranges) and self._ranges[self._index][1] <= position:
            self._index += 1
        return self._index < len(self._ranges) and self._ranges[self._index][0] <= position
