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
