"""What is said to whoever has reached a limit: what was too much, when it is over, and what works meanwhile."""

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import g, make_response
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from flask_wtf import FlaskForm

from application.extensions import limiter

View = Callable[..., ResponseReturnValue]

OF_NETWORK = "Very many requests came from your network in a short while."


class RefusableForm(FlaskForm):  # type: ignore[misc]
    """A form that comes back as it was sent, unread, where a limit was reached."""

    def validate(self, **kwargs: Any) -> bool:
        """Refuse everything, with the reason, or look at the fields."""
        if g.get("refusal"):
            self.form_errors.append(g.refusal)
            return False
        return bool(super().validate(**kwargs))


def in_its_form(limited: View, view: View) -> View:
    """Answer 429 with the view's own page where its limits are reached, so that nothing typed is lost."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        try:
            return limited(*args, **kwargs)
        except RateLimitExceeded as error:
            g.refusal = refusal(error)
            response = make_response(view(*args, **kwargs))
            if response.status_code in range(300, 400):
                # It has no page to show.
                raise
            response.status_code = 429
            return response

    return answered


def refusal(error: RateLimitExceeded) -> str:
    """Say why, and for how long."""
    reason = error.description if error.limit.error_message else OF_NETWORK
    return f"{reason} Try again {in_words(seconds_to_wait())}."


def seconds_to_wait() -> int:
    """Return in how many seconds one more request fits into the limit that was reached; the same in a whole answer."""
    if "seconds_to_wait" not in g:
        reached = limiter.current_limit
        g.seconds_to_wait = 1 if reached is None else max(1, math.ceil(reached.window.reset_time - time.time()))
    return cast("int", g.seconds_to_wait)


def in_words(seconds: int) -> str:
    """Say in how long something is."""
    if seconds < 2 * 60:
        return "in a second" if seconds == 1 else f"in {seconds} seconds"
    if seconds < 2 * 60 * 60:
        return f"in {math.ceil(seconds / 60)} minutes"
    return f"in {math.ceil(seconds / 3600)} hours"
