"""What needs a letter: a forgotten password, an address to confirm, another address. There only where mail is set up.

Nothing here looks whether an address has an account before it has answered, so that neither the words nor the time
of the answer tell.
"""

from typing import Any

from flask import Flask, current_app, flash, has_request_context, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import auth_required, password_changed, password_reset
from flask_security.confirmable import confirm_email_token_status, confirm_user

from application.config import Settings
from application.controller import letters
from application.controller.account_forms import AddressForm, NewAddressForm
from application.controller.attempts import limit_address, limit_letters
from application.controller.sign_in import storing
from application.data.operations.account_life import note_account

SENT = "If this address has an account, a letter is on its way to it. It can take a few minutes."
CONFIRMED = "The address is confirmed: you can sign in with it."
NOT_CONFIRMED = "This link is too old, or it was used before. If you cannot sign in, ask for another letter."
SENT_CHANGE = (
    "If this address has no account yet, a letter is on its way to it. "
    "The old address stays until the link in the letter is opened."
)


def init_app(app: Flask) -> None:
    """Stand in for Flask-Security's views; must come after the accounts."""
    password_changed.connect(on_password_changed, app)
    password_reset.connect(on_password_reset, app)
    settings: Settings = app.config["SETTINGS"]
    if not settings.sends_mail:
        return
    views: dict[str, Any] = app.view_functions
    fresh = auth_required("session", within=_freshness, grace=_grace)
    views["security.forgot_password"] = limit_letters(forgot_password)
    views["security.send_confirmation"] = limit_letters(confirm_address)
    views["security.confirm_email"] = storing(confirm_email)
    views["security.change_email"] = limit_letters(fresh(change_email))
    views["security.reset_password"] = limit_address(views["security.reset_password"])


def forgot_password() -> ResponseReturnValue:
    """Ask for an address, and write to it."""
    form = AddressForm()
    if form.is_submitted() and form.validate():
        letters.send_reset(form.email.data)
        flash(SENT)
        return redirect(url_for("security.login"), 303)
    page = render_template("security/forgot_password.html", forgot_password_form=form)
    return (page, 422) if form.errors else page


def confirm_address() -> ResponseReturnValue:
    """Send the letter again that an address is confirmed with."""
    form = AddressForm()
    if form.is_submitted() and form.validate():
        letters.send_confirmation(form.email.data)
        flash(SENT)
        return redirect(url_for("security.login"), 303)
    page = render_template("security/send_confirmation.html", send_confirmation_form=form)
    return (page, 422) if form.errors else page


def confirm_email(token: str) -> ResponseReturnValue:
    """Confirm the address that a letter went to, whoever opens its link.

    Flask-Security would sign out anybody else who is signed in here, so that a link could do that to anybody.
    """
    expired, invalid, user = confirm_email_token_status(token)  # type: ignore[no-untyped-call]
    if user is None or expired or invalid or user.confirmed_at is not None:
        flash(NOT_CONFIRMED)
        return redirect(url_for("security.send_confirmation"), 303)
    confirm_user(user)  # type: ignore[no-untyped-call]
    flash(CONFIRMED)
    return redirect(url_for("account.show" if current_user.is_authenticated else "security.login"), 303)


def change_email() -> ResponseReturnValue:
    """Ask for another address, and write to it; it is the account's once the link in the letter is opened."""
    form = NewAddressForm()
    if form.is_submitted() and form.validate():
        letters.send_change(current_user.fs_uniquifier, form.email.data)
        flash(SENT_CHANGE)
        return redirect(url_for("account.show"), 303)
    page = render_template("security/change_email.html", change_email_form=form, email=current_user.email)
    return (page, 422) if form.errors else page


def on_password_changed(_app: Flask, user: Any, **_details: Any) -> None:
    """Note it; the command line changes passwords too."""
    note_account("password changed", user.id, by_operator=not has_request_context())


def on_password_reset(_app: Flask, user: Any, **_details: Any) -> None:
    """Note it; who has read the letter has shown that the address is theirs."""
    confirm_user(user)  # type: ignore[no-untyped-call]
    note_account("password changed by letter", user.id)


def _freshness() -> Any:
    return current_app.config["SECURITY_FRESHNESS"]


def _grace() -> Any:
    return current_app.config["SECURITY_FRESHNESS_GRACE_PERIOD"]
