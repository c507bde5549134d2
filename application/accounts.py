"""Accounts: Flask-Security, set up for a site whose pages are cached and whose event loop must not wait."""

from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, Request
from flask_security import FormInfo, Security, SQLAlchemyUserDatastore, UserMixin, uia_email_mapper, uia_username_mapper
from flask_security.utils import parse_auth_token, set_request_attr
from itsdangerous import BadData
from passlib.context import CryptContext  # type: ignore[import-untyped]

from application.config import Settings
from application.controller.account_forms import MailRules, RegistrationForm, SignInForm, UsernameRules
from application.data.models import Role, User
from application.extensions import db
from application.utils.offload import run_in_thread

TOKEN_HEADER = "Authentication-Token"  # noqa: S105 - a name
BCRYPT_ROUNDS = 12
TOKEN_LIFETIME = timedelta(hours=12)
REMEMBER_FOR = timedelta(days=90)


class ThreadedContext(CryptContext):  # type: ignore[misc]
    """Passwords hashed and compared beside the event loop: bcrypt takes a quarter of a second by design."""

    def hash(self, *args: Any, **kwargs: Any) -> str:
        """Hash a secret in a thread."""
        return str(run_in_thread(super().hash, *args, **kwargs))

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        """Compare a secret with a hash in a thread."""
        return bool(run_in_thread(super().verify, *args, **kwargs))


def init_accounts(app: Flask) -> None:
    """Bind Flask-Security to our tables, forms and rules."""
    settings: Settings = app.config["SETTINGS"]
    app.config.from_mapping(_flask_security_config(settings))
    datastore = SQLAlchemyUserDatastore(db, User, Role)
    security = Security(app, datastore, username_util_cls=UsernameRules, mail_util_cls=MailRules)
    # Set afterwards: the line above would replace the fields of these forms by its own.
    security.set_form_info("login_form", FormInfo(cls=SignInForm))
    security.set_form_info("register_form", FormInfo(cls=RegistrationForm))
    rounds = 4 if settings.env == "test" else BCRYPT_ROUNDS
    security.pwd_context = ThreadedContext(schemes=["bcrypt"], bcrypt__rounds=rounds)
    security.login_manager.request_loader(partial(load_by_token, datastore))
    # Flask-Principal would load the account before every view, public ones too; a view that needs it asks.
    security.principal.identity_loaders.clear()


def load_by_token(datastore: SQLAlchemyUserDatastore, request: Request) -> UserMixin | None:
    """Return whom the token in the header stands for.

    Flask-Security would take one from the address too, where logs and histories keep it, and look for one in
    every JSON body.
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
        "SECURITY_REGISTERABLE": True,
        "SECURITY_SEND_REGISTER_EMAIL": False,
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
        # Nothing here asks for a recent password yet, so the page that would ask for it does not exist.
        "SECURITY_FRESHNESS": timedelta(seconds=-1),
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_TOKEN_AUTHENTICATION_HEADER": TOKEN_HEADER,
        "SECURITY_TOKEN_MAX_AGE": TOKEN_LIFETIME,
        "REMEMBER_COOKIE_DURATION": REMEMBER_FOR,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": settings.is_secure,
        "SESSION_PROTECTION": "basic",
    }
