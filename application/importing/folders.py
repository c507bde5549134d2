"""The files of a blog, in a fixed order; nothing outside of its folder is read."""

import os
from collections.abc import Iterator
from pathlib import Path

from application.importing.problems import ImportProblem

MAX_BYTES = 5_000_000
SUFFIXES = frozenset({".md", ".markdown", ".mkd", ".mkdn", ".mdown", ".mdwn"})

_NOT_CONTENT = frozenset({"node_modules", "vendor", "archetypes", "themes", "_site", "_layouts", "_includes", "_sass"})


def markdown_files(path: Path) -> Iterator[Path]:
    """Give the Markdown files at or below a path, sorted by path, each once; links to folders are not followed."""
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_CONTENT)
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES:
                yield file


def read_text(path: Path, boundary: Path) -> str:
    """Return a file's text. Raises `ImportProblem` when it lies outside `boundary`, is too large or is not UTF-8."""
    try:
        if not path.resolve(strict=True).is_relative_to(boundary.resolve()):
            raise ImportProblem("it is a link to a file outside of the folder")
        if not path.is_file():
            raise ImportProblem("it is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ImportProblem(f"it cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise ImportProblem(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ImportProblem(
            f"it is not UTF-8 (byte {error.start})", content.count(b"\n", 0, error.start) + 1
        ) from error
