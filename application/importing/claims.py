"""Which post of a blog an old address leads to, where several would have it: what is written wins over guesses."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from application.importing.addresses import ARTICLES, LIMIT
from application.importing.posts import Post


class Claims:
    """Knows all posts of one blog, the first of those that name one address first."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self._live: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._guessers: defaultdict[str, set[str]] = defaultdict(set)
        for post in posts:
            self._live.setdefault(ARTICLES + post.slug, post.path)
            for address in post.explicit:
                self._owners.setdefault(address, post.path)
            for address in set(post.addresses) - set(post.explicit):
                self._guessers[address].add(post.path)

    def settled(self, post: Post) -> Post:
        """Return the post with those addresses only that no other post of its blog has a better claim to."""
        return replace(post, addresses=tuple(a for a in post.addresses if not self._why_not(a, post)))

    def lost(self, post: Post) -> dict[str, str]:
        """Return the addresses that a post names and cannot have, with the reasons."""
        reasons = {address: self._why_not(address, post) for address in post.explicit}
        return {address: reason for address, reason in reasons.items() if reason}

    def guessed_by(self, post: Post) -> Mapping[str, frozenset[str]]:
        """Return, for each address that a post names, the paths of the other posts that only guess it."""
        guessers = {a: frozenset(self._guessers.get(a, set()) - {post.path}) for a in post.explicit}
        return {address: paths for address, paths in guessers.items() if paths}

    def _why_not(self, address: str, post: Post) -> str:
        if len(address) > LIMIT:
            return f"longer than {LIMIT} characters"
        here = self._live.get(address, post.path)
        if here != post.path:
            return f"the address of {here} here"
        owner = self._owners.get(address, post.path)
        return "" if owner == post.path else f"named by {owner}, too"
