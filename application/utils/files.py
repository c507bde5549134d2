"""Files that a command is told to write."""

from pathlib import Path


def insist_on_writing(path: Path) -> None:
    """Raise `OSError` when a file cannot be written, and leave it as it is."""
    is_new = not path.exists()
    if not is_new and not path.is_file():
        # A pipe would take this for the end.
        return
    path.open("ab").close()
    if is_new:
        path.unlink()
