"""What Prometheus gets: from all processes, under the names that dashboard and alerts ask for, and nobody else."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from application import create_app
from application.config import ROOT, SettingsError, load_settings
from application.measuring.metrics import process_ended, sweep
from tests.conftest import settings_for
from tests.own_redis import own_redis
from tests.site import ENOUGH, RunningSite, eventually, fetch, running_site

TOKEN = "0123456789abcdef"
MADE_AT = re.compile(r"made at [\d:]+")
NAME = re.compile(r"\bbroadsheet_\w+")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("metrics")
    # Of a process that is no more: no pid is that high.
    (made / "counter_99999999.db").write_bytes(b"")
    (made / "keep.txt").write_text("not ours")
    return made


@pytest.fixture
def site(database_url: str, folder: Path, tmp_path: Path) -> Iterator[RunningSite]:
    more = {"METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with (
        own_redis() as server,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", tmp_path, **more) as running,
    ):
        yield running


def scraped(site: RunningSite) -> dict[str, Metric]:
    status, headers, body, _ = fetch(site, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert headers["content-type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(body)}


def value(site: RunningSite, sample: str, **labels: str) -> float:
    """Return the value of the one sample of this name and these labels; -1 where there is none."""
    found = [
        one.value
        for family in scraped(site).values()
        for one in family.samples
        if one.name == sample and labels.items() <= one.labels.items()
    ]
    assert len(found) <= 1, (sample, labels, found)
    return found[0] if found else -1


def workers(site: RunningSite) -> set[int]:
    listed = subprocess.run(["pgrep", "-P", str(site.processes["web"].pid)], check=True, capture_output=True, text=True)
    return set(map(int, listed.stdout.split()))


def asked_for() -> dict[str, set[str]]:
    """Return which names the dashboard and the alert rules ask for; both must be readable."""
    dashboard: Any = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8"))
    rules: Any = yaml.safe_load((ROOT / "deploy" / "prometheus-alerts.yml").read_text("utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    assert len(panels) > 10
    assert len(alerts) > 5
    return {
        "dashboard": {name for expression in panels for name in NAME.findall(expression)},
        "alerts": {name for expression in alerts for name in NAME.findall(expression)},
    }


def test_two_workers_and_celery_are_one_whoever_is_asked(site: RunningSite, folder: Path) -> None:
    assert not (folder / "counter_99999999.db").exists()
    assert (folder / "keep.txt").exists()
    page = {"method": "GET", "route": "/"}
    count = "broadsheet_http_request_duration_seconds_count"
    for _ in range(ENOUGH):
        assert fetch(site, "/")[0] == 200
    for _ in range(3):
        assert fetch(site, "/made/up")[0] == 404
    site.app.extensions["celery"].send_task("reconcile_likes")
    eventually(lambda: value(site, count, **page) == ENOUGH)
    eventually(lambda: value(site, "broadsheet_http_requests_refused_total", method="GET", route="(no route)") == 3)
    eventually(lambda: value(site, "broadsheet_job_duration_seconds_count", task="reconcile_likes") == 1)
    assert value(site, "broadsheet_http_requests_failed_total", **page) == 0
    assert value(site, "broadsheet_http_request_duration_seconds_bucket", le="+Inf", **page) == ENOUGH
    assert 0 < value(site, "broadsheet_http_request_duration_seconds_sum", **page) < 10
    eventually(lambda: value(site, "broadsheet_workers") == 2)
    eventually(lambda: value(site, "broadsheet_cache_memory_trusting_workers") == 2)
    assert value(site, "broadsheet_cache_redis_up") == 1

    families = scraped(site)
    exported = {one.name for family in families.values() for one in family.samples}
    for where, names in asked_for().items():
        # A histogram that observed nothing has no samples yet: its name is there all the same.
        missing = {name for name in names - exported if not name.startswith("broadsheet_page_refresh_duration")}
        assert missing == set(), where
    assert [name for name, family in families.items() if not family.documentation.strip()] == []

    killed = min(workers(site))
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(workers(site) - {killed}) == 2)
    eventually(lambda: value(site, "broadsheet_workers") == 2)
    # A counter never falls, though who counted is no more.
    assert value(site, count, **page) == ENOUGH
    assert [file.name for file in folder.glob(f"gauge_live*_{killed}.db")] == []


@pytest.fixture
def watched(database_url: str, redis_url: str) -> Flask:
    return create_app(settings_for(database_url, redis_url, METRICS_TOKEN=TOKEN))


@pytest.mark.parametrize(
    "given", [None, "", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"bearer {TOKEN}", "Basic eDp5"]
)
def test_a_stranger_finds_nothing(watched: Flask, given: str | None) -> None:
    client = watched.test_client()
    headers = {} if given is None else {"Authorization": given}
    answer, none = client.get("/metrics", headers=headers), client.get("/made-up", headers=headers)
    # Each says at its foot in which second it was made.
    assert MADE_AT.sub("", answer.text) == MADE_AT.sub("", none.text)
    assert (answer.status_code, none.status_code) == (404, 404)
    assert "broadsheet_" not in answer.text


def test_without_a_token_nobody_finds_anything(app: Flask) -> None:
    for given in ("Bearer ", "Bearer None", "Bearer"):
        assert app.test_client().get("/metrics", headers={"Authorization": given}).status_code == 404


def test_a_token_finds_the_figures(watched: Flask) -> None:
    answer = watched.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("token", ["short", "x" * 15, "with blanks in it all"])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        load_settings({"ENV": "test", "METRICS_TOKEN": token})


def test_only_what_belongs_to_nobody_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    names = {f"counter_{os.getpid()}.db", "gauge_livesum_99999999.db", "histogram_99999999.db", "notes.db"}
    for name in names:
        (tmp_path / name).write_bytes(b"")
    sweep()
    assert {file.name for file in tmp_path.iterdir()} == {f"counter_{os.getpid()}.db", "notes.db"}


def test_of_processes_that_were_killed_only_gauges_are_swept_while_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for name in ("gauge_livemin_99999999.db", "counter_99999999.db"):
        (tmp_path / name).write_bytes(b"")
    sweep("gauge_live*.db")
    assert {file.name for file in tmp_path.iterdir()} == {"counter_99999999.db"}


def test_a_process_that_ended_leaves_what_it_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for name in ("gauge_livesum_7.db", "counter_7.db", "gauge_livesum_8.db"):
        (tmp_path / name).write_bytes(b"")
    process_ended(7)
    assert {file.name for file in tmp_path.iterdir()} == {"counter_7.db", "gauge_livesum_8.db"}


def test_without_a_folder_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    sweep()
    process_ended(7)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "none"))
    sweep()
    process_ended(7)
