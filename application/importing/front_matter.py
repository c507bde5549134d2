"""The fields above a post: YAML, TOML, JSON or Pelican's headers. What does not parse is reported, never guessed."""

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from application.importing.problems import ImportProblem

LIMIT = 100_000
"""Characters of front matter; what is longer is no front matter, and parsers in Python take their time."""

MOST_DOTS = 500

_FENCE = re.compile(r"(---|\+\+\+)[ \t]*(yaml|yml|toml|json)?[ \t]*(?:\n|\Z)", re.IGNORECASE)
_CLOSERS = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE),
}
_HEADER = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)")
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A post taken apart. `fields` has lower-case keys; `kind` is the shape: yaml, toml, json or headers."""

    fields: dict[str, Any]
    body: str
    kind: str


def split(text: str) -> FrontMatter:
    """Take a post's text (lines ended by line feeds) apart. Raises `ImportProblem`."""
    start = len(text) - len(text.lstrip("\ufeff \t\n"))
    fence = _FENCE.match(text, start)
    if fence:
        return _fenced(text, fence)
    if text.startswith("{", start):
        return _json_first(text, start)
    return _headers(text[start:])


def _fenced(text: str, fence: re.Match[str]) -> FrontMatter:
    close = _CLOSERS[fence[1]].search(text, fence.end())
    first_line = text.count("\n", 0, fence.end())
    if close is None:
        raise ImportProblem(f"the front matter that {fence[1]} opens is not closed", max(first_line, 1))
    kind = (fence[2] or "yaml").lower().replace("yml", "yaml") if fence[1] == "---" else "toml"
    source = text[fence.end() : close.start()]
    if len(source) > LIMIT:
        raise ImportProblem(f"the front matter is longer than {LIMIT} characters")
    return FrontMatter(_fields(_PARSERS[kind], source, first_line), text[close.end() :].lstrip("\n"), kind)


def _json_first(text: str, start: int) -> FrontMatter:
    end = 0

    def parse(source: str) -> Any:
        nonlocal end
        value, end = json.JSONDecoder().raw_decode(source)
        return value

    fields = _fields(parse, text[start : start + LIMIT], text.count("\n", 0, start))
    return FrontMatter(fields, text[start + end :].lstrip("\n"), "json")


def _headers(text: str) -> FrontMatter:
    fields: dict[str, Any] = {}
    key, position = "", 0
    for line in text[:LIMIT].split("\n"):
        header = _HEADER.fullmatch(line)
        if header:
            key = header[1].lower()
            fields[key] = header[2].strip()
        elif key and line.startswith("    ") and line.strip():
            fields[key] += "\n" + line.strip()
        else:
            break
        position += len(line) + 1
    # Any prose may begin with "Note: …"; only a title makes it a header.
    if "title" not in fields:
        raise ImportProblem("it has no front matter")
    return FrontMatter(fields, text[position:].lstrip("\n"), "headers")


def _fields(parse: Callable[[str], Any], source: str, lines_before: int) -> dict[str, Any]:
    try:
        fields = parse(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem)))
        raise ImportProblem(
            f"the YAML front matter does not parse: {reason}", mark.line + 1 + lines_before if mark else None
        ) from error
    except yaml.YAMLError as error:
        raise ImportProblem(f"the YAML front matter does not parse: {' '.join(str(error).split())}") from error
    except json.JSONDecodeError as error:
        raise ImportProblem(
            f"the JSON front matter does not parse: {error.msg}", error.lineno + lines_before
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) + lines_before if place and place[1] else None
        raise ImportProblem(f"the TOML front matter does not parse: {_TOML_PLACE.sub('', str(error))}", line) from error
    except RecursionError as error:
        raise ImportProblem("the front matter is nested too deeply", lines_before + 1) from error
    except (ValueError, OverflowError) as error:
        raise ImportProblem(f"the front matter does not parse: {error}", lines_before + 1) from error
    if not isinstance(fields, dict):
        if fields in (None, ""):
            return {}
        raise ImportProblem("the front matter is not a set of fields", lines_before + 1)
    return {str(key).lower(): value for key, value in fields.items()}


class _TextLoader(yaml.BaseLoader):
    """Makes texts, lists and dicts only; nothing written, `~` and `null` are None, but not in quotes."""


_NULL = "tag:yaml.org,2002:null"
_TextLoader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_TextLoader.add_constructor(_NULL, lambda _loader, _node: None)


def load_yaml(source: str) -> Any:
    """Parse YAML with every scalar as the text it is: a title "1.0" stays one, "no" is a language, not a lie.

    Only null is no text: it is None.

    The parser is the one in Python: the faster one in C overflows its stack on deep nesting and ends the process.
    """
    return yaml.load(source, Loader=_TextLoader)  # noqa: S506 - it makes texts, lists and dicts only


def load_toml(source: str) -> Any:
    """Parse TOML. A key of thousands of parts takes the parser minutes, so a line with as many dots is refused."""
    for number, line in enumerate(source.split("\n"), 1):
        if line.count(".") > MOST_DOTS:
            raise tomllib.TOMLDecodeError(f"Too many dots (at line {number}, column 1)")
    return tomllib.loads(source)


_PARSERS: dict[str, Callable[[str], Any]] = {"yaml": load_yaml, "toml": load_toml, "json": json.loads}
