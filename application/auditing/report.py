"""What an audit found, in words for a terminal."""

import re
from collections.abc import Iterator

from application.auditing.history import Past
from application.auditing.run import Audit

WORST = 3
NAMES = {"performance": "performance", "accessibility": "accessibility", "best-practices": "practices", "seo": "SEO"}


def falls_short(found: Audit, least: int) -> bool:
    """Tell whether a score is below the least, or the page is not valid."""
    return bool(found.axe or found.markup) or min(found.judged.values()) < least


def tell(found: Audit, before: Past | None) -> Iterator[str]:
    """Tell the scores, the findings that cost most with how to mend them, and everything that is not valid."""
    size = sum(fetched.bytes for fetched in found.requests)
    yield found.url
    yield f"  {tell_scores(found.judged, before)}"
    if found.besides is not None:
        seo = found.scores["seo"]
        yield f"  the page asks not to be indexed; Lighthouse, which wants every page to be, says SEO {seo}"
    drawn = (
        f"drawn after {found.paint / 1000:.1f} s, blocked for {found.blocked:.0f} ms, layout shift {found.shift:.3g}"
    )
    yield f"  {len(found.requests)} requests, {size:,} B; {drawn}"
    for finding in found.findings[:WORST]:
        yield f"  {finding.category}: {finding.title} {finding.shown}".rstrip()
        yield f"      {_plain(finding.mend)}"
        yield from (f"      at {where}" for where in finding.where)
    for violation in found.axe:
        yield f"  axe, {violation.impact}: {violation.help} ({violation.help_url})"
        yield from (f"      at {where}" for where in violation.where)
    for mistake in found.markup:
        yield f"  not valid HTML, line {mistake.line}: {mistake.message} ({mistake.rule})"


def tell_scores(scores: dict[str, int], before: Past | None = None) -> str:
    """Tell the scores of 100, and what they were where that was something else."""
    told = []
    for category, name in NAMES.items():
        was = before.scores.get(category) if before is not None else None
        change = f" (was {was})" if was not in {None, scores[category]} else ""
        told.append(f"{name} {scores[category]}{change}")
    return ", ".join(told)


def _plain(markdown: str) -> str:
    """Leave of Lighthouse's links the words and the address."""
    return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"\1 (\2)", markdown)
