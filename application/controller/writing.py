"""Writing: create and edit, and every deed that the buttons under the text name."""

import functools
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import ParamSpec

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import conflicts, deeds, editor, kept_words, refusals, stray_words
from application.controller.conflicts import Conflict
from application.controller.deeds import (
    BIN,
    COPY,
    DISCARD,
    HIDING,
    PREVIEW,
    SAVE,
    SCHEDULE,
    STORING,
    TAKE_BACK,
    THEIRS,
    UNPUBLISH,
    UNSCHEDULE,
)
from application.controller.differences import compare
from application.controller.forms import ArticleForm, EditForm, site_zone
from application.controller.permissions import NOT_A_WRITER, WRITERS, has_any_role, problem_with_authors
from application.controller.presentation import long_time
from application.controller.refusals import Refusal
from application.controller.staff import actor
from application.data import data_access
from application.data.errors import AlreadySent, DatabaseBusy, EditConflict, Invalid, NotFound
from application.data.models import BINNED, FORM_KEY_LENGTH
from application.data.operations import articles, people
from application.data.operations import bin as the_bin
from application.data.records import Editing, Saved
from application.utils.ids import parse_id

P = ParamSpec("P")
blueprint = Blueprint("writing", __name__)

NO_VERSION = "This form has lost the number of its version; open the article in a new tab and copy your words there."
SAVED_ONLY = (
    "Saved, and not published: somebody else was at it in that moment. Please look, and press the button again."
)

TRIES = 3


def writers_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let writers in; others are asked to sign in, or told that it is not theirs to do, with their words kept."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if has_any_role(WRITERS):
            if request.method == "GET":
                stray_words.take_up()
            return view(*args, **kwargs)
        if request.method == "POST":
            why = refusals.of_readers() if current_user.is_authenticated else refusals.OF_STRANGERS
            return _refuse(why, (request.view_args or {}).get("slug"))
        if current_user.is_authenticated:
            abort(403, NOT_A_WRITER)
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]

    return guarded


@blueprint.route("/create_article", methods=["GET", "POST"])
@writers_only
def create() -> ResponseReturnValue:
    """Show the form; store what it brings."""
    if request.method == "GET":
        return editor.show(kept_words.empty_or_taken_up())
    form = ArticleForm(formdata=editor.typed())
    try:
        return _create(form, _deed())
    except AlreadySent as error:
        return _show_first(error.article_id)
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), status=422)
    except DatabaseBusy as error:
        return _busy(form, None, error)
    except NotFound:
        # The account was deleted in this moment.
        return _refuse(refusals.OF_STRANGERS, None)


@blueprint.route("/articles/<slug>/edit", methods=["GET", "POST"])
@writers_only
def edit(slug: str) -> ResponseReturnValue:
    """Show the article in the form; do with it what the pressed button says."""
    if request.method == "GET":
        editing = editor.find(slug, binned=True)
        return editor.show(kept_words.stored_or_taken_up(editing), editing)
    form = EditForm(formdata=editor.typed())
    for _ in range(TRIES):
        # Somebody may bin it, or bring it back, between the look and the deed.
        with suppress(NotFound):
            return _edit(form, slug, _deed())
    return _refuse(refusals.OF_GONE, slug)


def _edit(form: EditForm, slug: str, deed: str) -> ResponseReturnValue:
    """Do what the button says with the article of the form, if it is there and this writer's; raises `NotFound`."""
    editing = editor.find_sent(parse_id(form.article_id.data), slug)
    refusal = refusals.find(editing, binned=deed in {TAKE_BACK, THEIRS})
    if editing is None or refusal is not None:
        return _refuse(refusal or refusals.OF_GONE, slug)
    try:
        return _store(editing, form, deed) if deed in STORING | {PREVIEW} else _handle(editing, form, deed)
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), editing, status=422)
    except EditConflict:
        return _show_both(form, editing.article_id, conflicts.of_deed(deed))
    except DatabaseBusy as error:
        return _busy(form, editing, error)


def _create(form: ArticleForm, deed: str) -> ResponseReturnValue:
    form_key = kept_words.key_of(form)
    if deed == COPY:
        # What could not be saved where it was typed: the address and the by-line stay there.
        form.slug.data = form.authors.data = ""
        deed, form_key = SAVE, form_key and f"copy-{form_key}"[:FORM_KEY_LENGTH]
    if not _is_fit(form, deed, before=()):
        return editor.show(form, status=422)
    if deed == PREVIEW:
        return editor.show(form, with_preview=True)
    saved = articles.create_article(form.written(), actor(), form_key)
    kept_words.forget(form)
    # Of a form that is sent twice in one moment, either may be the one that publishes.
    return _go_on(saved, form, deed, version=None)


def _store(editing: Editing, form: EditForm, deed: str) -> ResponseReturnValue:
    """Do what is about the words: whatever goes wrong, they are all in the form again."""
    version = parse_id(form.version.data)
    if version is None:
        form.form_errors.append(NO_VERSION)
    if not _is_fit(form, deed, before=editing.written.authors) or version is None:
        return editor.show(form, editing, status=422)
    if deed == PREVIEW:
        return editor.show(form, editing, with_preview=True)
    saved = articles.save_article(editing.article_id, version, form.written(), actor())
    kept_words.forget(form)
    return _go_on(saved, form, deed, version=saved.version)


def _deed() -> str:
    """Return what the pressed button says; a form sent by the Enter key is saved."""
    deed = request.form.get("do", SAVE)
    return deed if deed in deeds.ALL else abort(400, "This form has no such button.")


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


def _go_on(saved: Saved, form: ArticleForm, deed: str, *, version: int | None) -> ResponseReturnValue:
    """Show it to readers, now or later, if that was the button; then lead to where it can be seen."""
    here = url_for("writing.edit", slug=saved.slug)
    if deed == SAVE:
        flash(_words_for_saved(saved))
        return redirect(here, 303)
    at = form.read_time(site_zone(), datetime.now(UTC)) if deed == SCHEDULE else None
    try:
        saved = articles.publish_article(saved.slug, version, actor(), at)
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
    slug, by, version = editing.slug, actor(), parse_id(form.version.data)
    if version is None and deed in HIDING | {DISCARD}:
        form.form_errors.append(NO_VERSION)
        return editor.show(form, editing, status=422)
    if deed in HIDING | {TAKE_BACK}:
        kept_words.put_aside(editing, form)
    if deed == UNPUBLISH:
        articles.unpublish_article(slug, by, version)
        flash("Readers do not see it any more. Your text is all here.")
    elif deed == UNSCHEDULE:
        articles.unschedule_article(slug, by, version)
        flash("Nothing is published by itself any more. Your text is all here.")
    elif deed == DISCARD:
        articles.discard_working_copy(slug, version or 0, by)
        kept_words.forget(form)
        flash("The newer draft is gone from here; it stays among the revisions.")
    elif deed == BIN:
        the_bin.bin_article(slug, by, version)
        flash(f"“{editing.written.title}” is in the bin, for 30 days.")
        return redirect(url_for("desk.desk"), 303)
    elif deed == THEIRS:
        kept_words.forget(form)
    elif deed == TAKE_BACK:
        if editing.status == BINNED:
            the_bin.take_from_bin(slug, by)
        flash("It is out of the bin, as it was before.")
    return redirect(url_for("writing.edit", slug=slug), 303)


def _refuse(refusal: Refusal, slug: str | None) -> ResponseReturnValue:
    """Show what was typed and cannot be stored, so that none of it is lost, and say why."""
    form = (EditForm if slug else ArticleForm)(formdata=editor.typed())
    is_held = refusal is refusals.OF_STRANGERS and stray_words.hold(form, slug)
    return editor.show(form, slug=slug, refusal=refusal, is_held=is_held, status=refusal.status)


def _show_first(article_id: int) -> ResponseReturnValue:
    """Show what a form became when it was sent first beside what it says now."""
    form = EditForm(formdata=editor.typed())
    form.article_id.data = str(article_id)
    try:
        return _show_both(form, article_id, conflicts.OF_FORMS)
    except NotFound:
        return _refuse(refusals.find(editor.find_sent(article_id, ""), binned=False) or refusals.OF_GONE, None)


def _show_both(form: EditForm, article_id: int, conflict: Conflict) -> ResponseReturnValue:
    """Show what was typed and what is stored now; the same once more is done knowingly. Raises `NotFound`."""
    theirs = editor.find_sent(article_id, "")
    if theirs is None or refusals.find(theirs, binned=False):
        raise NotFound
    form.version.data = str(theirs.version)
    # A form of a new article leaves to the site what it is called and whose it is.
    form.slug.data = form.slug.data or theirs.slug
    form.authors.data = form.authors.data or ", ".join(theirs.written.authors)
    difference = compare(editor.fields_of(theirs), editor.words_in(form))
    return editor.show(form, theirs, difference=difference, conflict=conflict, status=409)


def _busy(form: ArticleForm, editing: Editing | None, error: DatabaseBusy) -> ResponseReturnValue:
    form.form_errors.append(editor.BUSY)
    page, _ = editor.show(form, editing)
    return page, 503, {"Retry-After": str(error.retry_after)}
