"""What the security cases ask again and again."""

import pytest

from tests.fronts import Front


@pytest.fixture
def path(front: Front) -> str:
    """The page of an article that nobody has asked for yet."""
    return f"/articles/{front.article(content='Honest words.').slug}"


def assert_clean(front: Front, path: str, text: str = "Honest words.") -> None:
    """Ask as an ordinary visitor does next, in whichever worker: the right page, and nothing of anybody else's."""
    for _ in range(3):
        answer = front.ask(path)
        assert answer.status == 200
        assert text in answer.text
        assert "evil" not in answer.text
        assert not {"Set-Cookie", "Location"} & set(answer.headers)
        assert answer["Cache-Control"] == "no-cache"
