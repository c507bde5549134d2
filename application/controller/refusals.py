"""Why what was typed could not be stored where it was meant to be, and what its writer can do with it."""

from typing import NamedTuple

from flask_login import current_user

from application.controller.deeds import COPY, TAKE_BACK
from application.controller.permissions import NOT_A_WRITER, NOT_THEIRS, may_edit
from application.data.models import BINNED
from application.data.records import Editing

SIGN_IN = "sign-in"

KEPT = "Nothing was stored; your words are all still here, in the form below."


class Refusal(NamedTuple):
    """What the page says above the words, and which ways on it offers."""

    status: int
    heading: str
    text: str
    ways: frozenset[str] = frozenset()


OF_STRANGERS = Refusal(
    403,
    "Sign in, and press the button again",
    "You are signed out, so nothing was stored; your words are all still here. Please sign in again.",
    frozenset({SIGN_IN}),
)
OF_GONE = Refusal(
    404,
    "This article is not there any more",
    f"Somebody deleted it for good, or it never was. {KEPT}",
    frozenset({COPY}),
)
OF_BINNED = Refusal(
    409,
    "Somebody moved this article to the bin while you were writing",
    f"{KEPT} Take the article out of the bin, and you find them offered there; or make them an article of your own.",
    frozenset({COPY, TAKE_BACK}),
)


def of_readers() -> Refusal:
    """Refuse somebody who may not write, or not any more."""
    return Refusal(
        403,
        "This account may not write here",
        f"{_who()} {NOT_A_WRITER} {KEPT} Copy them, or press the button again once you have the role.",
    )


def find(editing: Editing | None, *, binned: bool) -> Refusal | None:
    """Return what stands against storing words in this article; with `binned`, not that it is in the bin."""
    if editing is None:
        return OF_GONE
    if not may_edit(editing):
        text = f"{_who()} {NOT_THEIRS} {KEPT}"
        return Refusal(403, "This article is not yours to edit, or not any more", text, frozenset({COPY}))
    return OF_BINNED if editing.status == BINNED and not binned else None


def _who() -> str:
    """Name the account: another tab may have signed in as somebody else."""
    return f"You are signed in as “{current_user.username or current_user.email}”."
