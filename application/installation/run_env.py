"""`db_directory/run.env`: what the site chose for this installation, one `NAME=value` a line, for its owner alone."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

HEADING = "# Written by local_run.sh; what you add or change here stays. The environment goes before this file.\n"


def read(path: Path) -> dict[str, str]:
    """Return what the file sets; nothing when there is none."""
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Set values in the file and keep its other lines; a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = _merge(path, values)
    if path.exists() and path.read_text() == text:
        path.chmod(0o600)
        return
    # mkstemp makes the file with mode 0600.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".run.env-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _merge(path: Path, values: Mapping[str, str]) -> str:
    kept = path.read_text().splitlines() if path.exists() else [HEADING.rstrip()]
    remaining = dict(values)
    lines = []
    for line in kept:
        name = line.partition("=")[0].strip()
        lines.append(_line(name, remaining.pop(name)) if name in remaining else line)
    lines += [_line(name, value) for name, value in remaining.items()]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}={value}" if _is_plain(value) else f"{name}='{escaped}'"


def _is_plain(value: str) -> bool:
    return all(character.isalnum() or character in "-_./:@+" for character in value)
