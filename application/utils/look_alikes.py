"""Names that look like other names: letters of two alphabets in one word, and words that read as another's.

After Unicode Technical Standard 39, sections 4 and 5.2; the tables come with confusable_homoglyphs (decision 10).
"""

from confusable_homoglyphs.categories import unique_aliases
from confusable_homoglyphs.confusables import confusables_data

MIXED = "Use the letters of one alphabet: some look the same in another, and readers could take you for somebody else."

_ANYWHERE = frozenset({"COMMON", "INHERITED"})
# What Japanese, Chinese and Korean are written in, beside Latin letters.
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)


def look_alike_problem(name: str, reserved: frozenset[str]) -> str | None:
    """Say for what a folded name could be mistaken; None for one that stands for itself."""
    scripts = frozenset(unique_aliases(name)) - _ANYWHERE
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return MIXED
    latin = latin_reading(name)
    if not reserved.isdisjoint(_readings(latin)):
        return "This name looks like one that is kept for the site itself; please choose another."
    if "LATIN" not in scripts and not name.isascii() and latin.isascii():
        return f"In Latin letters this name reads “{latin}”, so it could be taken for somebody else’s; add to it."
    return None


def latin_reading(name: str) -> str:
    """Return what a reader of Latin letters takes a name for."""
    return "".join(map(_latin_letter, name))


def _latin_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    alike = (found["c"] for found in confusables_data.get(letter, ()))
    return next((text for text in alike if text.isascii()), letter)


def _readings(latin: str) -> set[str]:
    """Return a name, and what it reads as where digits and pairs of letters stand for letters."""
    joined = latin.replace("0", "o").replace("rn", "m").replace("vv", "w")
    return {latin, joined, joined.replace("1", "l"), joined.replace("1", "i")}
