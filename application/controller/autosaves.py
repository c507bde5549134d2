"""What is typed and not sent yet: kept while a writer types, thrown away when they say so."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import editor
from application.controller.attempts import client_address
from application.controller.errors import answer, problem
from application.controller.forms import FORM_KEY, site_zone
from application.controller.permissions import NOT_A_WRITER, WRITERS, has_any_role
from application.controller.staff import only
from application.data.errors import Invalid
from application.data.operations import autosaves
from application.data.operations.article_fields import LONGEST_CONTENT
from application.extensions import limiter
from application.utils.ids import parse_id

blueprint = Blueprint("autosaves", __name__)

# A form sends one every few seconds at the most; several may be open.
LIMIT = "60/minute;1200/hour"
TOO_OFTEN = "Words were kept very often in a short while; they stay in the form."
LONGEST_FIELD = 10_000
FIELDS = frozenset({*editor.WORDS, "version"})


def _writer() -> str:
    """Name whose words are counted; who is signed out is told so, whatever other strangers do."""
    return str(current_user.get_id()) if current_user.is_authenticated else client_address()


@blueprint.route("/autosave/<form_key>", methods=["PUT", "POST"])
@limiter.limit(LIMIT, key_func=_writer, error_message=TOO_OFTEN)
def keep(form_key: str) -> ResponseReturnValue:
    """Keep what stands in an open form: `{"article_id": id, "article": slug, "fields": {name: text}}`.

    What was typed into an article that is gone, or is not the writer's any more, is kept as words of a new one.
    """
    if not current_user.is_authenticated:
        return problem(401, "You are signed out. Sign in again in another tab; nothing typed here is lost.")
    if not has_any_role(WRITERS):
        return answer(403, NOT_A_WRITER)
    if FORM_KEY.fullmatch(form_key) is None:
        abort(404)
    asked_id, slug, fields = _read(request.get_json())
    article_id = editor.find_own(asked_id, slug) if asked_id or slug else None
    try:
        autosaves.keep(current_user.id, form_key, article_id, fields)
    except Invalid as error:
        abort(422, " ".join(error.problems.values()))
    is_apart = bool(asked_id or slug) and article_id is None
    return jsonify(saved_at=f"{datetime.now(UTC).astimezone(site_zone()):%H:%M}", is_apart=is_apart)


@blueprint.post("/autosave/<form_key>/discard")
@only(WRITERS)
def discard(form_key: str) -> ResponseReturnValue:
    """Throw the words away, and go back to the form."""
    if FORM_KEY.fullmatch(form_key) is None:
        abort(404)
    autosaves.discard(current_user.id, form_key)
    slug = request.form.get("article", "")
    return redirect(url_for("writing.edit", slug=slug) if slug else url_for("writing.create"), 303)


def _read(body: Any) -> tuple[int | None, str, dict[str, str]]:
    """Return the article's id and slug, and the known fields; 422 for anything else."""
    fields = body.get("fields") if isinstance(body, dict) else None
    slug = body.get("article") if isinstance(body, dict) else None
    article_id = body.get("article_id") if isinstance(body, dict) else None
    if not isinstance(fields, dict) or not isinstance(slug, str | None) or not isinstance(article_id, str | None):
        abort(422, "Send an object with the article's id and address, as text, and its fields.")
    kept = {name: text for name, text in fields.items() if name in FIELDS and isinstance(text, str)}
    if any(len(text) > (LONGEST_CONTENT if name == "content" else LONGEST_FIELD) for name, text in kept.items()):
        abort(422, "This is more than an article can hold.")
    return parse_id(article_id), slug or "", kept
