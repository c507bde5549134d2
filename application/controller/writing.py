"""Writing: create, preview, edit, publish or not."""

import functools
from collections.abc import Callable, Mapping
from typing import ParamSpec

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller.addresses import fold
from application.controller.forms import ArticleForm, EditForm
from application.controller.permissions import EDITORS, WRITERS, has_any_role
from application.data import data_access
from application.data.errors import EditConflict, Invalid
from application.data.operations import articles, people
from application.data.records import Draft
from application.utils import markdown
from application.utils.ids import parse_id
from application.utils.offload import run_in_thread

P = ParamSpec("P")
blueprint = Blueprint("writing", __name__)

SIGNED_OUT = "You are signed out, so nothing was stored. Please sign in in another tab, then send this form again."


def writers_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let writers in; others are asked to sign in, or told that it is not theirs to do."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if has_any_role(WRITERS):
            return view(*args, **kwargs)
        if current_user.is_authenticated:
            abort(403, "Writing needs the role of an author, which an administrator gives.")
        if request.method == "POST":
            return _keep_words((request.view_args or {}).get("slug"))
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]

    return guarded


@blueprint.route("/create_article", methods=["GET", "POST"])
@writers_only
def create() -> ResponseReturnValue:
    """Show the form; store what it brings."""
    form = ArticleForm(formdata=_typed())
    if request.method == "GET":
        return _show(form)
    if not form.validate():
        return _show(form, status=422)
    if _wants_preview():
        return _show(form, preview=_rendered(form))
    try:
        slug = articles.create_article(
            [people.ensure_profile(current_user.id)],
            title=form.title.data,
            content=form.content.data,
            standfirst=form.standfirst.data,
            publish=form.publish.data,
            tags=form.tag_names(),
        )
    except Invalid as error:
        return _show(_marked(form, error.problems), status=422)
    return _go_on(slug, is_published=form.publish.data)


@blueprint.route("/articles/<slug>/edit", methods=["GET", "POST"])
@writers_only
def edit(slug: str) -> ResponseReturnValue:
    """Show the article in the form; store what it brings unless somebody else saved meanwhile."""
    draft = _own(slug)
    if request.method == "GET":
        return _show(_filled(draft), slug=draft.slug)
    form = EditForm(formdata=_typed())
    version = parse_id(form.version.data)
    if not form.validate() or version is None:
        return _show(form, slug=draft.slug, status=422)
    if _wants_preview():
        return _show(form, slug=draft.slug, preview=_rendered(form))
    try:
        new_slug = articles.edit_article(
            draft.slug,
            version,
            title=form.title.data,
            content=form.content.data,
            standfirst=form.standfirst.data,
            publish=form.publish.data,
            tags=form.tag_names(),
            new_slug=form.slug.data,
        )
    except Invalid as error:
        return _show(_marked(form, error.problems), slug=draft.slug, status=422)
    except EditConflict:
        return _show_both(form, slug)
    return _go_on(new_slug, is_published=form.publish.data)


def _keep_words(slug: str | None = None) -> ResponseReturnValue:
    """Show what was typed by somebody whose session is over, so that none of it is lost."""
    form = EditForm(formdata=_typed()) if slug else ArticleForm(formdata=_typed())
    form.form_errors.append(SIGNED_OUT)
    return _show(form, slug=slug, status=403)


def _own(slug: str) -> Draft:
    """Return the article if it is this writer's to edit."""
    draft = data_access.get_draft(fold(slug))
    if draft is None:
        abort(404)
    if not has_any_role(EDITORS) and data_access.get_profile_id(current_user.id) not in {
        author.profile_id for author in draft.authors
    }:
        abort(403, "Only its authors and the editors can edit this article.")
    return draft


def _typed() -> Mapping[str, str] | None:
    """Return the form that was sent; JSON and the like would fill its fields with anything."""
    if request.method == "GET":
        return None
    if request.mimetype not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        abort(415)
    return request.form


def _filled(draft: Draft) -> EditForm:
    return EditForm(
        formdata=None,
        title=draft.title,
        standfirst=draft.standfirst,
        content=draft.content,
        tags=", ".join(tag.name for tag in draft.tags),
        publish=draft.status == "published",
        slug=draft.slug,
        version=str(draft.version),
    )


def _show_both(form: EditForm, slug: str) -> ResponseReturnValue:
    """Show what was typed and what is stored now; saving once more, knowingly, replaces it."""
    theirs = _own(slug)
    form.version.data = str(theirs.version)
    return _show(form, slug=theirs.slug, theirs=theirs, status=409)


def _marked(form: ArticleForm, problems: Mapping[str, str]) -> ArticleForm:
    """Put each message beside its field, or above the form where the field is not shown."""
    for name, message in problems.items():
        if name in form:
            form[name].errors = [*form[name].errors, message]
        else:
            form.form_errors.append(message)
    return form


def _wants_preview() -> bool:
    return "preview" in request.form


def _rendered(form: ArticleForm) -> str:
    return run_in_thread(markdown.render, form.content.data)


def _show(
    form: ArticleForm,
    *,
    slug: str | None = None,
    theirs: Draft | None = None,
    preview: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return render_template("writing/form.html", form=form, slug=slug, theirs=theirs, preview=preview), status


def _go_on(slug: str, *, is_published: bool) -> ResponseReturnValue:
    """Lead to the article, or back to the form of what readers cannot see."""
    return redirect(url_for("articles.article" if is_published else "writing.edit", slug=slug), 303)
