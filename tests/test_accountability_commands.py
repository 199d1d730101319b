"""``fhir-coder audit-sample`` and ``fhir-coder decisions`` as an operator uses them, with every step in the audit; and the setting behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.app import may_pass, samples_of
from fhir_coder.cli import main
from fhir_coder.errors import ConfigurationError
from fhir_coder.model import Outcome
from fhir_coder.outcomes.acceptance import Accepted, accepted_by_coder
from fhir_coder.sample_settings import AuditSample
from fhir_coder.sampling import Sampler
from fhir_coder.settings import Settings
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.worklist.decision import Act, Decision, Someone
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
BERT = Maker(Someone("Practitioner/bert", "https://ehr.invalid", "Bert Bach"))
SAMPLE = {"share": 1, "floor": 0.8, "least": 1, "window": 5}


class Desk:
    """A store of its own, in which everything that passes is drawn, and the command line on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.url = store_in(folder)
        environment = {
            "FHIR_CODER_DATABASE_URL": self.url,
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_TENANTS": json.dumps([{"id": "north", "audit_sample": SAMPLE}]),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.settings = Settings.from_environment(environment)

    def open(self) -> Stores:
        return open_stores(self.url, KEY, is_drawn=Sampler({"north": 1.0}))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--tenant", "north"])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def events(self) -> list[str]:
        stores = self.open()
        found = [json.loads(one.content)["subtype"][-1]["code"] for one in stores.audit.lines("north")]
        stores.close()
        return found

    def code_twice(self, stores: Stores, *codes: str) -> str:
        """A coding that passed and was coded a second time."""
        result = coding_result("Encounter/e7")
        coding = stores.repository.save("north", "main", replace(result, disposition=replace(result.disposition, outcome=Outcome.PASS)))
        stores.second_reviews.begin("north", coding, BERT)
        stores.second_reviews.finish("north", coding, codes, BERT)
        return coding

    def sign(self, stores: Stores, *decisions: Decision, maker: Maker = ANNA) -> str:
        coding = stores.repository.save("north", "main", coding_result())
        for version, one in enumerate((*decisions, Decision(Act.SIGN_OFF))):
            stores.reviews.decide("north", coding, version, one, maker, Checked())
        return coding


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def test_passing_is_suspended_for_every_process_and_lifted_with_a_reason(desk: Desk) -> None:
    stores = desk.open()
    samples = samples_of(desk.settings)
    assert samples["north"] == AuditSample(1, 0.8, 1, 5) and may_pass(stores.passing, samples, "north")
    assert desk.run("audit-sample", "lift", "--reason", "nothing happened")[0] == 2
    desk.code_twice(stores, "R05.9")
    assert not may_pass(desk.open().passing, samples, "north") and may_pass(stores.passing, samples, "default")
    status, told, _ = desk.run("audit-sample", "status")
    assert status == 1 and "0.6667 on codes over 1 done" in told and "suspended since" in told
    assert desk.run("audit-sample", "lift", "--reason", "the ranker was replaced")[0] == 0
    assert may_pass(stores.passing, samples, "north") and desk.run("audit-sample", "status")[0] == 0
    stores.close()
    assert desk.events() == ["second-review", "suspend-passing", "second-review-report", "lift-suspension", "second-review-report"]


def test_decisions_are_written_with_what_a_recalibration_needs(desk: Desk, tmp_path: Path) -> None:
    stores = desk.open()
    text = f"The {MARKER} again"
    decisions = (
        Decision(Act.ACCEPT, "R05.9"),
        Decision(Act.REPLACE, "Q87.89", instead="Q87.19", reason="more-specific", text=text),
        Decision(Act.RESTORE, "R50.9"),
    )
    signed, passed = desk.sign(stores, *decisions), desk.code_twice(stores, "R05.9", "I10")
    blind = desk.sign(stores)
    stores.close()
    file = tmp_path / "decisions.ndjson"
    status, _, told = desk.run("decisions", "--output", str(file))
    assert status == 0 and told.startswith("9 decided codes") and file.stat().st_mode & 0o777 == 0o600
    assert desk.run("decisions", "--output", str(file))[0] == 2  # never written over
    written = file.read_text(encoding="utf-8")
    assert not [one for one in (MARKER, "Anna", "anna", "Bert", "Cough") if one in written]
    lines = [json.loads(line) for line in written.splitlines()]

    def of(coding: str) -> dict[str, dict[str, Any]]:
        return {one["code"]: one for one in lines if one["coding"] == coding}

    found = of(signed)
    assert {code: (one["verdict"], one["final"], one["position"], one["origin"]) for code, one in found.items()} == {
        "R05.9": ("accepted", True, 1, "proposed"),
        "Q87.89": ("replaced", False, 0, "proposed"),
        "Q87.19": ("accepted", True, 2, "replaced"),
        "R50.9": ("accepted", True, 3, "restored"),
    }
    assert (found["R05.9"]["probability"], found["R05.9"]["rank"], found["R05.9"]["features"]) == (0.8125, 1, {"lexical": 1.0})
    assert (found["Q87.89"]["replaced_by"], found["Q87.89"]["reason"]) == ("Q87.19", "more-specific")
    assert (found["R50.9"]["probability"], found["Q87.19"]["probability"]) == (0.25, None)
    assert {one["verdict"] for one in of(blind).values()} == {"taken"}
    second = of(passed)
    assert {code: one["verdict"] for code, one in second.items()} == {"R05.9": "agreed", "Q87.89": "not-found", "I10": "added"}
    assert {one["source"] for one in second.values()} == {"second-review"} and len({tuple(one) for one in map(sorted, lines)}) == 1
    assert {len(one["patient"]) for one in lines} == {16} and len({one["patient"] for one in lines}) == 1  # all are codings of one patient
    people = {one["person"] for one in lines}
    assert len(people) == 2 and all(len(one) == 16 for one in people)
    named = tmp_path / "named.ndjson"
    assert desk.run("decisions", "--output", str(named), "--people", "--until", "2020-01-01")[0] == 0 and named.read_text() == ""
    assert desk.run("decisions", "--output", str(tmp_path / "all.ndjson"), "--people", "--since", "2020-01-01")[0] == 0
    assert '"https://ehr.invalid Practitioner/anna"' in (tmp_path / "all.ndjson").read_text(encoding="utf-8")
    assert desk.events().count("export-decisions") == 3


def test_what_a_coder_signs_unseen_is_counted(desk: Desk) -> None:
    stores = desk.open()
    desk.sign(stores)  # both codes as they were
    desk.sign(stores, Decision(Act.ACCEPT, "R05.9"))
    desk.sign(stores, Decision(Act.REJECT, "R05.9", reason="negated"), maker=BERT)
    found = accepted_by_coder(stores.outcomes.signed("north"))
    stores.close()
    assert found == (Accepted(BERT.person, 1, 0, 1, 1), Accepted(ANNA.person, 2, 1, 4, 3))


UNUSABLE: dict[str, dict[str, Any]] = {
    "share above one": {"share": 1.1},
    "share as text": {"share": "0.1"},
    "share as truth": {"share": True},
    "no number": {"floor": float("nan")},
    "window below least": {"least": 10, "window": 9},
    "least of none": {"least": 0},
    "half a review": {"least": 1.5},
    "misspelt": {"shares": 0.1},
}


@pytest.mark.parametrize("given", UNUSABLE.values(), ids=UNUSABLE)
def test_a_sample_that_cannot_be_used_stops_the_start(given: dict[str, Any]) -> None:
    tenants = json.dumps([{"id": "default", "audit_sample": given}])
    with pytest.raises(ConfigurationError):
        Settings.from_environment({"FHIR_CODER_TENANTS": tenants})


def test_the_share_is_the_probability_of_being_drawn() -> None:
    numbers = iter([0.0, 0.099, 0.1, 0.999999, 0.0])
    sampler = Sampler({"north": 0.1}, lambda: next(numbers))
    assert [sampler("north") for _ in range(4)] == [True, True, False, False]
    assert not sampler("south")
    system = Sampler({"all": 1.0, "none": 0.0})
    assert all(system("all") and not system("none") for _ in range(50))
