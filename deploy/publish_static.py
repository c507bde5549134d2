"""Copy the static files to where nginx serves them: `python -m deploy.publish_static FOLDER`.

Each file goes to FOLDER/<its fingerprint>/static/<its name>, with `.gz` and `.br` beside it. So an address with a
fingerprint means those bytes and no others, and pages of an older release still find theirs.
"""

import argparse
import gzip
import os
import shutil
import sys
from pathlib import Path

import brotli

from application.config import ROOT
from application.controller.presentation import fingerprint

SMALLEST = 400
"""Bytes below which a file is not worth compressing: it fits into one packet either way."""


def publish(source: Path, target: Path) -> int:
    """Publish every file that is not there yet, and return how many there are. Raises `OSError`."""
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix not in {".gz", ".br"})
    for path in files:
        published = target / fingerprint(path) / source.name / path.relative_to(source)
        if published.exists():
            continue
        published.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        if len(content) >= SMALLEST:
            _place(published.with_name(f"{published.name}.gz"), gzip.compress(content, 9, mtime=0), path)
            _place(published.with_name(f"{published.name}.br"), brotli.compress(content), path)
        # The last, so that nginx finds a file with all that belongs to it.
        _place(published, content, path)
    return len(files)


def _place(target: Path, content: bytes, like: Path) -> None:
    """Write a file with the time of another, at once: half of it would be kept by browsers for a year."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    shutil.copystat(like, unfinished)
    unfinished.chmod(0o644)
    unfinished.replace(target)


def main() -> int:
    """Publish the site's files, and say how many there are."""
    parser = argparse.ArgumentParser(prog="python -m deploy.publish_static", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder: Path = parser.parse_args().folder
    try:
        count = publish(ROOT / "static", folder)
    except OSError as error:
        sys.stderr.write(f"publish_static: {error}\n")
        return 1
    sys.stdout.write(f"{count} files are in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
