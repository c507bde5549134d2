"""One deed on many articles: each has an outcome of its own."""

from collections.abc import Callable

import pytest

from application.data.data_access import get_all_articles, get_article, get_articles_by_tag, get_revisions
from application.data.errors import Invalid
from application.data.operations.bin import bin_article
from application.data.operations.bulk import MOST, publish_many, tag_many, unpublish_many
from application.data.records import Outcome
from tests.articles import TESTER, editing, save, write

Make = Callable[..., int]


@pytest.fixture(autouse=True)
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


def test_many_are_published_and_taken_back_each_by_itself() -> None:
    draft, shown, binned = write("Draft", publish=False), write("Shown"), write("Binned")
    save(shown.slug, content="Newer.")
    bin_article(binned.slug, TESTER)
    ids = [draft.article_id, shown.article_id, draft.article_id, binned.article_id, 999, 0, 2**70]
    missing = "There is no such article."
    assert publish_many(ids, TESTER) == (
        Outcome(draft.article_id, "draft"),
        Outcome(shown.article_id, "shown"),
        *(Outcome(article_id, problem=missing) for article_id in ids[3:]),
    )
    assert {card.slug for card in get_all_articles().cards} == {"draft", "shown"}
    found = get_article("shown")
    assert found is not None
    assert "Newer." in found.html
    assert [outcome.problem for outcome in unpublish_many(ids[:2], TESTER)] == [None, None]
    assert get_all_articles().cards == ()


def test_an_article_that_cannot_be_published_does_not_keep_the_others() -> None:
    first, second = write("First"), write("Second")
    save(first.slug, slug="taken", content="Newer.")
    write("Taken")
    save(second.slug, content="Newer.")
    outcomes = publish_many([first.article_id, second.article_id], TESTER)
    assert outcomes[0].problem is not None
    assert "address" in outcomes[0].problem
    assert outcomes[1].problem is None


def test_tags_are_added_to_what_is_shown_and_to_the_newer_draft() -> None:
    saved = write(tags=("Rust",))
    save(saved.slug, content="Newer.", tags=("Rust", "Secret"))
    assert tag_many([saved.article_id], ["Zig", "rust"], TESTER) == (Outcome(saved.article_id, saved.slug),)
    assert editing(saved.slug).written.tags == ("Rust", "Secret", "Zig")
    assert editing(saved.slug).has_working_copy
    shown = get_article(saved.slug)
    assert shown is not None
    assert [tag.slug for tag in shown.tags] == ["rust", "zig"]
    assert "Newer." not in shown.html
    assert [card.slug for card in get_articles_by_tag("zig").cards] == [saved.slug]
    lines = get_revisions(saved.article_id)
    tag_many([saved.article_id], ["Zig"], TESTER)
    assert get_revisions(saved.article_id) == lines


def test_too_many_tags_are_the_problem_of_one_article() -> None:
    full, free = write("Full", tags=tuple(f"tag {n}" for n in range(30))), write("Free")
    outcomes = tag_many([full.article_id, free.article_id], ["One more"], TESTER)
    assert outcomes[0].problem == "An article can have 30 tags at most."
    assert outcomes[1].problem is None


@pytest.mark.parametrize("tags", [[], [" "], ["!!"], ["x" * 101], [f"tag {n}" for n in range(31)]])
def test_tags_that_cannot_be_stored_are_refused(tags: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        tag_many([1], tags, TESTER)
    assert set(refused.value.problems) == {"tags"}


def test_too_many_articles_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        publish_many(range(1, MOST + 2), TESTER)
    assert set(refused.value.problems) == {"articles"}
