"""The release: a name for this very state of the code, the templates and the style sheet."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def release_id(root: Path, folders: Iterable[str] = ("application", "templates", "static")) -> str:
    """Name what these folders hold, by content, so that machines with the same files agree."""
    digest = hashlib.blake2b(digest_size=6)
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
    return digest.hexdigest()
