"""The rules for the names under which people sign in and appear in addresses."""

import re
import unicodedata

from application.utils.text import fold

MIN_LENGTH = 2
MAX_LENGTH = 40

RULE = f"Use {MIN_LENGTH} to {MAX_LENGTH} letters and digits; a hyphen, underscore or full stop may stand between them."

# A reader would take these for the site itself, or they stand for nobody in particular.
RESERVED = frozenset(
    """
    about abuse account admin administration administrator administrators anonymous api author authors broadsheet
    contact deleted editor editorial editors guest help hello info login logout mail me moderator nobody noreply
    null official owner postmaster press privacy reader readers register root security site staff static stream
    support system tags team undefined unknown webmaster www
    """.split()  # noqa: SIM905 - easier to read and to sort
)

_SEPARATORS = "-_."
# Letters to Unicode, nothing to the eye: the Hangul fillers.
_BLANKS = "\u115f\u1160\u3164\uffa0"
_DOUBLED = re.compile(r"[-_.]{2}")


def fold_name(text: str) -> str:
    """Return the one spelling of a name, as accounts and profiles store it."""
    return fold(text.strip())


def problem_with(name: str) -> str | None:
    """Say what is wrong with a folded name, in words for the person who chose it; None when nothing is."""
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH or not all(map(_is_allowed, name)):
        return RULE
    # ".." would climb in an address, and a mark without its letter changes the character before it.
    if name[0] in _SEPARATORS or name[-1] in _SEPARATORS or _DOUBLED.search(name) or _is_mark(name[0]):
        return RULE
    if name in RESERVED:
        return "This name is kept for the site itself; please choose another."
    return None


def _is_allowed(character: str) -> bool:
    if character in _BLANKS:
        return False
    category = unicodedata.category(character)
    return character in _SEPARATORS or category[0] == "L" or category in {"Nd", "Mn", "Mc"}


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"
