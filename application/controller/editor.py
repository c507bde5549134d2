"""The page on which an article is written: what it is filled with, and what it shows besides."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from application.controller.addresses import LONGEST_NAME, fold, is_askable
from application.controller.conflicts import Conflict
from application.controller.differences import Difference, is_same
from application.controller.forms import ArticleForm, EditForm, site_zone
from application.controller.permissions import WRITERS, ask_may_edit, has_any_role, may_edit
from application.controller.refusals import Refusal
from application.data import data_access
from application.data.errors import Invalid
from application.data.records import AutosaveRecord, Editing, Standing, Written
from application.utils import markdown
from application.utils.offload import run_in_turn

WORDS = ("title", "standfirst", "content", "tags", "authors", "slug", "canonical_url", "language", "direction")
"""What a writer types, by field; the rest of a form is about the saving."""

MOST_OFFERED = 5

FIELDS_OF = {"at": "date"}
"""Beside which field a problem is shown that is called otherwise where it is found."""

BUSY = "The site is busy, so nothing was stored; your words are all still here. Please press the button again."


def find(slug: str, *, binned: bool = False) -> Editing:
    """Return the article if it is this writer's to edit, in the bin too if asked; 404 or 403 otherwise."""
    folded = askable(slug)
    editing = _look(folded) or (_look(folded, binned=True) if binned else None)
    if editing is None:
        _lead_on(_moved(folded))
        abort(404)
    ask_may_edit(editing)
    return editing


def find_sent(article_id: int | None, slug: str) -> Editing | None:
    """Return the article for which a form was opened, wherever it is now, in the bin too; None when it is gone."""
    which = article_id or fold(slug)
    if isinstance(which, str) and not is_askable(which, LONGEST_NAME):
        return None
    found = _look(which) or _look(which, binned=True)
    if found is None and isinstance(which, str) and (moved := data_access.find_moved(_path_of(which))):
        return _look(moved) or _look(moved, binned=True)
    return found


def find_standing(slug: str) -> Standing:
    """Return where an article stands, if it is this writer's to edit; 404 or 403 otherwise."""
    folded = askable(slug)
    standing = data_access.get_standing(folded, current_user.id)
    if standing is None:
        standing = _moved(folded) or abort(404)
        _lead_on(standing)
    ask_may_edit(standing)
    return standing


def find_own(article_id: int | None, slug: str) -> int | None:
    """Return the id of the article for which a form was opened; None when it is gone, or not this writer's to edit."""
    which = article_id or fold(slug)
    if isinstance(which, str) and not is_askable(which, LONGEST_NAME):
        return None
    standing = data_access.get_standing(which, current_user.id)
    if standing is None and isinstance(which, str):
        standing = _moved(which)
    return standing.article_id if standing is not None and may_edit(standing) else None


def typed() -> MultiDict[str, str] | None:
    """Return the form that was sent; JSON and the like would fill its fields with anything."""
    if request.method == "GET":
        return None
    if request.mimetype not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        abort(415)
    return request.form


def new_form_key() -> str:
    """Name one opened form, so that two of them do not keep their words in one place."""
    return secrets.token_hex(8)


def filled(editing: Editing) -> EditForm:
    """Return the form with what is stored."""
    return EditForm(
        formdata=None,
        **fields_of(editing),
        article_id=str(editing.article_id),
        version=str(editing.version),
        form_key=new_form_key(),
        **_time_of(editing),
    )


def taken_up(autosave: AutosaveRecord, editing: Editing | None) -> ArticleForm:
    """Return the form with what was typed and not sent, at the version that it was typed into."""
    known = {"form_key": autosave.form_key}
    if editing is None:
        return ArticleForm(formdata=None, **{**autosave.fields, **known})
    known = {**known, **_time_of(editing), "article_id": str(editing.article_id)}
    return EditForm(formdata=None, **{**autosave.fields, **known})


def fields_of(editing: Editing) -> dict[str, str]:
    """Return a stored article as the words of its form."""
    return words_of(editing.written, editing.slug)


def words_of(written: Written, slug: str) -> dict[str, str]:
    """Return an article as the words of its form."""
    return {
        "title": written.title,
        "standfirst": written.standfirst,
        "content": written.content,
        "tags": ", ".join(written.tags),
        "authors": ", ".join(written.authors),
        "slug": written.slug or slug,
        "canonical_url": written.canonical_url,
        "language": written.language,
        "direction": written.direction,
    }


def words_in(form: ArticleForm) -> dict[str, str]:
    """Return what stands in a form, whether it can be stored or not."""
    return {name: form[name].data or "" for name in WORDS}


def mark(form: ArticleForm, problems: Mapping[str, str]) -> ArticleForm:
    """Put each message beside its field, or above the form where the field is not shown."""
    for problem, message in problems.items():
        name = FIELDS_OF.get(problem, problem)
        if name in form:
            form[name].errors = [*form[name].errors, message]
        else:
            form.form_errors.append(message)
    return form


def show(
    form: ArticleForm,
    editing: Editing | None = None,
    *,
    slug: str | None = None,
    with_preview: bool = False,
    difference: Difference | None = None,
    conflict: Conflict | None = None,
    refusal: Refusal | None = None,
    is_held: bool = False,
    status: int = 200,
) -> tuple[str, int]:
    """Render the form, with whatever there is to say about it. Raises `Invalid` for a text that cannot be laid out."""
    preview = render_for(current_user.id, form.content.data or "") if with_preview else None
    return render_template(
        "writing/form.html",
        form=form,
        editing=editing,
        slug=editing.slug if editing else slug,
        preview=preview,
        theirs=words_of(editing.written, editing.slug) if editing and conflict else None,
        difference=difference,
        conflict=conflict,
        refusal=refusal,
        is_held=is_held,
        may_write=has_any_role(WRITERS),
        offers=offers(editing, form) if request.method == "GET" else (),
        zone=site_zone().key,
    ), status


def render_for(user_id: int, content: str) -> str:
    """Return a text as readers would see it. Raises `Invalid`, `TooBusyError`."""
    try:
        return run_in_turn(user_id, markdown.render, content)
    except markdown.TooSlowError as error:
        raise Invalid({"content": str(error)}) from None


def offers(editing: Editing | None, form: ArticleForm) -> Sequence[AutosaveRecord]:
    """Return what this writer typed into other forms of this article, or of none yet, and never sent."""
    shown = words_in(form)
    return [kept for kept in _kept(editing) if kept.form_key != form.form_key.data and _says_more(kept, shown)]


def _kept(editing: Editing | None) -> Sequence[AutosaveRecord]:
    """Return the last words kept of an article; of new articles, which have nothing else, all."""
    if editing is not None:
        return [editing.kept] if editing.kept else []
    return [kept for kept in data_access.get_autosaves(current_user.id) if kept.article_id is None][:MOST_OFFERED]


def _says_more(kept: AutosaveRecord, shown: Mapping[str, str]) -> bool:
    is_blank = not any(kept.fields.get(name, "").strip() for name in ("title", "standfirst", "content"))
    return not is_blank and not is_same(kept.fields, shown)


def _look(which: str | int, *, binned: bool = False) -> Editing | None:
    return data_access.get_editing(which, binned=binned, reader=current_user.id)


def askable(slug: str) -> str:
    """Return a slug as it is stored; 404 for what no article could have."""
    folded = fold(slug)
    return folded if is_askable(folded, LONGEST_NAME) else abort(404)


def _path_of(slug: str) -> str:
    return f"/articles/{slug}"


def _moved(slug: str) -> Standing | None:
    """Return where the article stands now that was once at this address."""
    article_id = data_access.find_moved(_path_of(slug))
    return None if article_id is None else data_access.get_standing(article_id, current_user.id)


def _lead_on(standing: Standing | None) -> None:
    """Answer with the same page's address of today where a moved article was asked for at an old one."""
    if standing is None or request.method not in {"GET", "HEAD"}:
        return
    ask_may_edit(standing)
    here: dict[str, Any] = {**request.args.to_dict(), **(request.view_args or {}), "slug": standing.slug}
    abort(redirect(url_for(str(request.endpoint), **here)))


def _time_of(editing: Editing) -> dict[str, str]:
    """Return when it is scheduled for, as the two fields have it."""
    if editing.scheduled_for is None:
        return {}
    local = editing.scheduled_for.astimezone(site_zone())
    return {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
