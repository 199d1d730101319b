"""``make soak``: a site recalibrates. Hundreds of corpus notes are coded and signed through the whole server, a calibration is made of that and put in use,
and what passes by it is looked at on encounters and patients that had no part in it. What people decided is drawn; see ``benchmarks.corpus_review``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.corpus_review import Coded, CorpusNote, corpus_notes
from fhir_coder.recalibration.calibrating import Wanted, calibrate
from fhir_coder.recalibration.evidence import Refused
from fhir_coder.recalibration.interval import share_interval
from fhir_coder.recalibration.kept import content_of
from fhir_coder.store.start import open_stores
from tests.recalibration.exported import Line, by_coding, counted, outcomes_of
from tests.recalibration.site import Site, say
from tests.store.conftest import KEY

pytestmark = pytest.mark.soak

SEED, SIGNED, LATER, PATIENTS, AGAIN = 9, 400, 300, 1500, 10
TARGET = 0.85
"""Chosen after a site of seed 7 had been seen, whose decisions carry no more; the sites here are of other seeds."""
OTHER_SEED = 8
Case = tuple[CorpusNote, Coded]


@dataclass(frozen=True)
class Lived:
    """The site after all: what was decided before the calibration, the calibration, and what was coded with it: for the first time, and once more."""

    site: Site
    before: list[Line]
    fit: dict[str, Any]
    name: str
    signed: list[Case]
    later: list[Case]
    again: list[Case]

    @property
    def fitted_patients(self) -> set[str]:
        """Patients of encounters that had a part in the calibration."""
        codings = self.site.codings()
        return {codings[one].patient for one in by_coding(self.before)}

    @property
    def apart(self) -> list[Case]:
        """Later encounters of other patients."""
        codings, known = self.site.codings(), self.fitted_patients
        return [one for one in self.later if codings[one[1].id].patient not in known]


@pytest.fixture(scope="module")
def other_site(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    """The store of another seed, made by the command that docs/contributing.md names, in a process beside the one that fills the first site."""
    store = tmp_path_factory.mktemp("other") / "store.sqlite"
    sizes = ["--encounters", str(SIGNED), "--patients", str(PATIENTS), "--seed", str(OTHER_SEED)]
    command = [sys.executable, "-m", "benchmarks.corpus_review", *sizes, "--store", f"sqlite:///{store}"]
    with subprocess.Popen(command, env={**os.environ, "FHIR_CODER_KEY": KEY}, stdout=subprocess.PIPE, text=True) as process:

        def ready() -> Path:
            told, _ = process.communicate(timeout=1800)
            assert process.returncode == 0 and f"{SIGNED} of {SIGNED} encounters signed" in told
            return store

        yield ready
        process.kill()


@pytest.fixture(scope="module")
def lived(other_site: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Lived:
    site, notes = Site(tmp_path_factory.mktemp("site"), SEED, PATIENTS), corpus_notes(SIGNED + LATER, SEED)
    signed = list(site.coded_and_signed(notes[:SIGNED]))
    before = site.export("before.ndjson")
    told = site.command("calibrate", "--target", str(TARGET), "--json", "--write")
    assert told.status == 0, told.err
    (file,) = (site.folder / "data" / "calibrations").iterdir()
    assert f'"calibration": "{file.stem}"' in told.err
    tenant = json.dumps([{"id": "default", "calibration": file.stem}])
    site.start_anew(FHIR_CODER_PASSING="confident", FHIR_CODER_TENANTS=tenant)
    later = list(site.coded_and_signed(notes[SIGNED:]))
    again = list(site.coded(notes[:AGAIN]))
    return Lived(site, before, json.loads(told.out), file.stem, signed, later, again)


# ------------------------------------------------------------------------------------------------------------- calibrations


def told_by(make: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    try:
        return make()
    except Refused as refused:
        return f"fhir-coder: no calibration: {refused}\n"


@pytest.mark.parametrize("more", [(), ("--with-unopened",), ("--refit",)], ids=["plain", "with unopened", "refit"])
@pytest.mark.parametrize("target", [0.8, TARGET, 0.9, 0.95])
def test_the_export_leads_to_the_calibration_that_the_store_leads_to(lived: Lived, target: float, more: Sequence[str]) -> None:
    """Fit or refusal, to the last digit; the pseudonyms of the export tell the same patients apart."""
    last = max(datetime.fromisoformat(line["decided_at"]) for line in lived.before)
    bounds = ("--until", (last + timedelta(microseconds=1)).isoformat())  # what was signed before the calibration
    told = lived.site.command("calibrate", "--target", str(target), "--json", *bounds, *more)
    wanted = Wanted(target, "--refit" in more, "--with-unopened" in more)
    from_export = told_by(lambda: json.loads(json.dumps(content_of("default", calibrate(outcomes_of(lived.before), wanted)))))
    assert (told.status, json.loads(told.out) if told.out else told.err) == (3 if isinstance(from_export, str) else 0, from_export)
    if (target, more) == (TARGET, ()):
        assert from_export == lived.fit
    say(f"seed {SEED}, target {target} {' '.join(more)}: {shown(from_export)}")


def shown(fit: dict[str, Any] | str) -> str:
    if isinstance(fit, str):
        return fit.strip()
    made = fit["made_from"]
    parts = (
        f"{name} {fit[name]['precision']} {fit[name]['precision_interval']} of {fit[name]['codes']} codes" for name in ("older", "newest")
    )
    evidence = f"{made['encounters']} encounters, {made['held_out']} held out, {made['codes']} codes, {made['not_kept']} not kept"
    return f"floor {fit['pass_probability']}; {'; '.join(parts)}; {evidence}"


def test_the_first_decisions_are_too_few(lived: Lived) -> None:
    """As the operator meets it who is too early; the counts are those of the export."""
    moments = sorted(of_one[0]["decided_at"] for of_one in by_coding(lived.before).values())
    until = moments[150]
    told = lived.site.command("calibrate", "--until", until, "--write")
    early = [line for line in lived.before if line["decided_at"] < until and line["rank"] and line["verdict"] != "taken"]
    counts = f"{len({line['coding'] for line in early})} signed encounters with decided codes of 200; {len(early)} decided codes of 1000"
    assert (told.status, told.out) == (3, "") and told.err.startswith(f"fhir-coder: no calibration: too few decisions: {counts}")
    assert [one.stem for one in (lived.site.folder / "data" / "calibrations").iterdir()] == [lived.name]
    say(f"after 150 sign-offs: {told.err.strip()}")


def test_another_site_is_told_what_its_decisions_carry(
    lived: Lived, other_site: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target was chosen where it was known to be met. Whether this site meets it is told, not demanded: what must hold is what a fit promises."""
    store = other_site()
    stores = open_stores(f"sqlite:///{store}", KEY)
    outcomes = list(stores.outcomes.signed("default"))
    stores.close()
    for target in (0.8, TARGET, 0.9, 0.95):
        fit = told_by(lambda target=target: content_of("default", calibrate(outcomes, Wanted(target))))
        assert isinstance(fit, str) or min(fit[name]["precision_interval"][0] for name in ("older", "newest")) >= target
        say(f"seed {OTHER_SEED}, target {target}: {shown(fit)}")


# ------------------------------------------------------------------------------------------------------------------- in use


def test_what_is_coded_next_goes_by_the_calibration(lived: Lived) -> None:
    """New encounters, and encounters that had been signed before and are coded again."""
    floor, passed = lived.fit["pass_probability"], 0
    stores = open_stores(f"sqlite:///{lived.site.database}", KEY)
    for _, coded in (*lived.later, *lived.again):
        found = stores.repository.get("default", coded.id)
        assert found and found.configuration.calibration == lived.name and found.configuration.pass_probability == floor
        is_under = any(one.probability < floor for one in found.assignments)
        assert any(one.code == "low-probability" for one in found.reasons) == is_under
        assert not (is_under and coded.disposition == "pass")
        passed += coded.disposition == "pass"
    first = stores.repository.get("default", lived.signed[0][1].id)
    stores.close()
    assert first and first.configuration.calibration == "" and passed > 0
    assert {coded.disposition for _, coded in lived.signed} == {"review"}


def precision(lived: Lived, cases: Sequence[Case], floor: float) -> tuple[int, int, tuple[float, float]]:
    """Codes from a floor on that are in the reference, all codes from there on, and the interval over patients."""
    codings = lived.site.codings()
    patients = sorted({codings[coded.id].patient for _, coded in cases})
    rows = np.zeros((len(patients), 2))
    for note, coded in cases:
        high = [code for code, probability in coded.codes.items() if probability >= floor]
        rows[patients.index(codings[coded.id].patient)] += [sum(code in note.codes for code in high), len(high)]
    right, codes = rows.sum(axis=0)
    return int(right), int(codes), share_interval(rows[:, 0], rows[:, 1])


def test_what_passes_of_other_patients_is_as_good_as_the_calibration_promises(lived: Lived) -> None:
    """Held in: encounters that the floor was found on. Held out: encounters coded later, of patients that none of these has. Right is what the reference
    of the note has, which the made-up coder follows but for few errors."""
    floor = lived.fit["pass_probability"]
    passed = [one for one in lived.apart if one[1].disposition == "pass"]
    would = [one for one in lived.signed if one[1].codes and min(one[1].codes.values()) >= floor]
    kinds = {
        "held in, codes from the floor on": lived.signed,
        "held in, encounters with every code there": would,
        "held out, codes from the floor on": lived.apart,
        "held out, encounters that passed": passed,
        "  of these, notes the ranker learned from": [one for one in passed if not one[0].is_held_out],
        "  of these, notes it did not": [one for one in passed if one[0].is_held_out],
    }
    for name, cases in kinds.items():
        right, codes, interval = precision(lived, cases, floor)
        exact = sum(set(coded.codes) == set(note.codes) for note, coded in cases)
        say(
            f"{name}: {len(cases)} encounters, {right} of {codes} codes right = {right / max(codes, 1):.4f} {interval}; {exact} exactly right"
        )
    say(f"{len(lived.later)} later encounters, {len(lived.apart)} of other patients, {len(passed)} of these passed")
    right, codes, interval = precision(lived, lived.apart, floor)
    assert codes > 100 and interval[1] >= TARGET, "codes from the floor on are surely worse than promised"
    assert len(passed) >= 20 and all(min(coded.codes.values()) >= floor for _, coded in passed)


# ----------------------------------------------------------------------------------------------------- figures and replays


def test_the_dashboard_says_what_the_rows_and_the_export_say(lived: Lived) -> None:
    codings, lines = list(lived.site.codings().values()), lived.site.export("after.ndjson")
    figures = lived.site.dashboard(min(one.created_at for one in codings), max(one.created_at for one in codings))
    standing = [one for one in codings if not one.is_superseded]
    signed, counts = [one for one in codings if one.state == "signed"], counted(lines)
    assert len(signed) == len(by_coding(lines)) and len(signed) > SIGNED
    expected = {
        "passed": (sum(one.disposition == "pass" for one in standing), len(standing)),
        "code agreement": (counts.both, counts.either),
        "precision": (counts.both, counts.proposed),
        "recall": (counts.both, counts.final),
        "signed as proposed": (counts.unchanged, len(signed)),
    }
    assert {name: tuple(map(int, figures[name][:2])) for name in expected} == expected
    assert all(float(figures[name][2]) == pytest.approx(part / of, rel=1e-5) for name, (part, of) in expected.items())
    tenths = statistics.quantiles((one.turnaround_s for one in signed), n=10, method="inclusive")
    numbers = {
        "signed": len(signed),
        "turnaround median (s)": tenths[4],
        "turnaround 90th percentile (s)": tenths[8],
        "brier": counts.brier,
    }
    assert {name: float(figures[name][2]) for name in numbers} == pytest.approx(numbers, rel=1e-5)
    say(f"dashboard: {expected}, {numbers}")


def test_codings_of_the_store_are_replayed(lived: Lived) -> None:
    """One before the calibration, one that passed by it, one that it kept from passing; each in a process of its own."""
    by_disposition = {coded.disposition: coded.id for _, coded in lived.later}
    before = lived.signed[0][1].id
    for coding in (before, by_disposition["pass"], by_disposition["review"]):
        told = lived.site.command("replay", coding, "--json")
        assert told.status == 0, told.err
        assert json.loads(told.out)["equal"] is True
    today = json.loads(lived.site.command("replay", before, "--current", "--json").out)["today"]
    assert [one["name"] for one in today["causes"]] == ["settings"]
