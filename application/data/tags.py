"""The vocabulary of invalidation: each function names one thing that a cached value can depend on."""


def article(article_id: int) -> str:
    """Name an article: anything of it but its like count."""
    return f"article/{article_id}"


def card(article_id: int) -> str:
    """Name what lists show of an article, and its address."""
    return f"card/{article_id}"


def likes(article_id: int) -> str:
    """Name an article's like count."""
    return f"likes/{article_id}"


def latest() -> str:
    """Name the home list: which articles it holds, and in which order."""
    return "articles/latest"


def author_list(profile_id: int) -> str:
    """Name an author's list: which articles it holds, and in which order."""
    return f"author/{profile_id}"


def tag_list(tag_id: int) -> str:
    """Name a tag's list: which articles it holds, and in which order."""
    return f"tag/{tag_id}"


def person(profile_id: int) -> str:
    """Name an author's name and biography."""
    return f"person/{profile_id}"


def slug(value: str) -> str:
    """Name the absence of an article at a slug."""
    return f"slug/{value}"


def user_name(value: str) -> str:
    """Name the absence of an author with a user name."""
    return f"user_name/{value}"


def tag_slug(value: str) -> str:
    """Name the absence of a tag with a slug."""
    return f"tag_slug/{value}"


def old_address(path: str) -> str:
    """Name what was, or was not, at an old address."""
    return f"old_address{path}"
