"""Who of the staff may see a page, and under which name they act."""

import functools
from collections.abc import Callable
from typing import ParamSpec

from flask import abort, current_app
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller.permissions import has_any_role
from application.data.records import Actor

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def only(roles: frozenset[str]) -> Callable[[View[P]], View[P]]:
    """Let accounts with one of these roles in; others are asked to sign in, or told that it is not theirs."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if has_any_role(roles):
                return view(*args, **kwargs)
            if current_user.is_authenticated:
                abort(403, f"This is for the {' or '.join(sorted(roles))}.")
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]

        return guarded

    return decorate


def actor() -> Actor:
    """Return who acts in this request, as revisions and the audit log name them."""
    return Actor(current_user.id, current_user.username or current_user.email)
