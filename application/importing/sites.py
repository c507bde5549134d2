"""Where a blog begins, what its own settings say, and the tables of names that lie beside its posts."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from application.importing.authors import clean_name, name_of
from application.importing.front_matter import load_toml, load_yaml
from application.utils.text import clean_line

CONTENT_FOLDERS = frozenset({"content", "contents", "posts", "_posts", "_drafts"})
"""Names of folders that hold the posts of a blog but do not name it."""

_DATA_FOLDERS = ("data", "_data", "src/_data", "content/_data", "src/data")
_CONFIG_FILES = (
    "_config.yml",
    "_config.yaml",
    "hugo.toml",
    "hugo.yaml",
    "hugo.json",
    "config.toml",
    "config.yaml",
    "config.json",
    "zola.toml",
    "pelicanconf.py",
)
_PELICAN_SETTING = re.compile(r"""^(AUTHOR|SITEURL|DEFAULT_LANG)\s*=\s*(["'])(.*?)\2""", re.MULTILINE)
_MAX_BYTES = 1_000_000
_MAX_TABLES = 300


@dataclass(frozen=True, slots=True)
class Site:
    """A blog: its root, the folder of its posts, and what its settings say of them all ("" where nothing)."""

    root: Path
    content: Path
    base_url: str = ""
    author: object = ""
    language: str = ""
    time_zone: str = ""


def find_site(path: Path) -> Site:
    """Find the root of the blog that a file or folder belongs to, so that a part of it is known by the same paths."""
    root, content = find_folders(path)
    settings = _settings(root)
    params = settings.get("params")
    extra = params if isinstance(params, dict) else {}

    def first(*keys: str) -> Any:
        found = (settings.get(key) or extra.get(key) for key in keys)
        return next((value for value in found if value), "")

    base_url = str(first("base_url", "baseurl", "url", "siteurl"))
    if not base_url.startswith(("http://", "https://")):
        # Jekyll's "baseurl" is a path beneath its "url".
        base_url = str(first("url"))
    return Site(
        root=root,
        content=content,
        base_url=base_url if base_url.startswith(("http://", "https://")) else "",
        author=first("author", "authors"),
        language=str(first("lang", "language", "languagecode", "default_language", "locale", "default_lang")),
        time_zone=str(first("timezone")),
    )


def find_folders(path: Path) -> tuple[Path, Path]:
    """Return a blog's root, which stands above the nearest folder that only holds posts, and that folder.

    Both are the folder itself where there is none.
    """
    folder = path if path.is_dir() else path.parent
    candidates = [folder, *folder.parents][:5]
    nearest = next((i for i, candidate in enumerate(candidates) if candidate.name in CONTENT_FOLDERS), None)
    if nearest is None:
        return folder, folder
    while candidates[nearest].name in CONTENT_FOLDERS and nearest + 1 < len(candidates):
        nearest += 1
    return candidates[nearest], candidates[nearest - 1]


def _settings(root: Path) -> dict[str, Any]:
    for name in _CONFIG_FILES:
        text = _read(root / name)
        if text is None:
            continue
        if name.endswith(".py"):
            # A settings file that is a program is read, never run.
            return {m[1].lower(): m[3] for m in _PELICAN_SETTING.finditer(text)}
        settings = _parsed(name, text)
        if isinstance(settings, dict):
            return {str(key).lower(): value for key, value in settings.items()}
    return {}


def name_table(path: Path, root: Path, keys: Iterable[str]) -> dict[str, str]:
    """Return names by folded author key, from the data file at or above `path` whose keys fit best; {} if none fits."""
    wanted = {key.casefold() for key in keys if key}
    folder = path if path.is_dir() else path.parent
    for place in (folder, *folder.parents):
        best: dict[str, str] = {}
        for table in _tables(place, wanted):
            if len(wanted & table.keys()) > len(wanted & best.keys()):
                best = table
        if best or place == root:
            return best
    return {}


def _tables(place: Path, wanted: set[str]) -> Iterator[dict[str, str]]:
    for data_folder in _DATA_FOLDERS:
        folder = place / data_folder
        if not folder.is_dir() or folder.is_symlink():
            continue
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in _READERS and f.is_file())[:_MAX_TABLES]
        single: dict[Path, dict[str, str]] = {}
        for file in files:
            text = _read(file)
            if text is None or not _may_name(file, text, wanted):
                continue
            content = _parsed(file.name, text)
            yield from _tables_in(content)
            if isinstance(content, dict) and (name := _name(content)):
                # "authors/jane.yml": one person a file.
                single.setdefault(file.parent, {})[file.stem.casefold()] = name
        yield from single.values()


def _may_name(file: Path, text: str, wanted: set[str]) -> bool:
    """Tell whether a data file may be about the wanted people, for most are about something else, and long."""
    folded = text.casefold()
    return file.stem.casefold() in wanted or any(key in folded for key in wanted)


def _tables_in(content: object) -> Iterator[dict[str, str]]:
    if isinstance(content, dict):
        for inner in content.values():
            if isinstance(inner, (list, dict)):
                yield from _tables_of_rows(inner)
    yield from _tables_of_rows(content)


def _tables_of_rows(content: object) -> Iterator[dict[str, str]]:
    if isinstance(content, dict):
        people = {str(key).casefold(): _name(value) for key, value in content.items()}
        yield {key: name for key, name in people.items() if name}
    if not isinstance(content, list):
        return
    rows = [{str(k).lower(): v for k, v in row.items() if k} for row in content if isinstance(row, dict)]
    # Any column may hold the keys; the caller takes the table that fits the posts.
    for column in dict.fromkeys(key for row in rows for key in row):
        people = {str(row[column]).casefold(): _name_beside(column, row) for row in rows if row.get(column)}
        yield {key: name for key, name in people.items() if name}


def _name_beside(column: str, row: Mapping[str, Any]) -> str:
    """Return the name that a row gives in another column than its key's, if there is one."""
    return _name({key: value for key, value in row.items() if key != column}) or _name(row)


def _name(value: object) -> str:
    if isinstance(value, str):
        return clean_name(value)
    return name_of({str(k).lower(): v for k, v in value.items()}) if isinstance(value, Mapping) else ""


def _read(path: Path) -> str | None:
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return None
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _parsed(name: str, text: str) -> Any:
    """Return what a data file holds; None when it does not parse, for it need not be one of names."""
    try:
        return _READERS[Path(name).suffix.lower()](text)
    except (yaml.YAMLError, ValueError, RecursionError, csv.Error, OverflowError):
        return None


def _csv(text: str) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{clean_line(k): clean_line(v or "") for k, v in row.items() if isinstance(k, str)} for row in rows]


_READERS: dict[str, Callable[[str], Any]] = {
    ".csv": _csv,
    ".yml": load_yaml,
    ".yaml": load_yaml,
    ".toml": load_toml,
    ".json": json.loads,
}
