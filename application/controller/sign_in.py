"""What happens around registering, signing in and signing out, beside Flask-Security's own part."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user, user_logged_out
from flask_security import hash_password, user_authenticated

from application.config import Settings
from application.controller import letters, second_factor
from application.controller.account_forms import NAME_TAKEN, RegistrationForm
from application.controller.attempts import client_address, know_device, limit_passwords, name_device
from application.controller.cookies import forget_visitor, mark_signed_in, mark_signed_out, read_visitor
from application.controller.limits import in_its_form
from application.data.errors import DatabaseBusy, NameTaken, NotFound
from application.data.operations import account_life, likes, registration
from application.extensions import limiter
from application.jobs import dispatch

REGISTER_LIMIT = "30/minute;200/hour"
REGISTERED_OFTEN = "Very many accounts were asked for from your network in a short while."

# Browsers read "//", "/\\" and a slash after white space as the beginning of another site's address.
OWN_PATH = re.compile(r"/(?![/\\])[^\s\\]*")

# What Flask-Login and Flask-Security have just written. Whatever else a session carries was put there before.
SESSION_KEYS = frozenset({"_user_id", "_fresh", "_id", "_remember", "_remember_seconds", "fs_cc", "fs_paa"})

REGISTERED = (
    "Please sign in with the address and the password that you have just chosen. "
    "If the address already had an account, its old password still holds."
)
REGISTERED_BY_MAIL = (
    "We have sent a letter to that address. Open the link in it, then sign in. "
    "If the address already had an account, the letter says so."
)
NOT_REGISTERED = "The database is busy, so no account was made. Please type the password again and press the button."
GONE = "This account was deleted meanwhile, so nothing was stored."

# Flask-Security's views that change an account.
WRITING = (
    "login",
    "verify",
    "change_password",
    "reset_password",
    "change_email_confirm",
    "two_factor_setup",
    "two_factor_setup_validate",
    "two_factor_token_validation",
    "mf_recovery",
    "mf_recovery_codes",
)
GUESSABLE = ("login", "verify", "change_password")
# Those that answer with a page only when the form is wrong; the others have something to show.
WRONG_WHEN_SHOWN = frozenset(WRITING) - {"two_factor_setup", "mf_recovery_codes"}


def init_app(app: Flask) -> None:
    """Stand beside Flask-Security's views; must come after the accounts."""
    user_authenticated.connect(on_signed_in, app)
    user_logged_out.connect(on_signed_out, app)
    app.before_request(refuse_strange_targets)
    views: dict[str, Any] = app.view_functions
    for name in WRITING:
        if f"security.{name}" in views:
            view = views[f"security.{name}"]
            views[f"security.{name}"] = storing(telling(view) if name in WRONG_WHEN_SHOWN else view)
    for name in GUESSABLE:
        views[f"security.{name}"] = limit_passwords(views[f"security.{name}"])
    if app.config["SETTINGS"].is_registration_open:
        limited = limiter.limit(
            REGISTER_LIMIT, key_func=client_address, methods=["POST"], error_message=REGISTERED_OFTEN
        )
        views["security.register"] = in_its_form(limited(register), register)


def refuse_strange_targets() -> None:
    """Refuse to lead anybody to an address that is not a plain path of this site (case 36 of the security cases)."""
    if request.blueprint != "security":
        return
    body = request.get_json(silent=True) if request.is_json else request.form
    for source in (request.args, body or {}):
        target = source.get("next")
        if target and OWN_PATH.fullmatch(target) is None:
            abort(400, "The address to go on to is not one of this site.")


def storing(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Commit what a view has changed before it has answered, so that the answer can say that it did not work."""

    @wraps(view)
    def stored(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        try:
            with account_life.stored():
                return view(*args, **kwargs)
        except NotFound:
            logout_user()
            abort(409, GONE)

    return stored


def telling(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Answer 422 where a form comes back with its errors; Flask-Security says 200 to browsers, and 400 to programs."""

    @wraps(view)
    def told(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        answer = view(*args, **kwargs)
        return (answer, 422) if request.method == "POST" and isinstance(answer, str) else answer

    return told


def register() -> ResponseReturnValue:
    """Make an account; the answer is the same for an address that already has one.

    Flask-Security's own view signs a new reader in, and so tells a known address from an unknown one.
    """
    if current_user.is_authenticated:
        return redirect(url_for("account.show"), 303)
    settings: Settings = current_app.config["SETTINGS"]
    form = RegistrationForm()
    if form.is_submitted() and form.validate():
        password = hash_password(form.password.data)
        try:
            # Without mail a stranger has only to sign in with what they typed to learn whether it is an account.
            user_id = registration.register_reader(
                form.email.data, form.username.data, password, spends_name=settings.sends_mail
            )
        except NameTaken:
            form.username.errors = [NAME_TAKEN]
        except DatabaseBusy as error:
            form.form_errors.append(NOT_REGISTERED)
            page = render_template("security/register_user.html", register_user_form=form)
            return page, 503, {"Retry-After": str(error.retry_after)}
        else:
            if settings.sends_mail:
                letters.greet(form.email.data, is_new=user_id is not None)
                flash(REGISTERED_BY_MAIL)
            else:
                flash(REGISTERED)
            return redirect(url_for("security.login", next=form.next.data or None), 303)
    page = render_template("security/register_user.html", register_user_form=form)
    return (page, 422) if form.errors else page


def on_signed_in(_app: Flask, user: Any, **_details: Any) -> None:
    """Start the session afresh in all but the sign-in itself, and give the account its visitor's likes."""
    for key in set(session) - SESSION_KEYS:
        del session[key]
    visitor_id = read_visitor()
    merged = visitor_id is None or _merge(visitor_id, user.id)
    second_factor.ask_for_it()
    device = name_device(user)

    @after_this_request
    def mark(response: Response) -> Response:
        if "_user_id" not in session:
            # It ended in the same request: the account was deleted meanwhile.
            return response
        mark_signed_in(response)
        know_device(response, device)
        if merged:
            forget_visitor(response)
        return response


def on_signed_out(_app: Flask, **_details: Any) -> None:
    """Tell the pages' script that nobody is signed in here any more."""

    @after_this_request
    def unmark(response: Response) -> Response:
        mark_signed_out(response)
        return response


def _merge(visitor_id: str, user_id: int) -> bool:
    """Move the visitor's likes; where the database is busy the cookie stays, for the next time."""
    try:
        recount = likes.merge_likes(visitor_id, user_id)
    except DatabaseBusy:
        current_app.logger.warning("the likes of a visitor could not be merged yet: the database is busy")
        return False
    for article_id in recount:
        dispatch.send("calculate_aggregate_likes", article_id)
    return True
