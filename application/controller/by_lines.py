"""Whom a form names as authors: the writer where nobody is named, and nobody who is not theirs to name."""

from flask_login import current_user

from application.controller.forms import ArticleForm
from application.controller.permissions import problem_with_authors
from application.data import data_access
from application.data.operations import people


def settle(form: ArticleForm, before: tuple[str, ...]) -> bool:
    """Take the writer for the author where none is named; refuse by-lines that are not theirs to set."""
    named = form.author_names()
    if before and named == before:
        return True
    own = _own_name() if before else _own_name() or _new_name()
    if not named and not before:
        form.authors.data = own or ""
        return True
    problem = problem_with_authors(before, named, own)
    if problem:
        form.authors.errors = [*form.authors.errors, problem]
    return problem is None


def _own_name() -> str | None:
    return data_access.get_user_name(current_user.id)


def _new_name() -> str | None:
    """Make this writer an author, which they become by their first article."""
    people.ensure_profile(current_user.id)
    return _own_name()
