"""Load and what came of it: wrk for rates, h2load for latencies at a fixed rate (both from Debian's packages)."""

import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and the latency in ms that 99 of 100 did not exceed."""

    per_second: float
    p99: float


def need(*programs: str) -> None:
    """Say what is missing before anything is started. Raises SystemExit."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise SystemExit(f"please install {', '.join(missing)} (Debian: wrk, nghttp2-client)")


def wrk(url: str, seconds: int, *, connections: int = 32, script: Path | None = None, **headers: str) -> Rate:
    """Ask as fast as the server answers. Raises RuntimeError when an answer was no success."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "10s"]
    for name, value in headers.items():
        command += ["-H", f"{name.replace('_', '-')}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{url}: {said}")
    return Rate(float(_found(r"Requests/sec:\s+([\d.]+)", said)), _milliseconds(_found(r"99%\s+([\d.]+\w+)", said)))


def alternating(rounds: int, sides: Sequence[Callable[[], float]]) -> list[list[float]]:
    """Measure each side once a round, another one first each time, so that a slow minute meets all of them."""
    measured: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        for turn in range(len(sides)):
            side = (number + turn) % len(sides)
            measured[side].append(sides[side]())
    return measured


def ratio(these: Iterable[float], those: Iterable[float]) -> float:
    """Return the median of the ratios of each round."""
    return statistics.median(one / other for one, other in zip(these, those, strict=True))


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"{pattern} is not in: {text}")
    return match[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]
