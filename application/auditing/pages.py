"""The pages that readers come for."""

from collections.abc import Iterator

from application.data.data_access import find_newest_tag, get_all_articles


def usual_pages() -> Iterator[str]:
    """Yield the paths: front page, newest article, its author, the newest tag, feedback form, sign-in page."""
    yield "/"
    cards = get_all_articles().cards
    if cards:
        yield f"/articles/{cards[0].slug}"
        yield from (f"/articles_by/{author.user_name}" for author in cards[0].authors[:1])
    tag = find_newest_tag()
    if tag is not None:
        yield f"/tags/{tag}"
    yield "/feedback"
    yield "/login"
