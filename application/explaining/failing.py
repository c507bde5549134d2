"""What a view raised: the site answers it with an error page, and its explanation names it."""

from types import TracebackType

from flask import Flask
from msgspec import Struct

from application.explaining.places import place_of_error
from application.explaining.words import printable


class Raised(Struct, frozen=True):
    """An exception: its type, what it says, and where it left the site's own code."""

    type: str
    message: str
    place: str

    @property
    def short(self) -> str:
        """Return the type and the place."""
        return f"{self.type}{f' at {self.place}' if self.place else ''}"

    @property
    def said(self) -> str:
        """Return all of it in one line that a terminal shows and does nothing else."""
        return printable(f"{self.type}: {self.message}") + (f" at {self.place}" if self.place else "")


class Failures:
    """Has an application answer what is raised as the site does, and notes it instead of logging it."""

    def __init__(self, app: Flask) -> None:
        self._last: Raised | None = None
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.log_exception = self._note  # type: ignore[method-assign]

    def take(self) -> Raised | None:
        """Return what was raised last since it was asked for."""
        last, self._last = self._last, None
        return last

    def _note(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        if (error := exc_info[1]) is not None:
            self._last = Raised(_type(error), str(error), place_of_error(error))


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
