"""What is personal, apart from the pages that everybody shares; `me_lane` gives the same answer without Flask."""

from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request, session
from flask_login import current_user

from application.controller.cookies import SIGNED_IN, mark_signed_out, read_visitor
from application.controller.permissions import EDITORS, WRITERS
from application.data import data_access
from application.data.records import Mine
from application.utils import session_keys
from application.utils.ids import parse_id
from application.utils.session_keys import SessionKey

blueprint = Blueprint("me", __name__)


@blueprint.get("/me")
def me() -> Response:
    """Tell a page's script who reads it, and whether they like its article; one statement in all."""
    asked = request.args.get("article")
    article_id = parse_id(asked)
    if asked is not None and article_id is None:
        abort(400, "This is not an article’s number.")
    mine = data_access.get_mine(_account(), read_visitor(), article_id)
    response = jsonify(told_of(mine))
    if mine.name is None and SIGNED_IN in request.cookies:
        # The session is over: without the marker, pages stop asking.
        mark_signed_out(response)
    return response


def told_of(mine: Mine) -> dict[str, Any]:
    """Return what a page's script is told."""
    can_write = not WRITERS.isdisjoint(mine.roles)
    can_edit = not EDITORS.isdisjoint(mine.roles) or (can_write and mine.wrote)
    return {"name": mine.name, "liked": mine.liked, "can_write": can_write, "can_edit": can_edit}


def _account() -> int | SessionKey | None:
    """Return what identifies the account of this request, without loading the account where that can be helped."""
    key = session_keys.read(session.get("_user_id"))
    if key is not None:
        return key
    remembered = current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token") in request.cookies
    if remembered or current_app.config["SECURITY_TOKEN_AUTHENTICATION_HEADER"] in request.headers:
        return int(current_user.id) if current_user.is_authenticated else None
    return None
