"""A tenant with a calibration of its own, through the whole server: what passes by it, what is recorded, second reviews that end it, and replays of all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus_review import Coded, CorpusNote, CorpusReview
from fhir_coder.app import create_app, may_pass, open_all_stores, samples_of
from fhir_coder.cli import main
from fhir_coder.coding.policy import outpatient
from fhir_coder.coding.ranker import shipped_ranker
from fhir_coder.exchange import Artifacts, Configuration
from fhir_coder.installed import open_releases
from fhir_coder.pipeline import model_version
from fhir_coder.recalibration.kept import FORMAT, keep
from fhir_coder.record.replay import Replayer
from fhir_coder.replayer import build_replayer
from fhir_coder.settings import Settings
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.start import open_stores
from index.manifest import read_manifest
from index.open import index_folder
from tests.record.test_replay import here
from tests.store.conftest import KEY
from tests.stores import store_in

TEXT = "HPI: Cough for a week.\nROS: denies fever, chest pain, headache.\n\nAssessment and Plan:\n1. Acute bronchitis, fluids.\n2. GERD, continue omeprazole.\n"
Run = Callable[..., tuple[int, str]]


class Tenant:
    """The default tenant, whose calibration lets codes pass from 0.3 on, and half whose probabilities are drawn anew."""

    def __init__(self, folder: Path, url: str) -> None:
        full = Settings.from_environment().data
        for name in ("releases", "index"):
            (folder / name).symlink_to(full / name)
        release = open_releases(Settings.from_environment()).newest
        made_for = {"ranker": shipped_ranker(outpatient().name).version, "model": model_version(read_manifest(index_folder(full, release)))}
        content = {
            "format": FORMAT,
            "tenant": "default",
            "made_for": made_for,
            "pass_probability": 0.3,
            "curve": {"level": 0.1, "slope": 1.25},
        }
        self.calibration, _ = keep(folder, content)
        sample = {"share": 1, "floor": 0.9, "least": 1, "window": 10}
        self.environment = {
            "FHIR_CODER_DATA": str(folder),
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_DATABASE_URL": url,
            "FHIR_CODER_RATE_LIMIT": "",
            "FHIR_CODER_PASSING": "confident",
            "FHIR_CODER_TENANTS": json.dumps([{"id": "default", "calibration": self.calibration, "audit_sample": sample}]),
        }
        self.site = CorpusReview(create_app(Settings.from_environment(self.environment, sandbox=True, builtin_ehr=False)))
        self.url = url

    def code(self, encounter: str) -> Coded:
        return self.site.code(CorpusNote("clean", TEXT, (), True), encounter)

    def today(self, coding: StoredEncounter) -> tuple[Artifacts, Configuration]:
        """What a replay with ``--current`` would code it with."""
        settings = Settings.from_environment(self.environment, sandbox=True)
        stores = open_all_stores(settings)
        try:
            basis = build_replayer(settings, partial(may_pass, stores.passing, samples_of(settings))).basis_today(coding)
        finally:
            stores.close()
        return basis.artifacts, basis.configuration

    def stored(self, coded: Coded) -> StoredEncounter:
        stores = open_stores(self.url, KEY)
        try:
            found = stores.repository.get("default", coded.id)
        finally:
            stores.close()
        assert found
        return found


@pytest.fixture
def tenant(built: None, tmp_path: Path) -> Tenant:
    return Tenant(tmp_path, store_in(tmp_path))


@pytest.fixture
def run(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name, value in tenant.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("fhir_coder.replayer.Replayer", partial(Replayer, run=here))

    def run_it(*arguments: str) -> tuple[int, str]:
        status = main(arguments)
        return status, capsys.readouterr().out

    return run_it


def told_today(told: str) -> dict[str, Any]:
    return json.loads(told)["today"]


def suspended(tenant: Tenant, run: Run) -> tuple[Coded, Coded]:
    """An encounter that passed by the calibration, and the next, after a second review of another agreed with nothing."""
    first, passed = tenant.code("e1"), tenant.code("e2")
    assert (first.disposition, passed.disposition) == ("pass", "pass") and min(first.codes.values()) < 0.96  # the site's floor stops it
    kept = tenant.stored(passed).configuration
    assert (kept.calibration, kept.level, kept.slope, kept.pass_probability) == (tenant.calibration, 0.1, 1.25, 0.3)
    assert run("audit-sample", "status")[0] == 0
    assert tenant.site.second(first, ["I10"]).status_code == 303
    status, told = run("audit-sample", "status")
    assert status == 1 and "0.0000 on codes over 1 done" in told and "suspended since" in told
    return passed, tenant.code("e3")


def lift(tenant: Tenant) -> None:
    form = {"csrf": tenant.site.csrf, "reason": "the note was misread"}
    assert tenant.site.post("/review/second/lift", form).status_code == 303


def test_second_reviews_that_agree_too_little_end_passing_and_a_replay_knows(tenant: Tenant, run: Run) -> None:
    passed, stopped = suspended(tenant, run)
    found = tenant.stored(stopped)
    assert stopped.disposition == "review" and stopped.codes == passed.codes
    assert [one.code for one in found.reasons] == ["confident", "audit-sample"]
    assert (found.configuration.passing, found.configuration.calibration) == ("suspended", tenant.calibration)
    assert tenant.today(found) == (found.artifacts, found.configuration)  # today, too, nothing may pass: a replay has nothing to tell
    lift(tenant)
    assert tenant.today(found) == (found.artifacts, replace(found.configuration, passing="confident"))
    again = tenant.code("e4")
    assert again.disposition == "pass" and tenant.stored(again).configuration.passing == "confident"


@pytest.mark.soak
def test_replays_tell_that_passing_was_or_is_suspended(tenant: Tenant, run: Run) -> None:
    """Each replay loads an index of its own."""
    passed, stopped = suspended(tenant, run)
    assert run("replay", stopped.id, "--current")[0] == 0
    status, told = run("replay", passed.id, "--current", "--json")
    assert status == 1 and [one["name"] for one in told_today(told)["causes"]] == ["settings"]
    lift(tenant)
    assert run("replay", passed.id, "--current")[0] == 0
    status, told = run("replay", stopped.id, "--current", "--json")
    assert status == 1 and [one["name"] for one in told_today(told)["causes"]] == ["settings"]
