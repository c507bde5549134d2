"""The second factor: codes of an authenticator, for staff, and recovery codes for the day that it is lost."""

import base64
import hashlib
import io
from collections.abc import Callable
from functools import wraps
from typing import Any

import qrcode
import qrcode.image.svg
from flask import Flask, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import tf_disabled, tf_profile_changed
from flask_security.forms import IsString, TwoFactorRescueForm, TwoFactorSetupForm, TwoFactorVerifyCodeForm
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.totp import Totp
from limits import RateLimitItemPerMinute
from passlib.exc import UsedTokenError  # type: ignore[import-untyped]
from wtforms import RadioField, StringField

from application.controller.attempts import limit_codes, was_right
from application.controller.limits import RefusableForm
from application.controller.permissions import ADMINISTRATORS, EDITORS, has_any_role
from application.data.operations.account_life import note_account
from application.extensions import limiter

SETTING_UP = frozenset(
    {"security.two_factor_setup", "security.two_factor_setup_validate", "security.mf_recovery_codes"}
)
FOR_STAFF = "The second step at signing in is for editors and administrators."
PLEASE_SWITCH_ON = (
    "You are an administrator, and your password alone opens everything: "
    "please protect your account by a second step at signing in. Your account’s page leads there."
)
# A code is valid for half a minute, and for one before and after where clocks differ.
CLOCKS_DIFFER = 30
ONCE = RateLimitItemPerMinute(1, 2)


class Authenticator(Totp):
    """Codes that are taken once, and a picture that is made here."""

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Refuse a code that was used before, by whoever looked over a shoulder (RFC 6238, section 5.2)."""
        secret = hashlib.sha256(tmatch.totp.key).hexdigest()[:16]
        try:
            is_first = limiter.limiter.hit(ONCE, "used code", user.fs_uniquifier, secret, str(tmatch.counter))
        except Exception:  # noqa: BLE001 - whatever the store of the counts raises, the code itself was right
            return
        if not is_first:
            raise UsedTokenError

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Draw the code as an SVG for `<img src>`: one path, black on white in any scheme."""
        picture = qrcode.make(
            self.get_totp_uri(username, totp), image_factory=qrcode.image.svg.SvgPathFillImage, border=3
        )
        with io.BytesIO() as file:
            picture.save(file)
            return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


class SetUpForm(TwoFactorSetupForm):
    """Which way to switch it on, or off; the page has a button for each."""

    setup = StringField("Method", validators=[IsString()])


class RescueForm(TwoFactorRescueForm):
    """Nothing to choose from: Flask-Security adds the recovery codes, to which the page leads by a link."""

    help_setup = RadioField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A list of this form's own: one of the class would grow with every form.
        self.help_setup.choices = []


class CodeForm(RefusableForm, TwoFactorVerifyCodeForm):
    """A code of the authenticator; people type it with spaces, as it is shown."""

    def validate(self, **kwargs: Any) -> bool:
        """Compare the code."""
        self.code.data = "".join(str(self.code.data or "").split())
        valid = bool(super().validate(**kwargs))
        if valid:
            was_right()
        return valid


class RecoveryForm(RefusableForm, MfRecoveryForm):
    """A recovery code."""

    def validate(self, **kwargs: Any) -> bool:
        """Compare the code."""
        self.code.data = str(self.code.data or "").strip().lower()
        valid = bool(super().validate(**kwargs))
        if valid:
            was_right()
        return valid


def init_app(app: Flask) -> None:
    """Stand beside Flask-Security's views; must come after the accounts."""
    app.before_request(keep_to_staff)
    tf_profile_changed.connect(on_switched_on, app)
    tf_disabled.connect(on_switched_off, app)
    views: dict[str, Any] = app.view_functions
    views["security.two_factor_token_validation"] = sparing_sessions(views["security.two_factor_token_validation"])
    for name in ("two_factor_token_validation", "two_factor_setup_validate", "mf_recovery"):
        views[f"security.{name}"] = limit_codes(views[f"security.{name}"])
    # Flask-Security's own would write to an address of the site; here the only rescue is a recovery code.
    views["security.two_factor_rescue"] = rescue


def keep_to_staff() -> None:
    """Leave the pages for switching it on to those who may; who has it already may always switch it off."""
    if request.endpoint not in SETTING_UP or not current_user.is_authenticated:
        return
    if not has_any_role(EDITORS) and current_user.tf_primary_method is None:
        abort(403, FOR_STAFF)


def sparing_sessions(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Lead somebody who is signed in to their account: Flask-Security's view would sign them out, by a mere link."""

    @wraps(view)
    def spared(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if current_user.is_authenticated:
            return redirect(url_for("account.show"), 303)
        return view(*args, **kwargs)

    return spared


def rescue() -> ResponseReturnValue:
    """Lead to the recovery codes."""
    return redirect(url_for("security.mf_recovery"), 303)


def ask_for_it() -> None:
    """Ask an administrator who has just signed in without a second factor to switch it on."""
    if current_user.tf_primary_method is None and has_any_role(ADMINISTRATORS):
        flash(PLEASE_SWITCH_ON)


def on_switched_on(_app: Flask, user: Any, **_details: Any) -> None:
    """Note it."""
    note_account("second factor switched on", user.id)


def on_switched_off(_app: Flask, user: Any, **_details: Any) -> None:
    """Note it, and take the recovery codes back: they belong to that authenticator."""
    current_app.extensions["security"].datastore.mf_set_recovery_codes(user, None)
    note_account("second factor switched off", user.id)
