"""Who may do what: by role, and by whose article it is."""

from collections.abc import Callable, Sequence

from flask import abort
from flask_login import current_user

from application.data.errors import Invalid
from application.data.records import Editing, Standing

ADMINISTRATORS = frozenset({"administrator"})
EDITORS = ADMINISTRATORS | {"editor"}
WRITERS = EDITORS | {"author"}

NOT_A_WRITER = "Writing needs the role of an author, which an administrator gives."
LONGEST_NAMED = 200
NOT_THEIRS = "Only its authors and the editors can edit this article."


class NotTheirsError(Exception):
    """The article is not this writer's to edit, or not any more."""


def has_any_role(names: frozenset[str]) -> bool:
    """Tell whether the reader is signed in and holds one of these roles."""
    return bool(current_user.is_authenticated and any(role.name in names for role in current_user.roles))


def may_edit(article: Editing | Standing) -> bool:
    """Tell whether this is an editor, or one of the article's authors."""
    return article.is_mine or has_any_role(EDITORS)


def ask_may_edit(article: Editing | Standing) -> None:
    """Answer 403 to everybody else."""
    if not may_edit(article):
        abort(403, NOT_THEIRS)


def problem_with_authors(before: Sequence[str], after: Sequence[str], own_name: str | None) -> str | None:
    """Say why these by-lines are not this writer's to set; None when they are.

    A by-line says to readers who answers for a text, so nobody signs for another: authors put themselves in and take
    themselves out, in any order; whom else it names is for the editors.
    """
    return None if has_any_role(EDITORS) else _problem_of_author(before, after, own_name)


def rule_of(named: Sequence[str] | None = None) -> Callable[[Standing], None]:
    """Return the rule that a save asks while it holds the article: whose it is, and whom its by-line may name.

    The roles are looked at now: in the transaction of a save they would have to be read again. The rule raises
    `NotTheirsError`, `Invalid`.
    """
    is_editor = has_any_role(EDITORS)

    def ask(found: Standing) -> None:
        if is_editor:
            return
        if not found.is_mine:
            raise NotTheirsError
        if named is None or tuple(named) == found.authors:
            return
        if problem := _problem_of_author(found.authors, named, found.own_name):
            raise Invalid({"authors": problem})

    return ask


def _problem_of_author(before: Sequence[str], after: Sequence[str], own_name: str | None) -> str | None:
    put_in = [name for name in after if name not in before and name != own_name]
    if put_in:
        return f"Only an editor can put {', '.join(put_in)[:LONGEST_NAMED]} into the by-line."
    taken_out = [name for name in before if name not in after and name != own_name]
    if taken_out:
        return f"Only an editor can take {', '.join(taken_out)[:LONGEST_NAMED]} out of the by-line."
    if not before and own_name is not None and own_name not in after:
        return "You are the author; only an editor can write in the name of others alone."
    return None
