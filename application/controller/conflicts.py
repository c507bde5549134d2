"""What the page says above two texts, when an article is not what it was when its form was opened."""

from typing import NamedTuple

from application.controller.deeds import BIN, COPY, SAVE, THEIRS, UNPUBLISH, UNSCHEDULE


class Conflict(NamedTuple):
    """A heading, what became of the deed, and the ways on: (deed, words on its button)."""

    heading: str
    text: str
    ways: tuple[tuple[str, str], ...]


OF_WORDS = Conflict(
    "Somebody else saved this article while you were writing",
    "Nothing is lost: nothing of yours has been stored, and nothing of theirs was replaced. Your words are in the form "
    "below. Bring the two together there and save; or take one of the two as it is.",
    ((SAVE, "Save mine over theirs"), (THEIRS, "Take theirs, drop mine")),
)

OF_FORMS = Conflict(
    "You have saved this form before",
    "It became the article that is shown here. What you have typed into the form since then is below, and not stored "
    "yet: save it over the article, or make it another one.",
    (
        (SAVE, "Save this over the article"),
        (COPY, "Save as a new draft of mine"),
        (THEIRS, "Leave the article as it is"),
    ),
)

_AGAIN = {
    BIN: "Move it to the bin all the same",
    UNPUBLISH: "Take it from readers all the same",
    UNSCHEDULE: "Take it off the schedule all the same",
}


def of_deed(deed: str) -> Conflict:
    """Return what is said when this button was pressed on a page that was behind."""
    if deed not in _AGAIN:
        return OF_WORDS
    return Conflict(
        "This article has changed since you opened it",
        "So nothing was done yet: look at what it is now, and decide again.",
        ((deed, _AGAIN[deed]), (THEIRS, "Leave it as it is")),
    )
