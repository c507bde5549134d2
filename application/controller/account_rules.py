"""The rules for what people type into the forms of accounts."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Flask
from flask_security import MailUtil, PasswordUtil, UsernameUtil
from flask_security.mail_util import EmailValidateException

from application.controller.letters import deliver
from application.utils import guessable
from application.utils.look_alikes import look_alike_problem
from application.utils.user_names import RESERVED, fold_name, problem_with

EMAIL_LENGTH = 254


class UsernameRules(UsernameUtil):
    """Names as the site stores them, for Flask-Security."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def normalize(self, username: str) -> str | None:
        """Return the stored spelling, or None where no account can have it."""
        name = fold_name(username)
        return name if problem_with(name) is None else None

    def validate(self, username: str) -> tuple[str | None, str | None]:
        """Return a message, or None, and the stored spelling."""
        if not username:
            return None, None
        name = fold_name(username)
        return problem_with(name) or look_alike_problem(name, RESERVED), name


class PasswordRules(PasswordUtil):
    """Passwords that are somebody's from now on: long enough, and not what a guesser tries first."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.site_name: str = app.config["SETTINGS"].site_name

    def validate(self, password: str, is_register: bool, **about: Any) -> tuple[list[str] | None, str]:
        """Return messages, or None, and the normal form; `about` has the form's fields, or the user."""
        user = about.get("user")
        named = about if is_register else {"username": user.username, "email": user.email} if user else {}
        own_words = [self.site_name, *(str(named[name]) for name in ("username", "email") if named.get(name))]
        normal = self.normalize(password)
        problem = guessable.problem_with(normal, own_words)
        return (None if problem is None else [problem]), normal


class MailRules(MailUtil):
    """E-mail addresses as the site stores them: folded, so that one plain unique index is enough; and letters."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.app = app

    def normalize(self, email: str) -> str:
        """Fold an address that may already have an account, one on a local domain too."""
        return _folded(email, globally_deliverable=False)

    def validate(self, email: str) -> str:
        """Fold an address that wants an account. Nothing is asked of the network."""
        return _folded(email, globally_deliverable=True)

    def send_mail(
        self,
        template: str,  # noqa: ARG002 - the signature is Flask-Security's
        subject: str,
        recipient: str | tuple[str, str],
        sender: str | tuple[str, str],  # noqa: ARG002 - it is the site's
        body: str | None,
        html: str | None,  # noqa: ARG002 - letters are plain text
        **context: Any,  # noqa: ARG002 - the signature is Flask-Security's
    ) -> None:
        """Hand a letter over without waiting for the mail server."""
        deliver(self.app, str(recipient), str(subject), body or "")


def fold_identity(typed: str) -> str:
    """Return the one spelling of what somebody signs in with, whether or not there is such an account."""
    typed = typed.strip()[:EMAIL_LENGTH]
    if "@" not in typed:
        return fold_name(typed)
    try:
        return _folded(typed, globally_deliverable=False)
    except EmailValidateException:
        return fold_name(typed)


def _folded(email: str, *, globally_deliverable: bool) -> str:
    try:
        valid = validate_email(email, check_deliverability=False, globally_deliverable=globally_deliverable)
    except EmailNotValidError as error:
        raise EmailValidateException(f"This is not an e-mail address: {error}") from error
    return str(valid.normalized.casefold())
