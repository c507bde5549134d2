"""A reader's own page: what they like, their data, their sessions, and the way out."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import COOKIE_NAME, current_user, login_required, logout_user
from flask_security.utils import get_request_attr, login_user

from application.config import Settings
from application.controller.account_forms import PasswordForm
from application.controller.attempts import limit_passwords
from application.controller.cookies import SIGNED_IN, mark_signed_in
from application.controller.permissions import ADMINISTRATORS, EDITORS, WRITERS, has_any_role
from application.controller.sign_in import GONE
from application.data import data_access
from application.data.data_access.accounts import get_data_of, get_likes_of
from application.data.errors import Invalid, NotFound
from application.data.operations import account_life
from application.utils.ids import parse_id
from application.utils.offload import run_in_turn

blueprint = Blueprint("account", __name__)

ENDED = "Everybody else who was signed in to your account is signed out, and old tokens are worth nothing."


@blueprint.get("/account")
@login_required  # type: ignore[untyped-decorator]
def show() -> ResponseReturnValue:
    """Show the reader's own page."""
    before = request.args.get("before")
    last = None if before is None else parse_id(before)
    if before is not None and last is None:
        abort(400, "This is not a page of the list.")
    settings: Settings = current_app.config["SETTINGS"]
    page = render_template(
        "account/account.html",
        name=current_user.username or current_user.email,
        email=current_user.email,
        is_confirmed=current_user.confirmed_at is not None,
        sends_mail=settings.sends_mail,
        roles=sorted(role.name for role in current_user.roles),
        can_write=has_any_role(WRITERS),
        has_second_factor=current_user.tf_primary_method is not None,
        recovery_codes=len(current_user.mf_recovery_codes or ()),
        may_have_second_factor=has_any_role(EDITORS) or current_user.tf_primary_method is not None,
        should_have_second_factor=has_any_role(ADMINISTRATORS) and current_user.tf_primary_method is None,
        user_name=data_access.get_user_name(current_user.id),
        likes=get_likes_of(current_user.id, last),
        is_first_page=last is None,
    )
    response = make_response(page)
    if SIGNED_IN not in request.cookies:
        mark_signed_in(response)
    return response


@blueprint.get("/account/data")
@login_required  # type: ignore[untyped-decorator]
def data() -> Response:
    """Hand over everything that the site holds about the person, as one file."""
    found = get_data_of(current_user.id)
    if found is None:
        _answer_gone()
    settings: Settings = current_app.config["SETTINGS"]
    now = datetime.now(UTC)
    document = {"site": settings.site_url, "made_at": now.isoformat(timespec="seconds"), **(found or {})}
    # All that an author ever wrote can take a while to spell.
    response = Response(run_in_turn(current_user.id, _spell, document), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{now:%Y-%m-%d}.json"'
    return response


@blueprint.post("/account/end_sessions")
@login_required  # type: ignore[untyped-decorator]
def end_sessions() -> ResponseReturnValue:
    """End every session of the account but this one."""
    try:
        account_life.end_sessions(current_user.id)
    except NotFound:
        _answer_gone()
    if get_request_attr("fs_authn_via") == "session":
        _sign_in_again()
    flash(ENDED)
    return redirect(url_for("account.show"), 303)


def _sign_in_again() -> None:
    """Begin a session in place of the one that has just ended with all others; it proves no more than that one did."""
    gave_password_at = session.get("fs_paa")
    remembered = current_app.config.get("REMEMBER_COOKIE_NAME", COOKIE_NAME) in request.cookies
    login_user(current_user._get_current_object(), remember=remembered)
    session.pop("fs_paa", None)
    if gave_password_at is not None:
        session["fs_paa"] = gave_password_at


@blueprint.get("/account/delete")
@login_required  # type: ignore[untyped-decorator]
def ask_to_delete() -> ResponseReturnValue:
    """Say what goes and what stays, and ask for the password."""
    return _delete_page(PasswordForm(user=current_user))


def delete() -> ResponseReturnValue:
    """Delete the account."""
    form = PasswordForm(user=current_user)
    if not form.validate():
        return _delete_page(form), 422
    try:
        account_life.delete_account(current_user.id)
    except Invalid as problem:
        form.password.errors = list(problem.problems.values())
        return _delete_page(form), 422
    except NotFound:
        _answer_gone()
    logout_user()
    return render_template("account/deleted.html")


blueprint.post("/account/delete")(login_required(limit_passwords(delete)))


def _delete_page(form: PasswordForm) -> str:
    return render_template(
        "account/delete.html",
        form=form,
        user_name=data_access.get_user_name(current_user.id),
        is_confirmed=current_user.confirmed_at is not None,
    )


def _answer_gone() -> None:
    logout_user()
    abort(409, GONE)


def _spell(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
