"""Which searches an EHR is sent for the documents of a visit."""

from pathlib import Path

import pytest

from fhir_coder.ehr.capabilities import Capabilities, TypeCapabilities, read_capabilities
from fhir_coder.ehr.search_plan import plan_note_searches, plan_report_searches
from fhir_coder.ehr.visit import Visit
from fhir_coder.fhir.reader import read_json

VISIT = Visit("Encounter/e1", "Patient/p1", "2026-05-01T23:30:00-07:00", "2026-05-02T01:00:00-07:00")
PATIENT = ("patient", "Patient/p1")
ENCOUNTER = ("encounter", "Encounter/e1")
CATEGORY = ("category", "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note")
DATES = (("date", "ge2026-04-24"), ("date", "le2026-06-01"))
PERIOD = (("period", "ge2026-04-24"), ("period", "lt2026-06-02"))


def offering(*parameters: str, kind: str = "DocumentReference", interaction: str = "search-type") -> Capabilities:
    return Capabilities({kind: TypeCapabilities(frozenset({interaction}), frozenset(parameters))})


@pytest.mark.parametrize(
    ("offered", "visit", "expected"),
    [
        (("patient", "encounter", "category", "date"), VISIT, [(PATIENT, ENCOUNTER, CATEGORY), (PATIENT, ENCOUNTER)]),
        (("patient", "encounter"), VISIT, [(PATIENT, ENCOUNTER)]),
        (("patient", "category", "date", "period"), VISIT, [(PATIENT, *DATES, CATEGORY), (PATIENT, *DATES)]),
        (("patient", "date"), VISIT, [(PATIENT, *DATES)]),
        (("patient", "period"), VISIT, [(PATIENT, *PERIOD)]),
        (("patient", "category"), VISIT, [(PATIENT, CATEGORY), (PATIENT,)]),
        (("patient", "_count"), VISIT, [(PATIENT, ("_count", "50"))]),
        (("patient", "date", "_count"), VISIT, [(PATIENT, *DATES, ("_count", "50"))]),
        (("encounter", "_count"), VISIT, [(PATIENT, ENCOUNTER)]),
        ((), VISIT, [(PATIENT,)]),
        (("encounter",), Visit("Encounter/e1", ""), [(ENCOUNTER,)]),
        (("category", "date", "_count"), Visit("Encounter/e1", ""), []),
        (("date",), Visit("Encounter/e1", "Patient/p1"), [(PATIENT,)]),
        (("date",), Visit("Encounter/e1", "Patient/p1", "2026-05"), [(PATIENT,)]),
        (("date",), Visit("Encounter/e1", "Patient/p1", "0001-01-01"), [(PATIENT,)]),
        (("date",), Visit("Encounter/e1", "Patient/p1", "9999-12-31T00:00:00Z"), [(PATIENT,)]),
        (("date",), Visit("Encounter/e1", "Patient/p1", "2026-05-02"), [(PATIENT, ("date", "ge2026-04-25"), ("date", "le2026-06-01"))]),
    ],
)
def test_searches_for_notes(offered: tuple[str, ...], visit: Visit, expected: list[tuple[tuple[str, str], ...]]) -> None:
    assert [search.parameters for search in plan_note_searches(offering(*offered), visit)] == expected


def test_an_ehr_that_lists_no_search_is_not_asked() -> None:
    assert plan_note_searches(offering("patient", interaction="read"), VISIT) == ()
    assert plan_report_searches(offering("patient"), VISIT) == ()


def test_reports_are_never_asked_for_by_category() -> None:
    reports = offering("patient", "encounter", "category", kind="DiagnosticReport")
    assert [search.parameters for search in plan_report_searches(reports, VISIT)] == [(PATIENT, ENCOUNTER)]


@pytest.mark.parametrize("vendor", ["epic", "athena"])
def test_what_vendors_are_sent(shared: Path, vendor: str) -> None:
    statement = read_json((shared / "fhir" / "vendor" / f"{vendor}-r4-capability.json").read_bytes())
    plan = plan_note_searches(read_capabilities(statement), VISIT)
    assert [search.parameters for search in plan] == [(PATIENT, ENCOUNTER, CATEGORY), (PATIENT, ENCOUNTER)]
    assert [search.parameters for search in plan_report_searches(read_capabilities(statement), VISIT)] == [(PATIENT, ENCOUNTER)]
