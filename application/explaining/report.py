"""An explanation in words for a terminal."""

from collections.abc import Iterator

from application.caching.inspector import readable
from application.explaining.explanation import Explanation, Key, Statement, Step
from application.explaining.statements import short

BAR = 30
"""Letters that stand for the whole time in the waterfall."""
SPANS = 60
PLACES = 3
NAME = 70


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
    yield from _tell_spans(found.spans)
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
    yield f"  made       {_ms(tier.made_ns)} ms, {_count(found.queries, 'statement')}; X-Cache: {tier.made}"
    yield f"  again      {_ms(tier.again_ns)} ms; X-Cache: {tier.again}"


def _tell_keys(found: Explanation) -> Iterator[str]:
    if not found.keys:
        yield "keys: none, nothing of it is kept"
        return
    yield f"keys{f' (not looked up: {found.redis})' if found.redis else ''}"
    for key in found.keys:
        yield f"  {key.kind:<8} {_printable(key.name)}  {_lifetime(key)}{_size(key)}"
        if not found.redis:
            yield f"           {_stored(key)}"
        if key.tags:
            yield f"           tags: {', '.join(map(_printable, key.tags))}"


def _lifetime(key: Key) -> str:
    if key.lifetime is None:
        return "not stored"
    return f"for {key.lifetime:,} s"


def _size(key: Key) -> str:
    return "" if key.size is None else f", {key.size:,} B"


def _stored(key: Key) -> str:
    stored = key.stored
    if stored is None:
        return "not in the site's Redis"
    facts = [
        "TTL: no end" if stored.ttl is None else f"TTL {stored.ttl} s",
        "" if stored.age is None else f"{stored.age} s old",
        f"{stored.size:,} B",
        "" if stored.heat is None else f"{stored.heat:.0f} hits lately",
        f"not believed: {stored.doubt}" if stored.doubt else "",
    ]
    return f"in Redis: {', '.join(fact for fact in facts if fact)}"


def _tell_statements(found: Explanation) -> Iterator[str]:
    spent = sum(one.elapsed_ns for one in found.statements)
    yield f"statements: {found.queries} in {_ms(spent)} ms"
    for one in found.statements:
        rows = [run.rows for run in one.runs]
        known = "? rows" if None in rows else _count(sum(row or 0 for row in rows), "row")
        yield f"  {_ms(one.elapsed_ns):>9} ms {len(one.runs):>3} x {known:>9}  {short(one.sql)}"
        places = dict.fromkeys(run.place for run in one.runs if run.place)
        yield from (f"{'':<30}at {place}" for place in list(places)[:PLACES])
        yield from _tell_plan(one)


def _tell_plan(one: Statement) -> Iterator[str]:
    scanned = ", ".join(
        f"all of {scan.table}: {scan.rows:,} rows{' or more' if scan.is_big else ''}" for scan in one.scans
    )
    yield from (f"{'':<30}| {line}" for line in one.plan)
    if scanned:
        yield f"{'':<30}reads {scanned}"


def _tell_spans(spans: list[Step]) -> Iterator[str]:
    """Draw when each span began and ended; of many only the longest."""
    whole = max(1, spans[0].elapsed_ns)
    least = sorted((step.elapsed_ns for step in spans), reverse=True)[:SPANS][-1]
    told = [step for step in spans if step.elapsed_ns >= least][:SPANS]
    yield f"spans{f', the {len(told)} longest of {len(spans)}' if len(told) < len(spans) else ''}"
    for step in told:
        note = f"  {_printable(step.note)}" if step.note else ""
        called = short(" ".join(step.name.split())) if step.kind == "db" else step.name
        name = f"{'  ' * step.depth}{step.kind} {_printable(called)}{note}"
        yield f"  {_ms(step.elapsed_ns):>9} ms |{_bar(step, whole)}| {name}"


def _bar(step: Step, whole: int) -> str:
    start = min(BAR - 1, step.began_ns * BAR // whole)
    length = max(1, min(BAR - start, round(step.elapsed_ns * BAR / whole)))
    return f"{' ' * start}{'#' * length}".ljust(BAR)


def _tell_answer(found: Explanation) -> Iterator[str]:
    sizes = ", ".join(f"{name} {size:,} B" for name, size in found.bytes.items())
    yield f"bytes: {sizes or 'a stream, which never ends'}"
    yield "headers"
    yield from (f"  {name}: {_printable(value)}" for name, value in found.headers)
    yield f"nginx {found.edge.nginx}{f'  [{found.edge.location}]' if found.edge.location else ''}"
    yield f"beyond it {found.edge.others}"


def _tell_workers(found: Explanation) -> Iterator[str]:
    if not found.workers:
        yield "workers: " + (f"unknown, {found.redis}" if found.redis else "none tells of itself: is the site running?")
    for one in found.workers:
        trust = f"changes applied up to {one.applied}" if one.is_trusted else "memory not trusted"
        used = f"{one.used / 2**20:.1f} of {one.budget / 2**20:.0f} MB"
        name = _printable(f"{one.host}:{one.pid}")
        facts = f"{one.entries} values, {used}, {trust}, up {one.up} s"
        yield f"worker {name}, by its own word of the last seconds: {facts}"


def _printable(text: str) -> str:
    flat = readable(" ".join(text.split()).encode(errors="surrogateescape"))
    return flat if len(flat) <= 2 * NAME else f"{flat[: 2 * NAME - 1]}…"


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:,.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
