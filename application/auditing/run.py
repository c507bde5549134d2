"""One run of the script in `deploy/audit/`: what it found on each page."""

import json
import subprocess
from collections.abc import Iterator, Sequence

import msgspec

from application.auditing.programs import SCRIPT, AuditProblem, Tools

PATIENCE = 120
"""Seconds that one page may take."""


class Finding(msgspec.Struct, frozen=True):
    """What cost a page points, in which category, and how to mend it."""

    category: str
    cost: float
    title: str
    mend: str
    shown: str
    where: list[str]


class Violation(msgspec.Struct, frozen=True, rename="camel"):
    """A rule of axe that the page breaks."""

    id: str
    impact: str | None
    help: str
    help_url: str
    where: list[str]


class Mistake(msgspec.Struct, frozen=True):
    """Where the HTML is not valid."""

    rule: str
    message: str
    line: int
    column: int


class Fetched(msgspec.Struct, frozen=True):
    """What the page asked for, and the bytes that came."""

    url: str
    type: str
    bytes: int


class Audit(msgspec.Struct, frozen=True):
    """What was found on one page; scores are of 100, the shift is Lighthouse's, without a unit.

    `paint` is when the largest part was drawn, `blocked` how long scripts and layout kept the reader from doing
    anything, both in ms on the slow telephone that Lighthouse plays. `besides` is the score for SEO of a page that asks
    not to be indexed, without what Lighthouse takes for that.
    """

    url: str
    scores: dict[str, int]
    findings: list[Finding]
    axe: list[Violation]
    markup: list[Mistake]
    requests: list[Fetched]
    blocking: list[str]
    paint: float
    blocked: float
    shift: float
    besides: int | None

    @property
    def judged(self) -> dict[str, int]:
        """Return the scores that count."""
        return self.scores if self.besides is None else {**self.scores, "seo": self.besides}


def audit(tools: Tools, urls: Sequence[str], patience: float = PATIENCE) -> Iterator[Audit]:
    """Look at each page in turn. Raises `AuditProblem`."""
    for url in urls:
        asked = json.dumps({"urls": [url], "chromium": tools.chromium, "modules": str(tools.modules)})
        try:
            run = subprocess.run(  # noqa: S603 - our own script
                [tools.node, str(SCRIPT)], input=asked, capture_output=True, text=True, timeout=patience, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AuditProblem(f"{url} was not looked at within {patience:.0f} seconds") from error
        if run.returncode:
            reason = run.stderr.strip().splitlines() or ["the script ended without a word"]
            raise AuditProblem(f"{url} could not be looked at: {reason[-1]}")
        yield msgspec.json.decode(run.stdout, type=Audit)
