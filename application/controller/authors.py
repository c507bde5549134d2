"""An author's own page, as they edit it."""

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import editor
from application.controller.addresses import LONGEST_NAME, fold, is_askable
from application.controller.editor import BUSY
from application.controller.forms import ProfileForm
from application.controller.permissions import EDITORS, WRITERS, has_any_role
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import DatabaseBusy, Invalid
from application.data.operations import people
from application.data.records import PersonPage

blueprint = Blueprint("authors", __name__)


@blueprint.route("/articles_by/<user_name>/edit", methods=["GET", "POST"])
@only(WRITERS)
def edit(user_name: str) -> ResponseReturnValue:
    """Show what readers see of an author in a form; store what it brings."""
    author = _find(fold(user_name))
    words = {"display_name": author.person.display_name, "biography": author.biography}
    form = ProfileForm(formdata=editor.typed(), **words)
    if form.is_submitted() and form.validate():
        try:
            people.edit_profile(author.person.user_name, form.display_name.data, form.biography.data, actor())
        except Invalid as error:
            editor.mark(form, error.problems)
        except DatabaseBusy as error:
            form.form_errors.append(BUSY)
            return _show(form, author), 503, {"Retry-After": str(error.retry_after)}
        else:
            return redirect(url_for("articles.by_author", user_name=author.person.user_name), 303)
    return _show(form, author), 422 if form.errors else 200


def _show(form: ProfileForm, author: PersonPage) -> str:
    return render_template("desk/author.html", form=form, author=author)


def _find(user_name: str) -> PersonPage:
    """Return the author if this is their own page, or an editor asks; 404 or 403 otherwise."""
    if not has_any_role(EDITORS) and data_access.get_user_name(current_user.id) != user_name:
        abort(403, "Only an author and the editors can edit an author’s page.")
    known = data_access.get_person(user_name) if is_askable(user_name, LONGEST_NAME) else None
    return known or abort(404)
