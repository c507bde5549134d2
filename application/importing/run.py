"""The whole way of an import: parse, render, store, report."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from application.data.data_access.imports import find_holders, get_imported
from application.data.errors import DataError
from application.data.operations.imports import ImportedArticle, Outcome, store_imported
from application.importing.blog import Blog
from application.importing.posts import STANDFIRST_LIMIT, ParsedPost, Post
from application.importing.problems import ImportProblem
from application.utils.markdown import RENDERER, TooSlowError, first_paragraph, plain_text, render
from application.utils.text import reading_minutes, shorten, slugify


@dataclass(slots=True)
class Report:
    """What became of each file, by path within the blog."""

    outcomes: dict[Outcome, list[str]] = field(
        default_factory=lambda: {"new": [], "updated": [], "unchanged": [], "edited here": []}
    )
    drafts: list[str] = field(default_factory=list)
    authorless: list[str] = field(default_factory=list)
    lost_addresses: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def imported(self) -> int:
        """Return how many posts are articles now, whether this run changed them or not."""
        return sum(map(len, self.outcomes.values()))


def import_posts(blog: Blog, report: Report, *, overwrite: bool = False, dry_run: bool = False) -> Iterator[Post]:
    """Store a blog's posts one by one, and give each when it is done; what became of it is in the report.

    Each is stored in a transaction of its own: what fails, or an interruption, leaves the others whole.
    """
    known = get_imported(blog.name)
    report.failed.update({path: str(problem) for path, problem in blog.problems.items()})
    now = datetime.now(UTC)
    for post in blog.posts:
        try:
            parsed = blog.parse(post, now)
            fingerprint = fingerprint_of(parsed)
            before = known.get(post.path)
            outcome: Outcome
            if before is not None and before.edited_here and not overwrite:
                outcome = "edited here"
            elif before is not None and before.source_hash == fingerprint and not before.edited_here:
                outcome = "unchanged"
            else:
                article = _rendered(blog.name, parsed, fingerprint, blog.claims.guessed_by(post))
                planned: Outcome = "new" if before is None else "updated"
                outcome = planned if dry_run else store_imported(article, overwrite=overwrite)
        except (ImportProblem, DataError) as problem:
            report.failed[post.path] = str(problem)
        else:
            report.outcomes[outcome].append(post.path)
            if parsed.draft:
                report.drafts.append(post.path)
            if not parsed.authors:
                report.authorless.append(post.path)
        yield post
    report.lost_addresses.extend(_lost_addresses(blog, report, dry_run=dry_run))


def _lost_addresses(blog: Blog, report: Report, *, dry_run: bool) -> Iterator[str]:
    """Say of each address that an imported post names and that does not lead to it, where it leads."""
    left_out = {*report.failed, *report.outcomes["edited here"]}
    posts = [post for post in blog.posts if post.path not in left_out]
    holders = find_holders({address for post in posts for address in post.explicit})
    for post in posts:
        reasons = blog.claims.lost(post)
        to_be_taken = blog.claims.guessed_by(post) if dry_run else {}
        for address in post.explicit:
            holder = holders.get(address)
            is_other = holder is not None and (holder.source_name, holder.source_path) != (blog.name, post.path)
            if address in reasons:
                yield f"{post.path}: {address}, {reasons[address]}"
            elif holder is not None and is_other and holder.source_path not in to_be_taken.get(address, ()):
                yield f"{post.path}: {address}, which leads to /articles/{holder.slug} already"


def fingerprint_of(post: ParsedPost) -> str:
    """Return a hash of all that is stored of a post: its file, the names that a table gives its authors, its links."""
    facts = json.dumps([RENDERER, asdict(post)], ensure_ascii=False, sort_keys=True, default=datetime.isoformat)
    return hashlib.sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()


def _rendered(
    source_name: str, post: ParsedPost, fingerprint: str, guessed_by: Mapping[str, frozenset[str]]
) -> ImportedArticle:
    try:
        html = render(post.content)
    except TooSlowError as error:
        raise ImportProblem(str(error)) from None
    if not plain_text(html) and "<img" not in html:
        raise ImportProblem("nothing of its text can be shown")
    return ImportedArticle(
        source_name=source_name,
        source_path=post.path,
        source_hash=fingerprint,
        slug=post.slug,
        title=post.title,
        standfirst=post.standfirst or shorten(first_paragraph(html), STANDFIRST_LIMIT),
        content=post.content,
        html=html,
        reading_minutes=reading_minutes(post.content),
        published_at=None if post.draft else post.published_at,
        language=post.language,
        direction=post.direction,
        authors=post.authors,
        tags={slugify(name, 100): name for name in post.tags},
        addresses=post.addresses,
        guessed_by=guessed_by,
    )
