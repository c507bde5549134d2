"""The forms for registering and signing in, and the rules for what is typed into them."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Flask
from flask_security import MailUtil, UsernameUtil
from flask_security.forms import (
    EmailValidation,
    IsString,
    LoginForm,
    RegisterFormV2,
    email_required,
    username_validator,
)
from flask_security.mail_util import EmailValidateException
from flask_security.utils import lookup_identity
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length, ValidationError

from application.data.data_access import is_name_taken
from application.utils.user_names import RULE, fold_name, problem_with

EMAIL_LENGTH = 254
PASSWORD_LENGTH = 1000

NAME_TAKEN = "This name is taken; please choose another."


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
        return problem_with(name), name


class MailRules(MailUtil):
    """E-mail addresses as the site stores them: folded, so that one plain unique index is enough."""

    def normalize(self, email: str) -> str:
        """Fold an address that may already have an account, one on a local domain too."""
        return _folded(email, globally_deliverable=False)

    def validate(self, email: str) -> str:
        """Fold an address that wants an account. Nothing is asked of the network."""
        return _folded(email, globally_deliverable=True)


def _folded(email: str, *, globally_deliverable: bool) -> str:
    try:
        valid = validate_email(email, check_deliverability=False, globally_deliverable=globally_deliverable)
    except EmailNotValidError as error:
        raise EmailValidateException(f"This is not an e-mail address: {error}") from error
    return str(valid.normalized.casefold())


class SignInForm(LoginForm):
    """One field for the e-mail address or the user name, one for the password."""

    email = StringField(
        "E-mail address or user name",
        validators=[IsString(), Length(max=EMAIL_LENGTH)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "Password",
        validators=[IsString(), DataRequired(), Length(max=PASSWORD_LENGTH)],
        render_kw={"autocomplete": "current-password"},
    )

    def validate(self, **kwargs: Any) -> bool:
        """Find the account first, so that Flask-Security compares the password in every case."""
        self.ifield = self.email
        typed = self.email.data or self.username.data
        if isinstance(typed, str) and 0 < len(typed.strip()) <= EMAIL_LENGTH:
            self.user = lookup_identity(typed.strip())
        return bool(super().validate(**kwargs))


class RegistrationForm(RegisterFormV2):
    """A new account. That the address has one already is not an error here: it would tell strangers who reads us."""

    email = EmailField(
        "E-mail address",
        validators=[IsString(), email_required, Length(max=EMAIL_LENGTH), EmailValidation(verify=True)],
        render_kw={"autocomplete": "email"},
    )
    username = StringField(
        "User name",
        description=f"{RULE} Readers see it when you write.",
        validators=[IsString(), DataRequired("Choose a user name."), Length(max=200), username_validator],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "Password",
        description="At least 8 characters.",
        validators=[IsString(), DataRequired("Choose a password."), Length(max=PASSWORD_LENGTH)],
        render_kw={"autocomplete": "new-password"},
    )
    password_confirm = PasswordField(
        "The same password again",
        validators=[IsString(), EqualTo("password", "The two passwords differ.")],
        render_kw={"autocomplete": "new-password"},
    )

    def validate_username(self, field: StringField) -> None:
        """Refuse a name that an account or an author has: names are public, so saying it tells nothing new."""
        if not field.errors and is_name_taken(field.data):
            raise ValidationError(NAME_TAKEN)
