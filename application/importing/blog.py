"""A whole blog: every file of a folder, read and understood, each either a post or a problem."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from application.importing.addresses import PostIndex
from application.importing.authors import FIELDS, KEY_FIELDS, may_be_keys
from application.importing.claims import Claims
from application.importing.folders import markdown_files, read_text
from application.importing.posts import ParsedPost, Post, as_draft, convert_post, read_post
from application.importing.problems import ImportProblem
from application.importing.sites import Site, find_site, name_table
from application.utils.text import clean_line

PATH_LIMIT = 500
SECTION_FILES = frozenset({"_index.md", "_index.markdown"})
"""Hugo's and Zola's pages about a folder: no posts."""


class Blog:
    """The posts at or below a path, with what the rest of their blog says about them.

    All of the blog is read even if only a part of it is wanted, so that links and names come out the same.
    """

    def __init__(self, path: Path, zone: tzinfo, *, base_url: str = "", name: str = "") -> None:
        self._path = path.resolve()
        self.site: Site = find_site(self._path)
        self.name = name or clean_line(self.site.root.name)[:100] or "blog"
        self._zone = _zone(self.site.time_zone) or zone
        self._index = PostIndex(base_url or self.site.base_url)
        self._names: dict[str, str] = {}
        self.files = list(markdown_files(self.site.content))
        if self._path.is_file() and self._path not in self.files:
            self.files.append(self._path)
        self.posts: list[Post] = []
        self.claims = Claims([])
        self.sections: list[str] = []
        self.problems: dict[str, ImportProblem] = {}

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no Markdown file at or below the path."""
        return not any(map(self._is_wanted, self.files))

    def read(self, step: Callable[[], None] = lambda: None) -> None:
        """Read the front matter of all files; `step` is called after each."""
        every: list[Post] = []
        wanted: set[str] = set()
        for file in self.files:
            post = self._read_file(file)
            if post is not None:
                every.append(post)
                if self._is_wanted(file):
                    wanted.add(post.path)
            step()
        # By date and path: numbers in slugs come out the same whichever way the folder is walked.
        by_date = sorted(every, key=lambda post: (post.published_at or datetime.max.replace(tzinfo=UTC), post.path))
        self._names = name_table(self._path, self.site.root, _keys(every))
        self.claims = Claims(by_date)
        for post in every:
            self._index.add(post.path, self.claims.settled(post).addresses)
        self.posts = [self.claims.settled(post) for post in by_date if post.path in wanted]

    def parse(self, post: Post, now: datetime) -> ParsedPost:
        """Return a post ready to be stored; one that is dated in the future is a draft. Raises `ImportProblem`."""
        parsed = convert_post(post, self._names, self._index)
        return as_draft(parsed) if parsed.published_at is not None and parsed.published_at > now else parsed

    def _read_file(self, file: Path) -> Post | None:
        where, wanted = self._path_of(file), self._is_wanted(file)
        if file.name.lower() in SECTION_FILES:
            if wanted:
                self.sections.append(where)
            return None
        boundary = self._path if wanted and self._path.is_dir() else self.site.content
        try:
            text = read_text(file, boundary)
            return read_post(where, text, self._zone, language=self.site.language, author=self.site.author)
        except ImportProblem as problem:
            if wanted:
                self.problems[where] = problem
            return None

    def _is_wanted(self, file: Path) -> bool:
        return file == self._path or file.is_relative_to(self._path)

    def _path_of(self, file: Path) -> str:
        """Return a file's path within its blog, with slashes, in characters and a length that a database can hold."""
        path = file.relative_to(self.site.root).as_posix().encode("utf-8", "replace").decode()
        return path if len(path) <= PATH_LIMIT else "…" + path[1 - PATH_LIMIT :]


def _keys(posts: list[Post]) -> Iterator[str]:
    """Give what may be keys of authors: every string in the fields of authors."""
    for post in posts:
        yield from _strings(post.author_field)


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield clean_line(value)
        yield from may_be_keys(value)
    elif isinstance(value, list) and depth < 3:
        for item in value:
            yield from _strings(item, depth + 1)
    elif isinstance(value, dict):
        yield from (str(value[key]) for key in (*KEY_FIELDS, *FIELDS) if isinstance(value.get(key), str))
        yield from map(str, value)


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, LookupError):
        return None
