"""Letters about accounts. Nobody waits for them: an answer that took longer for a known address would tell it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, current_app
from flask_security.change_email import _send_instructions as send_change_of_email
from flask_security.confirmable import send_confirmation_instructions
from flask_security.recoverable import send_reset_password_instructions
from flask_security.utils import send_mail, url_for_security

from application.config import Settings
from application.utils import mail
from application.utils.aside import do_aside


def send_reset(email: str) -> None:
    """Write to the account with this address, if there is one, how to choose a new password."""
    _write(_reset, email)


def send_confirmation(email: str) -> None:
    """Write to the account with this address, if it still waits for that, how to confirm the address."""
    _write(_confirm, email)


def greet(email: str, *, is_new: bool) -> None:
    """Write to an address that wanted an account: how to confirm it, or that it has one already."""
    _write(_confirm if is_new else _remind, email)


def send_change(uniquifier: str, email: str) -> None:
    """Write to the new address of an account how to confirm it, unless it is somebody's already."""
    _write(_change, uniquifier, email)


def deliver(app: Flask, recipient: str, subject: str, body: str) -> None:
    """Hand a letter to the mail server in due course."""
    settings: Settings = app.config["SETTINGS"]
    if not settings.sends_mail:
        return
    server = mail.Server(
        settings.mail_server,
        settings.mail_port,
        settings.mail_username,
        settings.mail_password,
        settings.mail_use_tls,
        settings.mail_sender,
    )
    do_aside(partial(_deliver, app, server, recipient, subject, body))


def _deliver(app: Flask, server: mail.Server, recipient: str, subject: str, body: str) -> None:
    try:
        mail.send(server, recipient, subject, body)
    except (OSError, ValueError) as error:
        # Its text may name the address, which is personal.
        app.logger.warning("a letter could not be handed to %s: %s", server.host, type(error).__name__)


def _write(deed: Callable[..., None], *args: str) -> None:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    do_aside(partial(_in_site, app, deed, *args))


def _in_site(app: Flask, deed: Callable[..., None], *args: str) -> None:
    """Run a deed that makes links; they begin with the site's own address, whatever host was asked for."""
    settings: Settings = app.config["SETTINGS"]
    try:
        with app.test_request_context(base_url=settings.site_url):
            deed(*args)
    except Exception:
        # Nobody else hears of it: the one who asked has been answered.
        app.logger.exception("a letter about an account could not be written")


def _find(**attribute: str) -> Any:
    return current_app.extensions["security"].datastore.find_user(**attribute)


def _reset(email: str) -> None:
    user = _find(email=email)
    if user is not None and user.active:
        send_reset_password_instructions(user)  # type: ignore[no-untyped-call]


def _confirm(email: str) -> None:
    user = _find(email=email)
    if user is not None and user.active and user.confirmed_at is None:
        send_confirmation_instructions(user)  # type: ignore[no-untyped-call]


def _remind(email: str) -> None:
    user = _find(email=email)
    if user is not None and user.active:
        link = url_for_security("forgot_password", _external=True)
        send_mail("You have an account already", email, "security/email/welcome_existing", link=link)


def _change(uniquifier: str, email: str) -> None:
    user = _find(fs_uniquifier=uniquifier)
    if user is not None and user.active and _find(email=email) is None:
        send_change_of_email(user, email)  # type: ignore[no-untyped-call]
