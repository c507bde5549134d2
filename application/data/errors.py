"""What can go wrong when data is read or written, as types; controllers turn them into answers."""

# ruff: noqa: N818 - they are answers to a reader ("not found"), and read best by that name.

from sqlalchemy.exc import SQLAlchemyError


class DataError(Exception):
    """The base of all errors that this room raises on purpose."""


class NotFound(DataError):
    """There is no such thing, or it is not public."""


class Invalid(DataError):
    """What was sent cannot be stored; `problems` maps each field to a message for its reader."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems.items()))
        self.problems = problems


class EditConflict(DataError):
    """The article was changed by somebody else since the form was opened."""


class AlreadySent(DataError):
    """The form became an article when it was sent first, and says something else by now."""

    def __init__(self, article_id: int) -> None:
        super().__init__(f"it is article {article_id}")
        self.article_id = article_id


class NameTaken(DataError):
    """The name already belongs to somebody, an imported author included."""


class DatabaseBusy(DataError):
    """Another writer held the database for too long; trying again later may work."""

    retry_after = 5


FAILURES = (DataError, SQLAlchemyError)
"""All that a read raises when the database fails it, on purpose or not."""
