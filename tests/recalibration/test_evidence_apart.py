"""What is held out is of encounters and patients that nothing was fitted on."""

from __future__ import annotations

from dataclasses import replace

from fhir_coder.confidence import Curve
from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.recalibration.evidence import gather
from fhir_coder.recalibration.floor import reached
from tests.recalibration.decisions import decisions, outcome


def of_patients(made: list[SignedOutcome], patients: int) -> list[SignedOutcome]:
    return [replace(one, patient_reference=f"Patient/{number % patients}") for number, one in enumerate(made)]


def test_of_an_encounter_that_was_coded_and_signed_again_only_the_last_counts() -> None:
    first = outcome(1, {"I10": (0.9, "rejected")})
    again = replace(outcome(5, {"I10": (0.9, "accepted")}), encounter_reference=first.encounter_reference)
    elsewhere = replace(again, ehr="other", coding_id="e" * 32)
    unnamed = [replace(outcome(number, {"I10": (0.9, "accepted")}), encounter_reference="") for number in (7, 8)]
    found = gather([first, again, elsewhere, *unnamed])
    assert (len(found.encounters), found.wrong, found.signed_again) == (4, 0, 1)


def test_a_patient_of_the_older_encounters_is_not_held_out() -> None:
    found = gather(of_patients(decisions(lambda _: 0.9, encounters=100), 90))
    older, newest = found.parts
    assert not {one.patient for one in older} & {one.patient for one in newest}
    assert (len(older), len(newest), found.known_patients) == (70, 20, 10)
    unknown = gather(decisions(lambda _: 0.9, encounters=100))
    assert (len(unknown.parts[1]), unknown.known_patients) == (30, 0)


def test_encounters_of_one_patient_are_drawn_together() -> None:
    """One patient's every code was kept and the other's none: between these two nothing is known, however many encounters they have."""
    made = [outcome(number, {f"A0{place}": (0.9, "accepted" if number % 2 else "rejected") for place in range(5)}) for number in range(40)]
    apart, together = (reached(gather(one).encounters, 0.5, Curve()).precision_interval for one in (made, of_patients(made, 2)))
    assert together == (0.0, 1.0) and apart[0] > 0.3 and apart[1] < 0.7
