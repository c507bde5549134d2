"""What the experiment of the lecture found: a table, and a picture on a scale of powers of ten."""

import json
import math
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

Figure = dict[str, int]
LABELS = {
    "home, no cache": "front page, no cache",
    "home, cached functions": "front page, cached data function",
    "home, cached view": "front page, cached view (Redis)",
    "home, fast lane": "front page, fast lane (memory)",
    "author, no cache": "author, no cache",
    "author, cached functions": "author, memoized",
    "author, cached view": "author, cached view (Redis)",
    "author, fast lane": "author, fast lane (memory)",
}
WIDTH, LABEL, ROW, TOP = 860, 260, 30, 56
DECADES = (1_000, 100_000_000)


class Results:
    """What was measured, by the number of articles, kept between two runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes: dict[int, dict[str, Any]] = {}
        if path.exists():
            self.sizes = {int(size): found for size, found in json.loads(path.read_text("utf-8")).items()}

    def keep(self, articles: int, found: dict[str, Any]) -> None:
        """Keep what was measured of one size."""
        self.sizes[articles] = {"on": f"{datetime.now(UTC):%Y-%m-%d}", "with": machine(), **found}
        kept = {str(size): self.sizes[size] for size in sorted(self.sizes)}
        self.path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def write(results: Results, folder: Path) -> str:
    """Write the table and the picture; returns the table."""
    table = "\n".join(_table(articles, found) for articles, found in sorted(results.sizes.items()))
    (folder / "lecture.txt").write_text(table, "utf-8")
    (folder / "lecture.svg").write_text(_picture(results), "utf-8")
    return table


def _table(articles: int, found: dict[str, Any]) -> str:
    head = f"{articles:,} articles ({found['on']}, {found['with']}); ns"
    columns = f"{'':34} {'server median':>14} {'p99':>13} {'ratio':>7}  {'process median':>14} {'p99':>13} {'ratio':>7}"
    lines = [head, columns]
    for key, label in LABELS.items():
        base = f"{key.partition(',')[0]}, no cache"
        server, process = found["server"], found["process"]
        lines.append(f"{label:34} {_cells(server[key], server[base])}  {_cells(process[key], process[base])}")
    for name, bare in found["bare"].items():
        lines.append(
            f"{f'{name}: the same bytes, bare server':34} {_cells(bare, found['server'][f'{name}, no cache'])}"
        )
    lines += ["", f"{'The functions alone':34} {'':36}  {'process median':>14} {'p99':>13} {'ratio':>7}"]
    for name, alone in found["functions"].items():
        base = found["functions"][f"{name.partition(',')[0]}, computed"]
        lines.append(f"{name:70}   {_cells(alone, base)}")
    lines += ["", "Where the time through the server goes (medians; 'outside': HTTP, gunicorn, the client)"]
    lines.append(f"{'':34} {'db':>12} {'cache':>12} {'template':>12} {'other code':>12} {'outside':>12}")
    lines += [f"{LABELS[key]:34} {_parts(figure)}" for key, figure in found["server"].items() if key in LABELS]
    return "\n".join(lines) + "\n"


def _cells(figure: Figure, base: Figure) -> str:
    return f"{figure['median']:14,} {figure['p99']:13,} {base['median'] / figure['median']:6.1f}x"


def _parts(figure: Figure) -> str:
    total = figure.get("total", 0)
    named = [figure.get(name, 0) for name in ("db", "cache", "template")]
    other = max(0, total - sum(named))
    return " ".join(f"{part:12,}" for part in [*named, other, figure["median"] - total])


def machine() -> str:
    """Say on what it was measured."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores"


def _picture(results: Results) -> str:
    panels = []
    for number, (articles, found) in enumerate(sorted(results.sizes.items())):
        top = TOP + number * (len(LABELS) * ROW + 50)
        rows = [
            {
                "label": label,
                "y": top + 20 + index * ROW,
                "bars": [
                    {"kind": kind, "width": _place(found[kind][key]["median"]), "text": _short(found[kind][key])}
                    for kind in ("server", "process")
                ],
            }
            for index, (key, label) in enumerate(LABELS.items())
        ]
        panels.append({"title": f"{articles:,} articles", "y": top, "rows": rows})
    low, high = (round(math.log10(end)) for end in DECADES)
    scale = [{"x": LABEL + _place(10**power), "text": _unit(10**power)} for power in range(low, high + 1)]
    height = TOP + len(panels) * (len(LABELS) * ROW + 50) + 20
    template = jinja2.Environment(autoescape=True).from_string(
        (Path(__file__).parent / "lecture.svg.jinja").read_text("utf-8")
    )
    return template.render(panels=panels, scale=scale, width=WIDTH, height=height, left=LABEL) + "\n"


def _place(nanoseconds: int) -> float:
    low, high = map(math.log10, DECADES)
    return round((math.log10(max(nanoseconds, DECADES[0])) - low) / (high - low) * (WIDTH - LABEL - 90), 1)


def _short(figure: Figure) -> str:
    return f"{figure['median'] / 1e6:.2f} ms" if figure["median"] >= 1e6 else f"{figure['median'] / 1e3:.0f} µs"


def _unit(nanoseconds: int) -> str:
    for unit, size in (("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            return f"{nanoseconds // size} {unit}"
    return f"{nanoseconds} ns"
