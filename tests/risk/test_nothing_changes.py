"""The risk report changes nothing: with it and without it the answers are the same, and a report that fails costs nobody an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_coder.api.blueprint import create_api
from fhir_coder.batch import coded_line, encounter_from, read_lines
from fhir_coder.cli import main
from fhir_coder.coding.policy import outpatient
from fhir_coder.exchange import Resource
from fhir_coder.model import Disposition
from fhir_coder.pipeline import Coder
from fhir_coder.risk.plain import plain_risk
from fhir_coder.risk.report import RiskAssessor, RiskReport
from fhir_coder.settings import Settings
from tests.simulated_ehr import SimulatedEhr
from tests.test_engine import ehr, engine  # noqa: F401 - ehr is the fixture

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "corpus" / "outpatient_train_4.jsonl"


class Failing:
    """Makes no report; the message is one that could quote a note."""

    def assess(self, disposition: Disposition, resources: Mapping[str, Resource]) -> RiskReport:
        raise ValueError("Essential hypertension, continue lisinopril.")


def answers(coder: Coder, ehr: SimulatedEhr, folder: Path, risk: Any) -> tuple[list[Resource], list[Resource]]:  # noqa: F811
    """The parameters of an answer without its id and its risk report, and the report's own parts."""
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_api(engine(coder, ehr, folder), Settings.from_environment({}, sandbox=True), risk))
    answer = app.test_client().post("/fhir/Encounter/e1/$code-encounter")
    assert answer.status_code == 200
    given = json.loads(answer.data)["parameter"]
    return [one for one in given if one["name"] not in {"risk", "codingId"}], [
        p for one in given if one["name"] == "risk" for p in one["part"]
    ]


def test_the_answer_is_the_same_with_and_without(coder: Coder, ehr: SimulatedEhr, assessor: RiskAssessor, tmp_path: Path) -> None:  # noqa: F811
    without, none = answers(coder, ehr, tmp_path, None)
    same, report = answers(coder, ehr, tmp_path, assessor)
    assert (same, none) == (without, [])
    named = {one["name"]: one for one in report}
    assert named["paymentYear"]["valueInteger"] == 2027
    assert [part.get("valueCode") for part in named["code"]["part"]] == [None, "unmapped"]
    assert [one["part"][1]["valueCode"] for one in report if one["name"] == "eligibility"] == ["yes", "unknown", "yes"]


def test_a_report_that_fails_says_so_and_nothing_else_changes(
    coder: Coder,
    ehr: SimulatedEhr,  # noqa: F811
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    without, _ = answers(coder, ehr, tmp_path, None)
    same, report = answers(coder, ehr, tmp_path, Failing())
    assert same == without
    assert [one["name"] for one in report] == ["model", "failure"] and "ValueError" in report[1]["valueString"]
    assert "lisinopril" not in json.dumps(report) + caplog.text
    assert plain_risk(lambda: Failing().assess(None, {}))["failure"].endswith("(ValueError)")  # type: ignore[arg-type]


def test_codes_order_findings_and_dispositions_are_those_of_before(coder: Coder, assessor: RiskAssessor) -> None:
    mapped = 0
    for line in list(read_lines(NOTES))[:12]:
        encounter = encounter_from(line.value, line.number)
        disposition, release = coder.code_encounter(encounter, outpatient())
        before = coded_line("x", disposition, release)
        risk = plain_risk(lambda one=disposition: assessor.assess(one, {}))
        again, _ = coder.code_encounter(encounter, outpatient())
        assert again == disposition
        assert {key: value for key, value in coded_line("x", again, release, risk).items() if key != "risk"} == before
        assert [one["code"] for one in risk["codes"]] == [one["code"] for one in before["codes"]]
        mapped += sum(one["status"] == "mapped" for one in risk["codes"])
    assert mapped  # there was something to be led astray by


def test_the_switch_takes_the_report_away_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id":"a","codes":["E11.9","E11.22","I10"],"serviceDate":"2026-05-01"}\n', encoding="utf-8")
    lines = {}
    for switch in ("on", "off"):
        monkeypatch.setenv("FHIR_CODER_RISK", switch)
        assert main(["check", str(source), "--output", str(out)]) == 0
        lines[switch] = json.loads(out.read_text(encoding="utf-8"))
    risk = lines["on"].pop("risk")
    assert lines["on"] == lines["off"]
    assert [(one["code"], one["status"]) for one in risk["codes"]] == [("E11.9", "mapped"), ("E11.22", "mapped"), ("I10", "unmapped")]
    assert risk["codes"][0]["categories"][0]["trumpedBy"] == ["37"]
    assert "discrepancies" not in risk and "eligibility" not in risk


def test_what_decides_runs_without_the_report_being_loaded() -> None:
    script = "import sys, fhir_coder.engine, fhir_coder.pipeline; print([one for one in sys.modules if one.startswith('fhir_coder.risk')])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
