"""Plain text as readers, addresses and columns need it: one spelling, no invisible trouble."""

import re
import unicodedata
from urllib.parse import unquote, urlsplit

WORDS_A_MINUTE = 230
# Chinese and Japanese are counted in characters, as they write no spaces.
CHARACTERS_A_MINUTE = 500

# C0 and C1 controls but tab and newline, byte order marks, and the non-characters of Unicode 15, section 23.7.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Overrides turn "(fdp.exe" round to the eye and in code (CVE-2021-42574); prose in any script needs none.
_OVERRIDES = re.compile("[\u202d\u202e]")
# In one line beside other text every embedding or isolate could swallow its neighbours.
_BIDI_SPANS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Letters and signs by their category, and nothing to the eye: fillers of Hangul, the empty pattern of Braille, the mark
# of an object (Unicode 15, section 23.7, "default ignorable").
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0\ufffc"
_BLANK = re.compile(f"[{_BLANKS}]")
_SPACES = re.compile(r"\s+")
_NOT_IN_SLUGS = re.compile(r"[\W_]+")
# "C++", "C#" and "C" are three things, as are "C++20" and "C20"; "rock+roll" and "#1" are words and numbers.
_MARKS_OF_NAMES = re.compile(r"(?<=[^\W_])(?:[+#]{1,3}(?![\w+#])|\+\+(?=\d))")
_NAMES_OF_MARKS = {"+": "-plus", "#": "-sharp"}
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORDS = re.compile(r"\w+(?:['’]\w+)*")


def fold(text: str) -> str:
    """Return the spelling that compares without regard to case: NFC, case-folded (Unicode 15, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def is_visible(text: str) -> bool:
    """Tell whether there is anything to see in a text: a letter, a number, a sign of any script."""
    # The first letter of nearly every text settles it.
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANKS for sign in text)


def straighten(text: str, *, line: bool) -> str:
    """Return text without the invisible signs that turn letters round: in one line more do harm than in prose."""
    return (_BIDI_SPANS if line else _OVERRIDES).sub("", text)


def clean_body(text: str) -> str:
    """Return text of many lines in NFC, with line feeds between them, without control characters or overrides.

    Other marks of direction stay: Arabic and Hebrew prose needs them, and a paragraph ends what they open. Text in
    which there is nothing to see is none.
    """
    text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", straighten(text, line=False)) if is_visible(text) else ""


def clean_line(text: str) -> str:
    """Return text as one line in NFC, spaces folded, without controls or marks that turn its neighbours round."""
    return _SPACES.sub(" ", straighten(clean_body(text), line=True)).strip()


def slugify(text: str, limit: int = 100) -> str:
    """Return letters and digits of any script, folded, joined by hyphens, at most `limit` long; "" when none are left.

    A dot becomes a hyphen too: a slug that ends in ".css" would be a file to caches on the way. A plus or a sharp that
    ends a word is named: "c-plus-plus".
    """
    named = _MARKS_OF_NAMES.sub(lambda marks: "".join(_NAMES_OF_MARKS[mark] for mark in marks[0]) + "-", fold(text))
    slug = _NOT_IN_SLUGS.sub("-", _BLANK.sub("", named)).strip("-")
    if len(slug) <= limit:
        return slug
    cut = slug[: limit + 1].rpartition("-")[0]
    return cut if len(cut) >= limit // 2 else slug[:limit].strip("-")


def numbered(slug: str, number: int, limit: int = 100) -> str:
    """Return the slug for the `number`-th of a name: "x", "x-2", "x-3" …, within the limit."""
    if number == 1:
        return slug
    suffix = f"-{number}"
    return slug[: limit - len(suffix)].rstrip("-") + suffix


def fold_address(address: str) -> str:
    """Return the one spelling of an address on this site: its path, decoded, folded, without slash at the end.

    "" for what has no path of its own (the root, other kinds of addresses).
    """
    try:
        path = urlsplit(address.strip()).path
    except ValueError:
        return ""
    path = clean_line(unquote(path)).removesuffix("/index.html").strip("/")
    return "/" + fold(re.sub(r"/{2,}", "/", path)) if path else ""


def shorten(text: str, limit: int) -> str:
    """Return the text, cut between words and ended by "…" where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[:limit].rpartition(" ")[0]
    return (cut if len(cut) >= limit // 2 else text[: limit - 1]).rstrip(" ,;:–—-") + "…"


def reading_minutes(text: str) -> int:
    """Return how many minutes a text takes to read, at least 1."""
    characters = len(_CJK.findall(text))
    words = len(_WORDS.findall(_CJK.sub(" ", text)))
    return max(1, round(words / WORDS_A_MINUTE + characters / CHARACTERS_A_MINUTE))
