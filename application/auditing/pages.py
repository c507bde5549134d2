"""The pages that readers come for."""

from collections.abc import Iterator

from application.data.data_access import get_all_articles, get_article


def usual_pages() -> Iterator[str]:
    """Yield the paths: front page, newest article, its author, the newest tag, feedback form, sign-in page."""
    yield "/"
    cards = get_all_articles().cards
    if cards:
        yield f"/articles/{cards[0].slug}"
        yield from (f"/articles_by/{author.user_name}" for author in cards[0].authors[:1])
    for card in cards:
        article = get_article(card.slug)
        if article is not None and article.tags:
            yield f"/tags/{article.tags[0].slug}"
            break
    yield "/feedback"
    yield "/login"
