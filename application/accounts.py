"""Accounts: Flask-Security, set up for a site whose pages are cached and whose event loop must not wait."""

import base64
import hashlib
import hmac
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, Request
from flask_security import (
    Form,
    FormInfo,
    Security,
    UserMixin,
    uia_email_mapper,
    uia_username_mapper,
)
from flask_security.utils import parse_auth_token, set_request_attr
from itsdangerous import BadData
from passlib.context import CryptContext  # type: ignore[import-untyped]

from application.config import Settings
from application.controller.account_forms import (
    ForgottenPasswordForm,
    NewPasswordForm,
    PasswordForm,
    RegistrationForm,
    SignInForm,
)
from application.controller.account_rules import MailRules, PasswordRules, UsernameRules
from application.controller.second_factor import (
    CLOCKS_DIFFER,
    Authenticator,
    CodeForm,
    RecoveryForm,
    RescueForm,
    SetUpForm,
)
from application.data.models import Role, User
from application.data.operations.account_store import Accounts
from application.data.types import utc_now
from application.extensions import db
from application.utils.offload import passwords
from application.utils.session_keys import LIFETIME

FORMS: dict[str, type[Form]] = {
    "login_form": SignInForm,
    "register_form": RegistrationForm,
    "verify_form": PasswordForm,
    "change_password_form": NewPasswordForm,
    "reset_password_form": ForgottenPasswordForm,
    "two_factor_setup_form": SetUpForm,
    "two_factor_rescue_form": RescueForm,
    "two_factor_verify_code_form": CodeForm,
    "mf_recovery_form": RecoveryForm,
}

TOKEN_HEADER = "Authentication-Token"  # noqa: S105 - a name
BCRYPT_ROUNDS = 12
LINK_ROUNDS = 50_000
"""Rounds of SHA-256 for what a link in a letter carries: proof of a hash that nobody knows, not of a password."""
FRESH_FOR = timedelta(hours=1)
FRESH_WHILE_BUSY = timedelta(minutes=15)
LETTER_VALID_FOR = timedelta(hours=6)
RECOVERY_CODES = 10
TOKEN_LIFETIME = timedelta(hours=12)


class ThreadedContext(CryptContext):  # type: ignore[misc]
    """Passwords hashed and compared beside the event loop: bcrypt takes a quarter of a second by design."""

    def hash(self, *args: Any, **kwargs: Any) -> str:
        """Hash a secret in a thread."""
        return str(passwords.run(super().hash, *args, **kwargs))

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        """Compare a secret with a hash in a thread."""
        return bool(passwords.run(super().verify, *args, **kwargs))


def init_accounts(app: Flask) -> None:
    """Bind Flask-Security to our tables, forms and rules."""
    settings: Settings = app.config["SETTINGS"]
    app.config.from_mapping(_flask_security_config(settings))
    datastore = Accounts(db, User, Role)
    security = Security(
        app,
        datastore,
        username_util_cls=UsernameRules,
        mail_util_cls=MailRules,
        password_util_cls=PasswordRules,
        totp_cls=Authenticator,
    )
    # Set afterwards: the line above would replace the fields of these forms by its own.
    for name, form in FORMS.items():
        security.set_form_info(name, FormInfo(cls=form))
    is_test = settings.env == "test"
    security.pwd_context = ThreadedContext(schemes=["bcrypt"], bcrypt__rounds=4 if is_test else BCRYPT_ROUNDS)
    security.hashing_context = ThreadedContext(
        schemes=["sha256_crypt"], sha256_crypt__rounds=1000 if is_test else LINK_ROUNDS
    )
    security.login_manager.request_loader(partial(load_by_token, datastore))
    # Flask-Principal would load the account before every view, public ones too; a view that needs it asks.
    security.principal.identity_loaders.clear()


def load_by_token(datastore: Accounts, request: Request) -> UserMixin | None:
    """Return whom the token in the header stands for.

    Flask-Security would take one from the address too, where logs and histories keep it, and look for one in
    every JSON body. A token proves no recent password: what asks for one asks for a session.
    """
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        return None
    try:
        content = parse_auth_token(token)
        user = datastore.find_user(fs_uniquifier=content["uid"])
    except (BadData, KeyError, TypeError, ValueError):
        return None
    if user is None or not user.active or not user.verify_auth_token(content):
        return None
    set_request_attr("fs_authn_via", "token")
    return user


def _flask_security_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECURITY_DATETIME_FACTORY": utc_now,
        "SECURITY_REGISTERABLE": settings.is_registration_open,
        "SECURITY_SEND_REGISTER_EMAIL": False,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_CHANGE_URL": "/account/password",
        "SECURITY_POST_CHANGE_VIEW": "/account",
        **_by_mail(settings),
        **_second_factor(settings),
        "SECURITY_USERNAME_ENABLE": True,
        "SECURITY_USERNAME_REQUIRED": True,
        # Both are stored folded and typed text is folded the same way, so that the plain unique index serves.
        "SECURITY_USER_IDENTITY_ATTRIBUTES": [
            {"email": {"mapper": uia_email_mapper}},
            {"username": {"mapper": uia_username_mapper}},
        ],
        "SECURITY_PASSWORD_HASH": "bcrypt",
        "SECURITY_PASSWORD_SCHEMES": ["bcrypt"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        # Nobody learns from an answer which addresses have accounts.
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        # One rule before every unsafe method (controller/cross_site.py) stands in for tokens, which would
        # put something personal into pages that are the same for everybody.
        "WTF_CSRF_ENABLED": False,
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_REDIRECT_ALLOW_SUBDOMAINS": False,
        "SECURITY_FRESHNESS": FRESH_FOR,
        "SECURITY_FRESHNESS_GRACE_PERIOD": FRESH_WHILE_BUSY,
        "SECURITY_STATIC_FOLDER": None,
        # It would write "no-store=True", which no cache understands; controller/headers.py says it properly.
        "SECURITY_CACHE_CONTROL": None,
        "SECURITY_TOKEN_AUTHENTICATION_HEADER": TOKEN_HEADER,
        "SECURITY_TOKEN_MAX_AGE": TOKEN_LIFETIME,
        "REMEMBER_COOKIE_DURATION": LIFETIME,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": settings.is_secure,
        "SESSION_PROTECTION": "basic",
    }


def _by_mail(settings: Settings) -> dict[str, Any]:
    """Return what exists only where letters can be sent."""
    by_mail = settings.sends_mail
    return {
        "SECURITY_RECOVERABLE": by_mail,
        "SECURITY_CONFIRMABLE": by_mail,
        "SECURITY_CHANGE_EMAIL": by_mail,
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": by_mail,
        "SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL": by_mail,
        "SECURITY_EMAIL_SENDER": settings.mail_sender or "nobody@localhost",
        "SECURITY_EMAIL_HTML": False,
        "SECURITY_EMAIL_SUBJECT_CONFIRM": f"Confirm your address at {settings.site_name}",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": f"Your password at {settings.site_name}",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_NOTICE": f"Your password at {settings.site_name} was changed",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_CHANGE_NOTICE": f"Your password at {settings.site_name} was changed",
        "SECURITY_CHANGE_EMAIL_SUBJECT": f"Your new address at {settings.site_name}",
        "SECURITY_AUTO_LOGIN_AFTER_CONFIRM": False,
        "SECURITY_AUTO_LOGIN_AFTER_RESET": False,
        "SECURITY_RESET_URL": "/forgotten_password",
        "SECURITY_CONFIRM_URL": "/confirm_address",
        "SECURITY_CHANGE_EMAIL_URL": "/account/address",
        "SECURITY_POST_CHANGE_EMAIL_VIEW": "/account",
        "SECURITY_RESET_PASSWORD_WITHIN": LETTER_VALID_FOR,
        "SECURITY_CONFIRM_EMAIL_WITHIN": timedelta(days=5),
        "SECURITY_CHANGE_EMAIL_WITHIN": LETTER_VALID_FOR,
    }


def _second_factor(settings: Settings) -> dict[str, Any]:
    """Return how codes are made and kept; their keys come from the salt, which is never changed."""
    return {
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": "flask_security.twofactor.CodeTfPlugin"},
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": CLOCKS_DIFFER,
        "SECURITY_TWO_FACTOR_ALWAYS_VALIDATE": True,
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/account",
        "SECURITY_TWO_FACTOR_SETUP_URL": "/account/second_factor",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/login/code",
        "SECURITY_TWO_FACTOR_RESCUE_URL": "/login/rescue",
        "SECURITY_TWO_FACTOR_SELECT_URL": "/login/method",
        "SECURITY_MSG_TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": ("The second step is on.", "success"),
        "SECURITY_MSG_TWO_FACTOR_DISABLED": ("The second step is off.", "success"),
        "SECURITY_MSG_TWO_FACTOR_PERMISSION_DENIED": ("Please sign in from the beginning.", "error"),
        "SECURITY_MSG_TWO_FACTOR_INVALID_TOKEN": ("This code is not right, or it was used before.", "error"),
        "SECURITY_MSG_TWO_FACTOR_LOGIN_SUCCESSFUL": ("You are signed in.", "success"),
        "SECURITY_TOTP_ISSUER": settings.site_name,
        "SECURITY_TOTP_SECRETS": {"1": _derived(settings, "authenticators").hex()},
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": RECOVERY_CODES,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/account/recovery_codes",
        "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/login/recovery_code",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [
            base64.urlsafe_b64encode(_derived(settings, "recovery codes")),
        ],
    }


def _derived(settings: Settings, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose."""
    return hmac.new(settings.security_password_salt.encode(), purpose.encode(), hashlib.sha256).digest()
