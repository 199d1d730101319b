"""Metrics: all of them are in the table of docs/deploying.md, stages are timed, failures of EHRs counted, and a worker answers at an address of its own."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from fhir_coder.api.metrics import Metrics
from fhir_coder.api.metrics_folder import counting_together
from fhir_coder.api.metrics_server import MetricsServer
from fhir_coder.discovery.listener import End as ConnectionEnd
from fhir_coder.discovery.round import End, Report, Tried
from fhir_coder.discovery_settings import WayName
from fhir_coder.ehr.connection import failure_kind
from fhir_coder.errors import ConfigurationError, EhrError, EhrRefused, EhrTimeout, EhrUnavailable
from fhir_coder.listening import Address
from fhir_coder.outbound.attempt import Answer
from fhir_coder.stages import Stage

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    """The cells of the table that begins with that head line."""
    lines = TEXT.split(f"\n{head}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def used() -> Metrics:
    """Every metric with a value: one that nothing here counts would be in the table and not in the exposition, or the other way round."""
    metrics = Metrics()
    metrics.count_request("GET", "/version", 200, 0.1)
    metrics.count_disposition("pass")
    metrics.count_check("none")
    metrics.count_writes({"entry": [{"response": {"status": "201 Created"}}]})
    metrics.count_job("done")
    metrics.count_ehr_error("main", "timeout")
    metrics.watch(lambda: [("waiting", 2, 60)])
    metrics.discovery.begin("north", "main")
    metrics.discovery.count_round("north", "main", Report(3, 2, 0, 2, 1, ways=[Tried(WayName.UPDATED, End.DONE, 3)]))
    metrics.discovery.count_message("AA", "")
    metrics.discovery.count_connection("closed")
    for stage in Stage:
        with metrics.stage(stage):
            pass
    return metrics


def test_every_metric_is_in_the_table_with_its_type_and_labels() -> None:
    lines = [line for line in used().exposition().decode().splitlines() if "_created" not in line]
    types = [tuple(line.split()[2:]) for line in lines if line.startswith("# TYPE")]
    labels = {name: {label for line in lines if line.startswith(name) for label in re.findall(r'(\w+)="', line)} for name, _ in types}
    documented = [
        (name.strip("`"), kind, set(re.findall(r"\w+", named))) for name, kind, named, _ in table("| Name | Type | Labels | Counts |")
    ]
    assert documented == [(name, kind, labels[name] - {"le"}) for name, kind in types]


def test_every_stage_and_every_kind_is_explained() -> None:
    assert [row[0].strip("`") for row in table("| `stage` | from | to |")] == [stage.value for stage in Stage]
    assert {row[0].strip("`") for row in table("| `kind` | meaning |")} == {"timeout", "unreachable", "refused", "invalid", "three digits"}


def test_every_end_of_discovery_is_explained() -> None:
    assert {row[0].strip("`"): set(re.findall(r"`([\w-]+)`", row[1])) for row in table("| `end` of | is |")} == {
        "fhir_coder_discovery_rounds_total": {"done", "amiss", "full", "held", "failed"},
        "fhir_coder_discovery_ways_total": {one.value for one in End},
        "fhir_coder_discovery_looks_total": {"done", "failed"},
        "fhir_coder_discovery_files_total": {"taken", "refused"},
        "fhir_coder_discovery_connections_total": {one.value for one in ConnectionEnd},
    }


ROUNDS = {
    "good": (Report(ways=[Tried(WayName.UPDATED, End.DONE)]), "done", True),
    "good, one look failed": (Report(failed=1, problems=["x"], ways=[Tried(WayName.UPDATED, End.DONE)]), "amiss", True),
    "a way failed": (Report(problems=["x"], ways=[Tried(WayName.UPDATED, End.FAILED)]), "amiss", False),
    "throttled": (Report(held_s=60, is_throttled=True, ways=[Tried(WayName.UPDATED, End.THROTTLED)]), "held", False),
    "left alone": (Report(held_s=30), "held", False),
    "full": (Report(is_full=True, problems=["x"]), "full", False),
}


@pytest.mark.parametrize(("report", "end", "is_good"), ROUNDS.values(), ids=ROUNDS.keys())
def test_the_age_of_the_last_good_round(report: Report, end: str, is_good: bool) -> None:
    now = [100.0]
    metrics = Metrics(lambda: now[0])
    metrics.discovery.begin("north", "main")
    now[0] = 160.0
    metrics.discovery.count_round("north", "main", report)
    metrics.discovery.count_failed_round("north", "main")
    now[0] = 170.0
    exposed = metrics.exposition().decode()
    assert f'fhir_coder_discovery_rounds_total{{ehr="main",end="{end}",tenant="north"}} 1.0' in exposed
    assert 'fhir_coder_discovery_rounds_total{ehr="main",end="failed",tenant="north"} 1.0' in exposed
    age = 10.0 if is_good else 70.0
    assert f'fhir_coder_discovery_last_good_round_seconds{{ehr="main",tenant="north"}} {age}' in exposed


def test_the_queries_name_metrics_that_there_are() -> None:
    exposed = used().exposition().decode()
    named = set(re.findall(r"fhir_coder_\w+", TEXT.split("To watch:")[1].split("## Logs")[0]))
    assert len(named) >= 7
    assert [name for name in named if not re.search(rf"^{name}[ {{]", exposed, re.MULTILINE)] == []


def test_a_stage_is_timed_and_nothing_is_kept_of_what_it_did() -> None:
    exposed = used().exposition().decode()
    assert all(f'fhir_coder_stage_seconds_count{{stage="{stage.value}"}} 1.0' in exposed for stage in Stage)


KINDS: dict[str, tuple[Answer | EhrError, str]] = {
    "well": (Answer(200, {}, b""), ""),
    "not there": (Answer(404, {}, b""), ""),
    "another version": (Answer(412, {}, b""), ""),
    "throttled": (Answer(429, {}, b""), "429"),
    "broken": (Answer(503, {}, b""), "503"),
    "token refused": (EhrRefused("x", ehr_status=400), "400"),
    "too slow": (EhrTimeout("x"), "timeout"),
    "away": (EhrUnavailable("x"), "unreachable"),
    "not to be called": (EhrRefused("x"), "refused"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_failure_has_a_kind(name: str) -> None:
    outcome, kind = KINDS[name]
    assert failure_kind(outcome) == kind


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_worker_answers_metrics_and_nothing_else_at_its_address() -> None:
    server = MetricsServer(used(), Address("127.0.0.1", 0))
    server.begin()
    status, text = asked(server.port, "/metrics")
    assert status == 200 and 'fhir_coder_ehr_errors_total{ehr="main",kind="timeout"} 1.0' in text
    assert asked(server.port, "/") == (404, "")
    with pytest.raises(ConfigurationError, match="FHIR_CODER_METRICS_ADDRESS"):
        MetricsServer(Metrics(), Address("127.0.0.1", server.port))
    server.leave()


def test_a_server_that_takes_over_counts_in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variable = "PROMETHEUS_MULTIPROC_DIR"
    monkeypatch.setenv(variable, "")
    with counting_together():
        first = os.environ[variable]
        with counting_together():
            assert os.environ[variable] != first and Path(os.environ[variable]).is_dir()
        assert Path(first).is_dir()
    assert not Path(first).exists()
    monkeypatch.setenv(variable, str(tmp_path))
    with counting_together():
        assert os.environ[variable] == str(tmp_path)
    assert tmp_path.is_dir()
