"""Writing: create and edit, and every deed that the buttons under the text name."""

import functools
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import ParamSpec

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import editor
from application.controller.forms import FORM_KEY, ArticleForm, EditForm, site_zone
from application.controller.permissions import NOT_A_WRITER, WRITERS, has_any_role, problem_with_authors
from application.controller.presentation import long_time
from application.controller.staff import actor
from application.data import data_access
from application.data.errors import DatabaseBusy, EditConflict, Invalid
from application.data.operations import articles, autosaves, people
from application.data.operations import bin as the_bin
from application.data.records import AutosaveRecord, Editing, Saved
from application.utils.ids import parse_id

P = ParamSpec("P")
blueprint = Blueprint("writing", __name__)

SIGNED_OUT = "You are signed out, so nothing was stored; your words are all still here. Please sign in again."
NO_VERSION = "This form has lost the number of its version; open the article in a new tab and copy your words there."
BUSY = "The database is busy, so nothing was stored; your words are all still here. Please press the button again."
SAVED_ONLY = (
    "Saved, and not published: somebody else was at it in that moment. Please look, and press the button again."
)

SAVE, PUBLISH, SCHEDULE, PREVIEW = "save", "publish", "schedule", "preview"
UNPUBLISH, UNSCHEDULE, DISCARD = "unpublish", "unschedule", "discard"
BIN, TAKE_BACK, THEIRS = "bin", "take-back", "theirs"
STORING = frozenset({SAVE, PUBLISH, SCHEDULE})
DEEDS = STORING | {PREVIEW, UNPUBLISH, UNSCHEDULE, DISCARD, BIN, TAKE_BACK, THEIRS}


def writers_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let writers in; others are asked to sign in, with their words kept, or told that it is not theirs to do."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if has_any_role(WRITERS):
            return view(*args, **kwargs)
        if current_user.is_authenticated:
            abort(403, NOT_A_WRITER)
        if request.method == "POST":
            return _keep_words((request.view_args or {}).get("slug"))
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]

    return guarded


@blueprint.route("/create_article", methods=["GET", "POST"])
@writers_only
def create() -> ResponseReturnValue:
    """Show the form; store what it brings."""
    if request.method == "GET":
        return editor.show(_empty_or_taken_up())
    form = ArticleForm(formdata=editor.typed())
    try:
        return _create(form, _deed())
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), status=422)
    except DatabaseBusy as error:
        return _busy(form, None, error)


@blueprint.route("/articles/<slug>/edit", methods=["GET", "POST"])
@writers_only
def edit(slug: str) -> ResponseReturnValue:
    """Show the article in the form; do with it what the pressed button says."""
    editing = editor.find(slug, binned=True)
    if request.method == "GET":
        return editor.show(_stored_or_taken_up(editing), editing)
    form = EditForm(formdata=editor.typed())
    deed = _deed()
    try:
        return _store(editing, form, deed) if deed in STORING | {PREVIEW} else _handle(editing, form, deed)
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), editing, status=422)
    except EditConflict:
        return _show_both(form, editing.slug)
    except DatabaseBusy as error:
        return _busy(form, editing, error)


def _create(form: ArticleForm, deed: str) -> ResponseReturnValue:
    if not _is_fit(form, deed, before=()):
        return editor.show(form, status=422)
    if deed == PREVIEW:
        return editor.show(form, with_preview=True)
    saved = articles.create_article(form.written(), actor())
    _forget(form)
    return _go_on(saved, form, deed)


def _store(editing: Editing, form: EditForm, deed: str) -> ResponseReturnValue:
    """Do what is about the words: whatever goes wrong, they are all in the form again."""
    version = parse_id(form.version.data)
    if version is None:
        form.form_errors.append(NO_VERSION)
    if not _is_fit(form, deed, before=editing.written.authors) or version is None:
        return editor.show(form, editing, status=422)
    if deed == PREVIEW:
        return editor.show(form, editing, with_preview=True)
    saved = articles.save_article(editing.slug, version, form.written(), actor())
    _forget(form)
    return _go_on(saved, form, deed)


def _deed() -> str:
    """Return what the pressed button says; a form sent by the Enter key is saved."""
    deed = request.form.get("do", SAVE)
    return deed if deed in DEEDS else abort(400, "This form has no such button.")


def _is_fit(form: ArticleForm, deed: str, before: tuple[str, ...]) -> bool:
    """Check the fields, and those that matter to this deed alone; errors are left beside them."""
    fits = bool(form.validate())
    if deed == SCHEDULE:
        fits = form.read_time(site_zone(), datetime.now(UTC)) is not None and fits
    if deed != PREVIEW and not form.errors.get("authors"):
        fits = _settle_authors(form, before) and fits
    return fits


def _settle_authors(form: ArticleForm, before: tuple[str, ...]) -> bool:
    """Take the writer for the author where none is named; refuse by-lines that are not theirs to set."""
    if not before:
        people.ensure_profile(current_user.id)
    named = form.author_names()
    if before and named == before:
        return True
    own = data_access.get_user_name(current_user.id)
    if not named and not before:
        form.authors.data = own or ""
        return True
    problem = problem_with_authors(before, named, own)
    if problem:
        form.authors.errors = [*form.authors.errors, problem]
    return problem is None


def _go_on(saved: Saved, form: ArticleForm, deed: str) -> ResponseReturnValue:
    """Show it to readers, now or later, if that was the button; then lead to where it can be seen."""
    here = url_for("writing.edit", slug=saved.slug)
    if deed == SAVE:
        flash(_words_for_saved(saved))
        return redirect(here, 303)
    at = form.read_time(site_zone(), datetime.now(UTC)) if deed == SCHEDULE else None
    try:
        saved = articles.publish_article(saved.slug, saved.version, actor(), at)
    except (EditConflict, DatabaseBusy):
        flash(SAVED_ONLY)
        return redirect(here, 303)
    except Invalid as error:
        flash(f"Saved, but not {'published' if at is None else 'scheduled'}: {' '.join(error.problems.values())}")
        return redirect(here, 303)
    if at is None:
        return redirect(url_for("articles.article", slug=saved.slug), 303)
    flash(f"{'The changes' if saved.status == 'published' else 'It'} will be published on {_words_for_time(at)}.")
    return redirect(url_for("writing.edit", slug=saved.slug), 303)


def _words_for_saved(saved: Saved) -> str:
    if saved.status != "published":
        return "Saved."
    until = "" if saved.scheduled_for is None else f", until {_words_for_time(saved.scheduled_for)}"
    return f"Saved. Readers still see the version before{until}."


def _words_for_time(at: datetime) -> str:
    return f"{long_time(at, site_zone())} ({site_zone().key})"


def _handle(editing: Editing, form: EditForm, deed: str) -> ResponseReturnValue:
    """Do what is not about the words; what was typed and not saved is kept, and offered again."""
    slug, by = editing.slug, actor()
    if deed in {UNPUBLISH, UNSCHEDULE, BIN}:
        _put_aside(editing, form)
    if deed == UNPUBLISH:
        articles.unpublish_article(slug, by)
        flash("Readers do not see it any more. Your text is all here.")
    elif deed == UNSCHEDULE:
        articles.unschedule_article(slug, by)
        flash("Nothing is published by itself any more. Your text is all here.")
    elif deed == DISCARD:
        articles.discard_working_copy(slug, parse_id(form.version.data) or 0, by)
        _forget(form)
        flash("The newer draft is gone from here; it stays among the revisions.")
    elif deed == BIN:
        the_bin.bin_article(slug, by)
        flash(f"“{editing.written.title}” is in the bin, for 30 days.")
        return redirect(url_for("desk.desk"), 303)
    elif deed == THEIRS:
        _forget(form)
    elif deed == TAKE_BACK:
        the_bin.take_from_bin(slug, by)
        flash("It is out of the bin, as it was before.")
    return redirect(url_for("writing.edit", slug=slug), 303)


def _put_aside(editing: Editing, form: EditForm) -> None:
    words = editor.words_in(form)
    if FORM_KEY.fullmatch(form.form_key.data or "") and words != editor.fields_of(editing):
        fields = {**words, "version": form.version.data or ""}
        autosaves.keep(current_user.id, form.form_key.data, editing.article_id, fields)


def _forget(form: ArticleForm) -> None:
    """Forget what was kept while it was typed: it is stored now, or not wanted."""
    if not FORM_KEY.fullmatch(form.form_key.data or ""):
        return
    # The deed itself is done: words that are offered once too often do no harm, a second try would.
    with suppress(DatabaseBusy):
        autosaves.discard(current_user.id, form.form_key.data)


def _keep_words(slug: str | None = None) -> ResponseReturnValue:
    """Show what was typed by somebody whose session is over, so that none of it is lost."""
    form = (EditForm if slug else ArticleForm)(formdata=editor.typed())
    form.form_errors.append(SIGNED_OUT)
    return editor.show(form, slug=slug, is_signed_out=True, status=403)


def _show_both(form: EditForm, slug: str) -> ResponseReturnValue:
    """Show what was typed and what is stored now; saving once more, knowingly, replaces it."""
    theirs = editor.find(slug)
    form.version.data = str(theirs.version)
    difference = editor.compare(editor.fields_of(theirs), editor.words_in(form))
    return editor.show(form, theirs, difference=difference, status=409)


def _busy(form: ArticleForm, editing: Editing | None, error: DatabaseBusy) -> ResponseReturnValue:
    form.form_errors.append(BUSY)
    page, _ = editor.show(form, editing)
    return page, 503, {"Retry-After": str(error.retry_after)}


def _empty_or_taken_up() -> ArticleForm:
    kept = _asked_for(None)
    if kept is not None:
        return editor.taken_up(kept, None)
    return ArticleForm(formdata=None, form_key=editor.new_form_key())


def _stored_or_taken_up(editing: Editing) -> ArticleForm:
    kept = _asked_for(editing.article_id)
    return editor.filled(editing) if kept is None else editor.taken_up(kept, editing)


def _asked_for(article_id: int | None) -> AutosaveRecord | None:
    """Return the kept words that the address names, if they are this writer's and this article's."""
    key = request.args.get("kept", "")
    kept = data_access.get_autosave(current_user.id, key) if FORM_KEY.fullmatch(key) else None
    return kept if kept is not None and kept.article_id == article_id else None
