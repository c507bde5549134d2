"""One address for each page: names in a path are folded, and any other spelling leads to that one."""

import functools
import unicodedata
from collections.abc import Callable
from typing import Any, ParamSpec

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

P = ParamSpec("P")
LONGEST_NAME = 200
LONGEST_PATH = 500


def fold(text: str) -> str:
    """Return the one spelling of a slug or path: NFC, without regard to case (Unicode 15, section 3.13, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def is_askable(text: str, longest: int) -> bool:
    """Tell whether a name can be in the database at all: neither endless nor with control characters."""
    return 0 < len(text) <= longest and not any(unicodedata.category(character) == "Cc" for character in text)


def one_address(argument: str) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Answer 301 when this part of the path is spelled in another case or normalisation, 404 when it can be no name."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @functools.wraps(view)
        def at_its_address(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            asked = str(kwargs[argument])
            known = fold(asked)
            if not is_askable(known, LONGEST_NAME):
                abort(404)
            if known != asked:
                values: dict[str, Any] = {**request.args.to_dict(), argument: known}
                return redirect(url_for(str(request.endpoint), **values), 301)
            return view(*args, **kwargs)

        return at_its_address

    return decorate
