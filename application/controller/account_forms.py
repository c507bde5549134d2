"""The forms of accounts."""

from typing import Any

from flask import url_for
from flask_security.forms import (
    ChangePasswordForm,
    EmailValidation,
    Form,
    IsString,
    LoginForm,
    RegisterFormV2,
    ResetPasswordForm,
    VerifyForm,
    email_required,
    username_validator,
)
from flask_security.utils import lookup_identity
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, ValidationError

from application.controller.account_rules import EMAIL_LENGTH
from application.controller.attempts import was_right
from application.controller.forms import at_most
from application.controller.limits import RefusableForm
from application.data.data_access import is_name_taken
from application.utils.guessable import SHORTEST
from application.utils.user_names import RULE

PASSWORD_LENGTH = 1000

NAME_TAKEN = "This name is taken; please choose another."


class SignInForm(RefusableForm, LoginForm):
    """One field for the e-mail address or the user name, one for the password."""

    email = StringField(
        "E-mail address or user name",
        validators=[IsString(), at_most(EMAIL_LENGTH)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "Password",
        validators=[IsString(), DataRequired(), at_most(PASSWORD_LENGTH)],
        render_kw={"autocomplete": "current-password"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The links below the form say it already.
        self.password.description = ""

    def validate(self, **kwargs: Any) -> bool:
        """Find the account first, so that Flask-Security compares the password in every case."""
        self.ifield = self.email
        typed = self.email.data or self.username.data
        if isinstance(typed, str) and 0 < len(typed.strip()) <= EMAIL_LENGTH:
            self.user = lookup_identity(typed.strip())
        valid = _noted(super().validate(**kwargs))
        if valid and not self.next.data:
            # Flask-Security would send the second step back here, by an address that is not a plain path.
            self.next.data = url_for("articles.home")
        return valid


class RegistrationForm(RefusableForm, RegisterFormV2):
    """A new account. That the address has one already is not an error here: it would tell strangers who reads us."""

    email = EmailField(
        "E-mail address",
        validators=[IsString(), email_required, at_most(EMAIL_LENGTH), EmailValidation(verify=True)],
        render_kw={"autocomplete": "email"},
    )
    username = StringField(
        "User name",
        description=f"{RULE} Readers see it when you write.",
        validators=[IsString(), DataRequired("Choose a user name."), at_most(200), username_validator],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "Password",
        description=f"At least {SHORTEST} characters, and nothing that many people have.",
        validators=[IsString(), DataRequired("Choose a password."), at_most(PASSWORD_LENGTH)],
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


class PasswordForm(RefusableForm, VerifyForm):
    """The password once more, before something that a stranger at an open browser should not do."""

    password = PasswordField(
        "Your password",
        validators=[IsString(), DataRequired("Type your password."), at_most(PASSWORD_LENGTH)],
        render_kw={"autocomplete": "current-password"},
    )

    def validate(self, **kwargs: Any) -> bool:
        """Compare the password."""
        return _noted(super().validate(**kwargs))


class NewPasswordForm(RefusableForm, ChangePasswordForm):
    """Another password, by somebody who knows the present one."""

    password = PasswordField(
        "Your present password",
        validators=[IsString(), at_most(PASSWORD_LENGTH)],
        render_kw={"autocomplete": "current-password"},
    )
    new_password = PasswordField(
        "The new password",
        description=f"At least {SHORTEST} characters, and nothing that many people have.",
        validators=[IsString(), DataRequired("Choose a password."), at_most(PASSWORD_LENGTH)],
        render_kw={"autocomplete": "new-password"},
    )
    new_password_confirm = PasswordField(
        "The new password again",
        validators=[IsString(), EqualTo("new_password", "The two passwords differ.")],
        render_kw={"autocomplete": "new-password"},
    )

    def validate(self, **kwargs: Any) -> bool:
        """Compare the present password, and look at the new one."""
        return _noted(super().validate(**kwargs))


class ForgottenPasswordForm(ResetPasswordForm):
    """Another password, by somebody who has the letter."""

    password = PasswordField(
        "The new password",
        description=f"At least {SHORTEST} characters, and nothing that many people have.",
        validators=[IsString(), DataRequired("Choose a password."), at_most(PASSWORD_LENGTH)],
        render_kw={"autocomplete": "new-password"},
    )
    password_confirm = PasswordField(
        "The new password again",
        validators=[IsString(), EqualTo("password", "The two passwords differ.")],
        render_kw={"autocomplete": "new-password"},
    )


class AddressForm(RefusableForm, Form):
    """An e-mail address to write to. Nothing here looks whether it has an account."""

    email = EmailField(
        "E-mail address",
        validators=[IsString(), email_required, at_most(EMAIL_LENGTH), EmailValidation(verify=False)],
        render_kw={"autocomplete": "email"},
    )


class NewAddressForm(AddressForm):
    """An e-mail address that shall be an account's."""

    email = EmailField(
        "The new e-mail address",
        validators=[IsString(), email_required, at_most(EMAIL_LENGTH), EmailValidation(verify=True)],
        render_kw={"autocomplete": "email"},
    )


def _noted(valid: bool) -> bool:
    if valid:
        was_right()
    return valid
