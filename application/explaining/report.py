"""An explanation in words for a terminal."""

from collections.abc import Iterator

from application.data.wording import short
from application.explaining import words
from application.explaining.explanation import Explanation, Statement
from application.explaining.words import Bar, ms, printable

BAR = 30
"""Letters that stand for the whole time in the waterfall."""


def tell(found: Explanation) -> Iterator[str]:
    """Tell all of it, what needs a hand first."""
    yield f"GET {found.path} as {found.reader}: {found.status}"
    yield from _tell_route(found)
    yield from _tell_tier(found)
    if found.findings:
        yield "what to look at"
        for finding in found.findings:
            yield f"  {finding.kind}: {finding.what}"
            if finding.change:
                yield f"      to change: {finding.change}"
    yield from _tell_keys(found)
    yield from _tell_statements(found)
    yield from _tell_spans(found)
    yield from _tell_answer(found)
    yield from _tell_workers(found)
    yield from (f"broken: {broken}" for broken in found.broken)


def _tell_route(found: Explanation) -> Iterator[str]:
    if found.route is None:
        yield "  route      none matches"
    else:
        yield f"  route      {found.route.rule}  {found.route.endpoint}"
        yield f"  view       {found.route.view}  {found.route.place}"


def _tell_tier(found: Explanation) -> Iterator[str]:
    tier = found.tier
    yield f"  now        {tier.outcome}: {tier.why}"
    if tier.change:
        yield f"  to change  {tier.change}"
    yield f"  made       {ms(tier.made_ns)} ms, {words.count(found.queries, 'statement')}; X-Cache: {tier.made}"
    yield f"  again      {ms(tier.again_ns)} ms; X-Cache: {tier.again}"


def _tell_keys(found: Explanation) -> Iterator[str]:
    if not found.keys:
        yield f"keys: {words.NO_KEYS}"
        return
    yield f"keys{f' (not looked up: {found.redis})' if found.redis else ''}"
    for key in found.keys:
        size = "" if key.size is None else f", {key.size:,} B"
        yield f"  {key.kind:<8} {printable(key.name)}  {words.lifetime(key)}{size}"
        if not found.redis:
            yield f"           {words.stored(key)}"
        if key.tags:
            yield f"           tags: {', '.join(map(printable, key.tags))}"


def _tell_statements(found: Explanation) -> Iterator[str]:
    yield f"statements: {found.queries} in {ms(words.spent_ns(found.statements))} ms"
    for one in found.statements:
        yield f"  {ms(one.elapsed_ns):>9} ms {len(one.runs):>3} x {words.rows(one):>9}  {short(one.sql)}"
        yield from (f"{'':<30}{line}" for line in _beside(one))


def _beside(one: Statement) -> Iterator[str]:
    yield from (f"at {place}" for place in words.places(one))
    yield from (f"| {line}" for line in one.plan)
    if scans := words.scans(one):
        yield scans


def _tell_spans(found: Explanation) -> Iterator[str]:
    """Draw when each span began and ended."""
    bars = words.draw(found.spans)
    yield f"spans{f', the {len(bars)} longest of {len(found.spans)}' if len(bars) < len(found.spans) else ''}"
    for bar in bars:
        name = f"{'  ' * bar.step.depth}{bar.step.kind} {bar.name}"
        yield f"  {ms(bar.step.elapsed_ns):>9} ms |{_letters(bar)}| {name}"


def _letters(bar: Bar) -> str:
    start = min(BAR - 1, int(bar.start * BAR))
    length = max(1, min(BAR - start, round(bar.length * BAR)))
    return f"{' ' * start}{'#' * length}".ljust(BAR)


def _tell_answer(found: Explanation) -> Iterator[str]:
    sizes = ", ".join(f"{name} {size:,} B" for name, size in found.bytes.items())
    yield f"bytes: {sizes or words.A_STREAM}"
    yield "headers"
    yield from (f"  {name}: {printable(value)}" for name, value in found.headers)
    yield f"nginx {found.edge.nginx}{f'  [{found.edge.location}]' if found.edge.location else ''}"
    yield f"beyond it {found.edge.others}"


def _tell_workers(found: Explanation) -> Iterator[str]:
    if not found.workers:
        yield f"workers: {words.no_workers(found)}"
    for one in found.workers:
        yield f"worker {printable(f'{one.host}:{one.pid}')}, by its own word of the last seconds: {words.worker(one)}"
