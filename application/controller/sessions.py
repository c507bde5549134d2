"""Sessions: whose a request's is, how it ends, and requests that have nothing to do with one."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, request, session
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_login import COOKIE_NAME, current_user
from flask_login.utils import decode_cookie
from flask_security.utils import set_request_attr

from application.data.operations import sessions
from application.utils import session_keys

SHARED = frozenset({"static", "pages.robots", "pages.favicon", "pages.hello", "live.stream"})


def init_app(app: Flask) -> None:
    """Look at each request before its view, and at the one that signs out; must come after the accounts."""
    app.before_request(do_without_session)
    manager: Any = app.extensions["security"].login_manager
    manager.user_loader(load_by_session)
    # Flask-Login puts what this method of the account returns into the session, and into the cookie that outlives it.
    manager.id_attribute = "new_session_key"
    views: dict[str, Any] = app.view_functions
    views["security.logout"] = ending(views["security.logout"])


def do_without_session() -> None:
    """Give what is the same for everybody an empty session that is never stored; also an address that nothing is at.

    Flask-Login looks into the session after every view, which makes an answer `Vary: Cookie`.
    """
    if request.endpoint is None or request.endpoint in SHARED:
        # Flask has no public setter.
        request_ctx._session = current_app.session_interface.make_null_session(current_app)


def load_by_session(key: str) -> Any:
    """Return whose session this is; None when it was ended, is too old, or its account is closed."""
    read = session_keys.read(key)
    found = None if read is None else current_app.extensions["security"].datastore.find_signed_in(read)
    if found is None:
        return None
    # Private pages say it, without a statement of their own.
    user, g.reader_name = found
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return user


def ending(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """End the session before a view takes its cookies back: a copy of them is worth nothing then."""

    @wraps(view)
    def ended(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        # Who signs out must be known before: afterwards it is nobody's session.
        if not current_user.is_authenticated:
            return view(*args, **kwargs)
        remembered = request.cookies.get(current_app.config.get("REMEMBER_COOKIE_NAME", COOKIE_NAME))
        keys = (session.get("_user_id"), decode_cookie(remembered) if remembered else None)
        sessions.end(key for key in map(session_keys.read, keys) if key is not None)
        return view(*args, **kwargs)

    return ended
