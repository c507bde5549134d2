"""By-lines: which people, and teams, a field of authors names.

The rule for several names in one string: pieces that are all keys of the table of names are those authors. Where there
is a ";", it alone parts names: "Smith, John; Doe, Jane" are two people, whose names are kept as written. Else they are
parted by ",", "and", "&" and "with". When it is not clear that a piece is a whole name, the string stays one name, so
that a by-line reads as its blog shows it:

- "The Rust Security and Cargo Teams": a part that ends in a plural ("Teams", "maintainers") takes in what stands before
  it, back to a part that begins with "the" or that is a team already.
- "The Trust and Safety Team": a part that ends in a team and does not begin with "the" takes in its one neighbour.
- "Department of Health and Human Services", "Smith & Sons": a body "of" or "for" something, and firms, stay whole.
- "Doe, Jane": two single words and a comma may be a family name and a given name.
- "Martin King, Jr." keeps its suffix; "Jane Doe, Director of Design" and "Jane Doe on behalf of the Council" are
  Jane Doe.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from application.utils.markdown import inline_text
from application.utils.text import clean_line

FIELDS = ("authors", "author", "byline", "by", "writers", "writer")
NAME_FIELDS = ("name", "full_name", "fullname", "display_name", "displayname", "title", "nick")
KEY_FIELDS = ("key", "id", "slug", "username", "login", "handle", "github")

_ADDRESSES = re.compile(
    r"\s*(?:<\s*(?:https?:|mailto:|www\.)[^<>]*>|<[^<>@\s]+@[^<>\s]+>"
    r"|\(\s*(?:https?://|mailto:|@)[^()]*\)|\(\s*[^()@\s]+@[^()\s]+\)|https?://\S+)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"\s*(?<!\S)[^\s@<>()]+@[^\s@<>()]+\.[a-z]{2,}(?!\S)", re.IGNORECASE)
_LEADING = re.compile(r"^(?:written\s+|posted\s+)?by:?\s+", re.IGNORECASE)
_QUALIFIER = re.compile(
    r",?\s+(?:on behalf of|in partnership with|in collaboration with|for and on behalf of)\s.*", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*,\s*(?:and|&)\s+|\s*,\s*|\s+(?:and|&|with)\s+", re.IGNORECASE)
_KEY_SEPARATOR = re.compile(r"\s*[;,]\s*|\s+(?:and|&)\s+", re.IGNORECASE)
_BOOLEANS = frozenset({"true", "false"})
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d|esq|mba|pe|rn|jd)\.?", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:directors?|managers?|editors?|engineers?|designers?|developers?|leads?|chiefs?|officers?|president|founders?"
    r"|head|ceo|cto|cio|cfo|coo|chair|chairman|chairwoman|chairperson|secretary|professor|researchers?|analyst|intern"
    r"|fellow|consultant|strategist|specialist|architect|administrator|commissioner|correspondent|reporter)\b",
    re.IGNORECASE,
)
_PLURAL = re.compile(
    r"\b(?:teams|groups|wgs|councils|committees|boards|departments|offices|divisions|units|labs|crews|squads|projects"
    r"|staff|editors|maintainers|contributors|developers|members|authors|organi[sz]ers|moderators|volunteers|admins)$",
    re.IGNORECASE,
)
_TEAM = re.compile(
    r"\b(?:team|group|wg|council|committee|board|department|office|division|unit|lab|crew|squad|project|initiative"
    r"|foundation|institute|agency|bureau|community|association|society|services|administration|automation)$",
    re.IGNORECASE,
)
_BODY_OF = re.compile(
    r"\b(?:department|ministry|office|bureau|institute|cent(?:er|re)|association|society|university|council|committee"
    r"|board|division|friends|school|college|academy|agency)\s+(?:of|for)\b",
    re.IGNORECASE,
)
_FIRM = re.compile(r"(?:co|inc|ltd|llc|sons|company|partners|associates|brothers|bros)\.?", re.IGNORECASE)


def authors_of(value: object, table: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (key, name) for each author of a field, in order, once each.

    `table` maps folded keys to names; an author that is none of its keys has "" as key.
    """
    found: dict[str, tuple[str, str]] = {}
    for key, name in _authors(value, table, 0):
        if name:
            found.setdefault((key or name).casefold(), (key, name))
    return list(found.values())


def _authors(value: object, table: Mapping[str, str], depth: int) -> Iterator[tuple[str, str]]:
    match value:
        case list() | tuple() if depth < 3:
            for item in value:
                yield from _authors(item, table, depth + 1)
        case dict():
            yield from _author_of_dict(value, table, depth)
        case str():
            text = clean_line(value)
            keys = [text] if text.casefold() in table else may_be_keys(text)
            if not all(key.casefold() in table for key in keys):
                keys = split_names(text)
            yield from (
                (key, table[key.casefold()]) if key.casefold() in table else ("", key) for key in keys if is_author(key)
            )
        case int() | float() if not isinstance(value, bool):
            yield "", str(value)


def _author_of_dict(value: dict[Any, Any], table: Mapping[str, str], depth: int) -> Iterator[tuple[str, str]]:
    fields = {str(key).lower(): item for key, item in value.items()}
    name = name_of(fields)
    key = next((clean_line(str(fields[k])) for k in KEY_FIELDS if isinstance(fields.get(k), str)), "")
    if name:
        yield "", name
    elif key:
        yield from _authors(key, table, depth)
    elif depth < 3:
        # "jane: {name: Jane Doe}": the keys are the authors.
        for inner_key, inner in value.items():
            if isinstance(inner, dict):
                inner_name = name_of({str(k).lower(): v for k, v in inner.items()})
                yield from [("", inner_name)] if inner_name else _authors(str(inner_key), table, depth + 1)


def may_be_keys(text: str) -> list[str]:
    """Return the pieces of a string as they stand, or the whole of it: some or all may be keys of a table."""
    return [key for key in _KEY_SEPARATOR.split(clean_line(text)) if key]


def is_author(value: object) -> bool:
    """Tell whether a field says something about authors; null, booleans and lists of nothing else do not."""
    if isinstance(value, list):
        return any(map(is_author, value))
    if isinstance(value, str):
        return value.strip().casefold() not in _BOOLEANS | {""}
    return bool(value) and not isinstance(value, bool)


def name_of(fields: Mapping[str, Any]) -> str:
    """Return the name that a record of a person holds, "" when it has none."""
    for field in NAME_FIELDS:
        if isinstance(fields.get(field), str) and fields[field].strip():
            return clean_name(fields[field])
        if isinstance(fields.get(field), dict):
            return name_of({str(k).lower(): v for k, v in fields[field].items()})
    given = next((fields[k] for k in ("first_name", "firstname", "first", "given", "given_name") if fields.get(k)), "")
    family = next((fields[k] for k in ("last_name", "lastname", "last", "family", "surname") if fields.get(k)), "")
    return clean_name(f"{given} {family}")


def clean_name(text: str) -> str:
    """Return a name without addresses, handles in brackets and markup."""
    return _without_addresses(text).removeprefix("@").strip(" ,;")


def _without_addresses(text: str) -> str:
    text = inline_text(clean_line(text)[:2000])
    text = clean_line(_MAIL.sub("", _ADDRESSES.sub("", text)))
    return _QUALIFIER.sub("", _LEADING.sub("", text)).strip(" ,;")


def split_names(text: str) -> list[str]:
    """Return the names in one string; see this module's rule."""
    text = _without_addresses(text)
    if ";" in text:
        return [name for part in text.split(";") if (name := clean_name(_without_role(part)))]
    pieces = _SEPARATOR.split(text)
    if len(pieces) == 1 or _may_be_family_name_first(text, pieces):
        return [name] if (name := clean_name(text)) else []
    joints = [joint[0] for joint in _SEPARATOR.finditer(text)]
    return [name for part in _joined(pieces, joints) if (name := clean_name(part))]


def _may_be_family_name_first(text: str, pieces: list[str]) -> bool:
    return len(pieces) == 2 and "," in text and not any(" " in piece for piece in pieces)


def _joined(pieces: list[str], joints: list[str]) -> list[str]:
    """Put back together what the separators parted wrongly."""
    parts = [pieces[0]]
    dropped = False
    for joint, piece in zip(joints, pieces[1:], strict=True):
        previous = parts[-1]
        if _SUFFIX.fullmatch(piece):
            parts[-1] = f"{previous}, {piece}"
        elif "," in joint and _is_role(piece):
            dropped = True
        elif dropped and "," not in joint:
            # "Director of Design and Research": still the role.
            continue
        elif _belongs_to(previous, joint, piece):
            parts[-1] = previous + joint + piece
        elif _PLURAL.search(piece) and not _begins_with_the(piece):
            parts[:] = _taken_in(parts, joints, pieces, piece)
        else:
            parts.append(piece)
            dropped = False
    return parts


def _without_role(part: str) -> str:
    name, comma, rest = part.partition(",")
    return name if comma and _is_role(rest) else part


def _is_role(piece: str) -> bool:
    return bool(_ROLE.search(piece)) and not _PLURAL.search(piece) and not _begins_with_the(piece)


def _belongs_to(previous: str, joint: str, piece: str) -> bool:
    if "," in joint or _begins_with_the(piece):
        # "The X and the Y Teams" alone goes on after "the".
        return bool(
            _PLURAL.search(piece) and _begins_with_the(previous) and not _TEAM.search(previous) and "," not in joint
        )
    if _FIRM.fullmatch(piece) or (_BODY_OF.search(previous) and not _TEAM.search(previous)):
        return True
    return bool(_TEAM.search(piece)) and not _TEAM.search(previous)


def _begins_with_the(piece: str) -> bool:
    return piece[:4].casefold() == "the "


def _taken_in(parts: list[str], joints: list[str], pieces: list[str], piece: str) -> list[str]:
    start = len(parts)
    while start and not _TEAM.search(parts[start - 1]) and not _PLURAL.search(parts[start - 1]):
        start -= 1
        if _begins_with_the(parts[start]):
            break
    if start == len(parts):
        return [*parts, piece]
    # The pieces between stand in the text as they were: find the joints again by position.
    last = pieces.index(piece)
    taken = piece
    for position in range(last - 1, last - 1 - (len(parts) - start), -1):
        taken = pieces[position] + joints[position] + taken
    return [*parts[:start], taken]
