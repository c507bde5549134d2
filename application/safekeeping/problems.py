"""What a person at the terminal can do something about."""


class BackupProblem(Exception):  # noqa: N818 - it is an answer to a person, as in data/errors.py
    """Why nothing was kept or restored; the text is a whole sentence."""
