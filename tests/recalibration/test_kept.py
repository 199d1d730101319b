"""A calibration as a file, as what a tenant's encounters pass by, and as part of the record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fhir_coder import cli
from fhir_coder.app import open_calibrations
from fhir_coder.coding.policy import outpatient
from fhir_coder.commands import calibrate as command
from fhir_coder.confidence import Curve
from fhir_coder.disposition import Policy, decide
from fhir_coder.errors import ConfigurationError
from fhir_coder.pipeline import Coder, configuration_of
from fhir_coder.recalibration.applied import calibrated
from fhir_coder.recalibration.calibrating import Wanted, calibrate
from fhir_coder.recalibration.evidence import MadeBy
from fhir_coder.recalibration.kept import content_of, folder_of, keep, read
from fhir_coder.settings import Settings
from fhir_coder.store.outcomes import Outcomes
from fhir_coder.store.start import open_stores
from tests.recalibration.decisions import MODEL, RANKER, decisions
from tests.store.conftest import KEY
from tests.stores import store_in
from tests.test_disposition import report

INSTALLED = MadeBy(RANKER, MODEL)
MADE = decisions(lambda probability: 0.99 if probability >= 0.8 else 0.6, encounters=400)
CONTENT = content_of("north", calibrate(MADE, Wanted()))


def test_the_same_content_has_the_same_name_and_is_for_its_owner_only(tmp_path: Path) -> None:
    name, file = keep(tmp_path, CONTENT)
    assert keep(tmp_path, CONTENT) == (name, file) and [one.name for one in folder_of(tmp_path).iterdir()] == [f"{name}.json"]
    assert file.stat().st_mode & 0o777 == 0o600 and name.startswith("north-")
    kept = read(tmp_path, name)
    assert (kept.tenant, kept.made_by, kept.pass_probability, kept.curve) == ("north", INSTALLED, CONTENT["pass_probability"], Curve())
    assert "Encounter/" not in file.read_text() and "Practitioner/" not in file.read_text()


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    name, file = keep(tmp_path, CONTENT)
    site = Policy("confident")
    used = calibrated(site, tmp_path, name, "north", INSTALLED)
    assert (used.passing, used.pass_probability, used.calibration) == ("confident", CONTENT["pass_probability"], name)
    for given, told in (
        ((tmp_path, name, "north", MadeBy("outpatient@new", MODEL)), "was made for ranker outpatient@0123456789ab"),
        ((tmp_path, name, "north", MadeBy(RANKER, "mini@new")), "installed are"),
        ((tmp_path, name, "south", INSTALLED), "decisions of tenant north"),
        ((tmp_path, "north-000000000000", "north", INSTALLED), "there is no calibration"),
        ((tmp_path, f"../calibrations/{name}", "north", INSTALLED), "there is no calibration"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            calibrated(site, *given)
    file.write_text(file.read_text().replace('"pass_probability": 0.', '"pass_probability": 0.1'))
    with pytest.raises(ConfigurationError, match="changed since it was made"):
        read(tmp_path, name)


def test_a_server_opens_the_calibrations_that_its_tenants_name(tmp_path: Path) -> None:
    name, _ = keep(tmp_path, CONTENT)
    tenants = json.dumps([{"id": "north", "calibration": name}, {"id": "south"}])
    settings = Settings.from_environment({"FHIR_CODER_TENANTS": tenants, "FHIR_CODER_DATA": str(tmp_path)})

    def coder(ranker: str) -> Coder:
        manifest = SimpleNamespace(model_name="mini", weights_sha256=MODEL.removeprefix("mini@") + "0" * 52)
        index = SimpleNamespace(manifest=manifest)
        rankers = {outpatient().name: SimpleNamespace(version=ranker)}
        parts: Any = {"catalogue": SimpleNamespace(newest=None), "index_for": lambda _: index, "rankers": rankers, "review": Policy()}
        return cast(Coder, SimpleNamespace(**parts))

    opened = open_calibrations(settings, coder(RANKER))
    assert list(opened) == ["north"] and opened["north"].calibration == name
    with pytest.raises(ConfigurationError, match="make a calibration anew"):
        open_calibrations(settings, coder("outpatient@new"))
    with pytest.raises(ConfigurationError, match="FHIR_CODER_TENANTS"):
        Settings.from_environment({"FHIR_CODER_TENANTS": '[{"id": "north", "calibration": 7}]'})


def test_codes_pass_by_the_curve_and_the_record_names_the_calibration() -> None:
    checked = report("I10", probability=0.95)
    site = Policy("confident", 0.9)
    own = replace(site, curve=Curve(-2.0, 1.0), calibration="north-0123456789ab")
    assert decide(checked, site).is_confident and not decide(checked, own).is_confident
    (reason,) = decide(checked, own).reasons
    assert (reason.code, reason.text) == ("low-probability", "Calibrated probability below 0.9.")
    kept = configuration_of("outpatient", 0.4, own, {})
    assert (kept.calibration, kept.level, kept.slope, kept.pass_probability) == ("north-0123456789ab", -2.0, 1.0, 0.9)
    with pytest.raises(ValueError, match="rises"):
        Curve(0.0, -1.0)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an empty store, whose outcomes are made up."""
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", store_in(tmp_path))
    monkeypatch.setenv("FHIR_CODER_DATA", str(tmp_path))
    monkeypatch.setenv("FHIR_CODER_KEY", KEY)
    monkeypatch.setenv("FHIR_CODER_TENANTS", '[{"id": "north"}]')
    asked: list[Any] = []

    def signed(self: Outcomes, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Any:
        asked.append((tenant, since, until))
        return iter(MADE if until is None else MADE[:10])

    monkeypatch.setattr(Outcomes, "signed", signed)
    return tmp_path


def test_an_operator_makes_a_calibration(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibrate", "--tenant", "north"]) == 0
    told = capsys.readouterr()
    assert f"pass_probability {CONTENT['pass_probability']:g}" in told.out and "newest encounters" in told.out
    assert not folder_of(shop).exists()
    assert cli.main(["calibrate", "--tenant", "north", "--json", "--write", "--since", "2026-05-01"]) == 0
    told = capsys.readouterr()
    (file,) = folder_of(shop).iterdir()
    assert json.loads(told.out) == json.loads(file.read_text()) and f'"calibration": "{file.stem}"' in told.err
    stores = open_stores(store_in(shop), KEY)
    events = [json.loads(one.content) for one in stores.audit.lines("north")]
    stores.close()
    assert [one["subtype"][-1]["code"] for one in events] == ["calibrate"] and file.stem in json.dumps(events)


def test_a_tenant_that_is_nowhere_is_not_one_with_too_few_decisions(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibrate", "--tenant", "nroth"]) == 2
    assert capsys.readouterr().err == "fhir-coder: FC105: no tenant nroth: it is not configured, and the store has no coding of it\n"


def test_too_few_decisions_are_one_line_and_exit_status_3(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibrate", "--tenant", "north", "--until", "2026-06-01T00:00", "--write"]) == command.REFUSED == 3
    told = capsys.readouterr()
    assert (
        told.out == ""
        and told.err.startswith("fhir-coder: no calibration: too few decisions: 10 signed encounters")
        and told.err.count("\n") == 1
    )
    assert not folder_of(shop).exists()
    for wrong in (["--target", "1.5"], ["--since", "soon"]):
        with pytest.raises(SystemExit):
            cli.main(["calibrate", *wrong])


def test_moments_are_utc_unless_they_say_otherwise() -> None:
    assert command.moment("2026-05-01") == datetime(2026, 5, 1, tzinfo=UTC)
    assert command.moment("2026-05-01T02:00+02:00") == datetime(2026, 5, 1, tzinfo=UTC)
