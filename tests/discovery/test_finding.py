"""The ways that search: what is asked, what of the answer counts, how far they have come, and EHRs that do not offer them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.discovery.finding import MOST_REFUSED
from fhir_coder.discovery.watched import Mark
from fhir_coder.discovery_settings import SEARCHING, Way, WayName
from fhir_coder.ehr.capabilities import read_capabilities
from fhir_coder.ehr.encounter_search import missing, offered
from fhir_coder.errors import ConfigurationError, EhrError
from fhir_coder.fhir.reader import read_json
from tests.discovery.stage import EHR, TENANT, VENDORS, Stage, configured
from tests.simulated_ehr import Fault, Habits, Reply

BY_PRACTITIONER = {"way": "by-practitioner", "ids": ["dr", "other"]}
BY_PATIENT = {"way": "by-patient", "ids": ["p1"]}
WAYS: dict[str, dict[str, Any]] = {
    "updated": {"way": "updated"},
    "by-practitioner": BY_PRACTITIONER,
    "by-patient": BY_PATIENT,
    "by-date": {"way": "by-date"},
}


def find(stage: Stage) -> int:
    return stage.finder().find(stage.discovery.ways[0], stage.client())


def watched(stage: Stage) -> list[str]:
    stage.clock.pass_by(seconds=1)
    return sorted(one.encounter for one in stage.store.claim_due(TENANT, EHR, 1000))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_each_way_finds_a_visit_once_and_again_when_it_changed(stage: Stage, way: dict[str, Any]) -> None:
    stage.discovery = configured(way)
    stage.visit()
    stage.visit("another-doctor", participant=[{"individual": {"reference": "Practitioner/x"}}], subject={"reference": "Patient/p2"})
    assert find(stage) == (1 if way["way"].startswith("by-p") else 2)
    assert "e1" in watched(stage)
    stage.clock.pass_by(minutes=2)
    assert find(stage) == 0 and watched(stage) == []
    stage.visit(reasonCode=[{"text": "another"}])
    assert find(stage) == 1 and watched(stage) == ["e1"]


ASKED = {
    "updated": ["_lastUpdated=ge2026-05-03T08%3A50%3A00Z&_count=100"],
    "by-practitioner": [f"practitioner={one}&date=ge2026-04-27&date=lt2026-05-06&status=finished&_count=100" for one in ("dr", "other")],
    "by-patient": ["patient=p1&date=ge2026-04-27&date=lt2026-05-06&status=finished&_count=100"],
    "by-date": ["date=ge2026-04-27&date=lt2026-05-06&status=finished&_count=100"],
}


@pytest.mark.parametrize(("name", "queries"), ASKED.items(), ids=ASKED.keys())
def test_what_is_asked(stage: Stage, name: str, queries: list[str]) -> None:
    stage.discovery = configured(WAYS[name])
    find(stage)
    assert stage.ehr.asked == [f"Encounter?{one}" for one in queries]


def test_status_and_count_are_asked_for_where_they_are_listed_only(stage: Stage) -> None:
    stage.ehr.__init__(stage.clock, ("date", "patient"))  # type: ignore[misc]
    stage.discovery = configured(BY_PATIENT)
    stage.visit(status="in-progress")
    assert find(stage) == 1  # it is waited for
    assert stage.ehr.asked == ["Encounter?patient=p1&date=ge2026-04-27&date=lt2026-05-06"]


@pytest.mark.parametrize(
    ("vendor", "way", "needs"),
    [
        ("epic", "updated", "_lastUpdated"),
        ("athena", "by-date", ""),
        ("athena", "updated", ""),
        ("epic", "by-patient", ""),
        ("epic", "by-practitioner", ""),
        ("oracle", "by-practitioner", "practitioner"),
        ("oracle", "by-patient", ""),
    ],
)
def test_a_way_is_used_where_the_metadata_offers_it(stage: Stage, vendor: str, way: str, needs: str) -> None:
    stage.ehr.__init__(stage.clock, VENDORS[vendor])  # type: ignore[misc]
    stage.discovery = configured(WAYS[way])
    stage.visit()
    if not needs:
        assert find(stage) == 1
        return
    with pytest.raises(ConfigurationError) as refused:
        find(stage)
    message = refused.value.message
    assert f"it needs to search Encounter by {needs}" in message and "by-patient" in message.split("ways that it offers")[1]
    assert stage.ehr.asked == []
    report = stage.round()
    assert report.problems == [f"way {way}: {message}"] and report.held_s == 0


@pytest.mark.parametrize("vendor", ["epic", "athena"])
def test_the_vendors_metadata_is_as_the_table_has_it(shared: Path, vendor: str) -> None:
    capabilities = read_capabilities(read_json((shared / "fhir" / "vendor" / f"{vendor}-r4-capability.json").read_bytes()))
    listed = read_capabilities(
        {
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {
                            "type": "Encounter",
                            "interaction": [{"code": "search-type"}],
                            "searchParam": [{"name": one} for one in VENDORS[vendor]],
                        }
                    ],
                }
            ]
        }
    )
    assert offered(capabilities) == offered(listed)
    assert set(VENDORS[vendor]) <= capabilities.searched("Encounter")


def test_an_ehr_that_lists_and_refuses_is_told_and_not_left_alone(stage: Stage) -> None:
    """Oracle Health wants a patient with every search."""
    stage.ehr.__init__(stage.clock, VENDORS["oracle"], ("patient", "identifier", "_id"))  # type: ignore[misc]
    stage.discovery = configured({"way": "by-date"}, BY_PATIENT)
    stage.visit()
    report = stage.round()
    assert report.problems == ["way by-date: the EHR answered 400 to search Encounter"]
    assert (report.found, report.held_s) == (1, 0)


def test_hl7_by_identifier_needs_that_search(stage: Stage) -> None:
    stage.ehr.__init__(stage.clock, VENDORS["athena"])  # type: ignore[misc]
    stage.discovery = configured({"way": "hl7", "visit": "identifier", "system": "urn:visits"})
    assert "by identifier" in stage.round().problems[0]
    stage.discovery = configured({"way": "hl7"})
    assert stage.round().problems == []


def test_every_way_that_searches_says_what_it_needs() -> None:
    nothing = read_capabilities({"rest": [{"mode": "server", "resource": [{"type": "Encounter", "interaction": []}]}]})
    assert all(missing(nothing, Way(one)) for one in SEARCHING) and offered(nothing) == ()
    silent = read_capabilities(
        {"rest": [{"mode": "server", "resource": [{"type": "Encounter", "interaction": [{"code": "search-type"}]}]}]}
    )
    assert offered(silent) == SEARCHING
    shared = {"searchParam": [{"name": "_lastUpdated"}], "mode": "server"}
    listed = {"type": "Encounter", "interaction": [{"code": "search-type"}], "searchParam": [{"name": "date"}]}
    assert offered(read_capabilities({"rest": [{**shared, "resource": [listed]}]})) == (WayName.UPDATED, WayName.BY_DATE)


# ------------------------------------------------------------------------------------------------------------------ the marks


def test_the_mark_is_the_ehrs_own_moment_and_never_ahead_of_ours(stage: Stage) -> None:
    stage.visit()
    stage.clock.pass_by(minutes=30)
    find(stage)
    assert stage.store.mark(TENANT, EHR, "updated") == Mark("2026-05-04T09:00:00+00:00")
    ours = stage.clock.now
    stage.ehr.clock = lambda: ours + timedelta(days=300)
    stage.visit("e2")
    find(stage)
    assert stage.store.mark(TENANT, EHR, "updated") == Mark(ours.isoformat())


@pytest.mark.parametrize("ahead", [{"minutes": 30}, {"days": 2}])
def test_a_mark_to_come_is_not_believed(stage: Stage, ahead: dict[str, int]) -> None:
    """Our own clock was ahead while the past was searched day by day; what changes from now on, and what did since, is found."""
    now = stage.clock.now
    stage.visit("before")
    stage.store.note(TENANT, EHR, [], "updated", Mark((now + timedelta(**ahead)).isoformat()))
    stage.clock.pass_by(minutes=5)
    stage.visit("now")
    assert find(stage) == 2
    assert stage.store.mark(TENANT, EHR, "updated").mark <= stage.clock.now.isoformat()


def test_what_arrives_late_is_found_within_the_overlap(stage: Stage) -> None:
    stage.visit()
    stage.clock.pass_by(minutes=30)
    find(stage)
    real = stage.clock.now
    stage.ehr.clock = lambda: real - timedelta(minutes=39)  # nine minutes before the mark
    stage.visit("late")
    assert find(stage) == 1


def test_after_an_outage_the_past_is_searched_day_by_day_and_goes_on_where_it_failed(stage: Stage) -> None:
    find(stage)
    for day in range(5):
        stage.clock.pass_by(days=1)
        stage.visit(f"day-{day}", period={"start": stage.clock.now.isoformat()})
    stage.clock.pass_by(hours=1)
    stage.ehr.asked.clear()
    stage.ehr.faults = [Fault("GET Encounter", 503, after=3)]
    with pytest.raises(EhrError):
        find(stage)
    assert watched(stage) == ["day-0"]  # three days, of which the first is the day before the first round
    find(stage)
    assert watched(stage) == ["day-1", "day-2", "day-3", "day-4"]
    assert all("&_lastUpdated=lt" in one for one in stage.ehr.asked[:-1]) and "=lt" not in stage.ehr.asked[-1]


def test_a_sweep_through_people_goes_on_after_the_last_one(stage: Stage) -> None:
    people = [f"dr{number}" for number in range(6)]
    stage.discovery = configured({"way": "by-practitioner", "ids": people})
    for one in people:
        stage.visit(one, participant=[{"individual": {"reference": f"Practitioner/{one}"}}])
    stage.ehr.faults = [Fault("GET Encounter", 429, after=4)]
    with pytest.raises(EhrError):
        find(stage)
    assert watched(stage) == people[:4]
    stage.ehr.asked.clear()
    assert find(stage) == 2
    assert [one.split("&")[0].split("=")[1] for one in stage.ehr.asked] == people[4:]
    stage.ehr.asked.clear()
    find(stage)
    assert len(stage.ehr.asked) == 6


def refuse_for(stage: Stage, status: int, *people: str) -> None:
    """The EHR answers searches for these people so, always."""
    answer = stage.ehr.answer

    def answered(method: str, path: str, query: str, *rest: Any) -> Reply:
        if any(f"practitioner={one}&" in query for one in people):
            stage.ehr.asked.append(query)
            return Reply(status, {}, {}, b"no")
        return answer(method, path, query, *rest)

    stage.ehr.answer = answered  # type: ignore[method-assign]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_one_person_whom_the_ehr_refuses_keeps_no_other_waiting(stage: Stage, status: int) -> None:
    people = [f"dr{number}" for number in range(6)]
    stage.discovery = configured({"way": "by-practitioner", "ids": people}, {"way": "hl7"})
    for one in people:
        stage.visit(one, participant=[{"individual": {"reference": f"Practitioner/{one}"}}])
    refuse_for(stage, status, "dr1", "dr2", "dr5")
    for _ in range(2):
        report = stage.round()
        assert report.problems == [f"way by-practitioner: 3 of 6 could not be searched: the EHR answered {status} to search Encounter"]
        assert report.held_s == 0 and report.ways[0].end == "done"
    assert sum(stage.standing().values()) == 3 and stage.store.mark(TENANT, EHR, "by-practitioner").mark == "2026-05-04"


@pytest.mark.parametrize("rest", [0, 5])
def test_an_ehr_that_refuses_everybody_is_not_asked_for_each(stage: Stage, rest: int) -> None:
    people = [f"dr{number}" for number in range(MOST_REFUSED + rest)]
    stage.discovery = configured({"way": "by-practitioner", "ids": people})
    refuse_for(stage, 403, *people)
    for asked in (MOST_REFUSED, rest or MOST_REFUSED, MOST_REFUSED):
        stage.ehr.asked.clear()
        stage.round()
        assert len(stage.ehr.asked) == asked
    assert stage.store.mark(TENANT, EHR, "by-practitioner").mark == ""  # these days are searched when it answers


@pytest.mark.parametrize("way", [{"way": "by-practitioner", "ids": ["dr", "other"]}, {"way": "updated"}])
def test_who_is_told_to_end_ends_after_the_search_that_is_made(stage: Stage, way: dict[str, Any]) -> None:
    stage.discovery = configured(way)
    stage.store.note(TENANT, EHR, [], way["way"], Mark("2026-04-28T00:00:00+00:00" if way["way"] == "updated" else "2026-05-03"))
    stage.finder().find(stage.discovery.ways[0], stage.client(), is_over=lambda: bool(stage.ehr.asked))
    assert len(stage.ehr.asked) == 1
    stage.finder().find(stage.discovery.ways[0], stage.client())
    assert len(set(stage.ehr.asked)) == len(stage.ehr.asked) > 1  # it goes on from there


def test_people_of_a_file(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "people.txt"
    file.write_text("# the clinic\n\nPractitioner/dr\ndr\n other \n")
    stage.discovery = configured({"way": "by-practitioner", "file": str(file)})
    stage.visit()
    assert find(stage) == 1
    assert [one.split("&")[0] for one in stage.ehr.asked] == ["Encounter?practitioner=dr", "Encounter?practitioner=other"]
    file.write_text("dr\nMrs. Zwiebel\n")
    with pytest.raises(ConfigurationError, match="line 2 of the file of Practitioner ids of discovery is no id"):
        find(stage)
    file.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        find(stage)


# ------------------------------------------------------------------------------------------------------- what of it counts


def test_a_server_that_ignores_what_it_is_asked_brings_nobody_elses_visits(stage: Stage) -> None:
    stage.ehr.habits = Habits(ignores_parameters=True)
    stage.visit()
    stage.visit("other-doctor", participant=[{"individual": {"reference": "Practitioner/x"}}])
    stage.visit("no-doctor", participant=[{"individual": {"display": "somebody"}}])
    stage.visit("other-patient", subject={"reference": "Patient/p2"})
    stage.visit("old", period={"start": "2024-01-05T08:00:00Z"})
    stage.visit("to-come", period={"start": "2026-06-05T08:00:00Z"})
    stage.discovery = configured({"way": "by-practitioner", "ids": ["dr"]})
    find(stage)
    assert watched(stage) == ["e1", "no-doctor", "other-patient"]
    stage.discovery = configured(BY_PATIENT)
    assert find(stage) == 1  # the other doctor's


def test_old_visits_that_change_are_not_of_the_day(stage: Stage) -> None:
    stage.visit("old", period={"start": "2026-03-01T08:00:00Z", "end": "2026-03-01T09:00:00Z"})
    stage.visit("long", period={"start": "2026-03-01T08:00:00Z", "end": "2026-05-03T09:00:00Z"})
    find(stage)
    assert watched(stage) == ["long"]
