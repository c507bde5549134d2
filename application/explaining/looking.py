"""Whether a view looks at who reads: by looks of its own, not by those of extensions before and after it.

Flask-Login looks into the session after every view, and puts the account into what every template is given, so neither
`Vary: Cookie` nor a session that was opened tells anything about the view.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from flask import Flask
from flask.ctx import RequestContext
from flask_login import current_user
from flask_login import utils as login

from application.explaining.places import is_within, place_of_call
from application.utils import session_cookie

_session: Any = RequestContext.session
_LOOKS = {_session.fget.__code__, login._get_user.__code__}
_ALWAYS_THE_VIEW_S = session_cookie.read.__code__
"""Where Flask is not entered, nothing but the answer itself asks for a session."""
_VIEW = Flask.dispatch_request.__code__
_GIVEN = Flask.update_template_context.__code__


def hand_out_unseen(app: Flask) -> None:
    """Give the templates of an application the account in a form that is only looked at where they use it."""
    app.context_processor(lambda: {"current_user": current_user})


@contextmanager
def noting_looks() -> Iterator[list[str]]:
    """Give the growing list of places, in the view or what it calls, that look at the session or the account.

    Every call is slower meanwhile, so nothing should be measured.
    """
    places: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event != "call":
            return
        looks = frame.f_code in _LOOKS and is_within(frame, _VIEW) and not is_within(frame, _GIVEN)
        if (looks or frame.f_code is _ALWAYS_THE_VIEW_S) and frame.f_back is not None:
            places.append(place_of_call(frame.f_back))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield places
    finally:
        sys.setprofile(before)
