"""Notes behind a URL of which the EHR tells neither hash nor version nor moment of change: their texts are compared now and then, and nobody else's."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.discovery.stage import EHR, TENANT, Stage, configured
from tests.simulated_ehr import Fault, Habits

FIRST, OTHER = "Assessment: hypertension.", "Assessment: hypertension and cough."


def bytes_are(stage: Stage, text: str) -> None:
    """Somebody changes what lies behind the URL."""
    stage.ehr.put({"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": b64encode(text.encode()).decode()})


def fetched(stage: Stage) -> int:
    return stage.ehr.calls.count("GET Binary/b1")


@pytest.fixture
def silent(stage: Stage) -> Stage:
    """An encounter whose note was coded, at an EHR that keeps no versions."""
    stage.ehr.habits = Habits(keeps_no_versions=True)
    stage.discovery = configured({"way": "by-date"}, settle_minutes=0)
    bytes_are(stage, FIRST)
    stage.visit()
    write(stage)
    stage.round()
    stage.code_next()
    return stage


def write(stage: Stage, **attachment: Any) -> None:
    stage.write_note(date="2026-05-04T08:30:00Z", content=[{"attachment": {"contentType": "text/plain", "url": "Binary/b1"} | attachment}])


def days(stage: Stage, count: int) -> list[int]:
    """Rounds of so many days, one every six hours: the jobs of each day."""
    taken = []
    for _ in range(count):
        taken.append(0)
        for _ in range(4):
            stage.clock.pass_by(hours=6)
            if stage.round().taken:
                taken[-1] += 1
                stage.code_next()
    return taken


def test_another_text_behind_the_same_url_is_noticed_within_a_day(silent: Stage) -> None:
    assert days(silent, 2) == [0, 0]
    bytes_are(silent, OTHER)
    assert days(silent, 3) == [1, 0, 0]
    bytes_are(silent, FIRST)
    assert sum(days(silent, 2)) == 1


def test_the_text_is_fetched_once_a_day_and_no_oftener(silent: Stage) -> None:
    days(silent, 5)
    assert 4 <= fetched(silent) <= 5
    lines = silent.audit.lines(TENANT, 0, silent.audit.head(TENANT).sequence)
    assert [one.content.count('"compared"') for one in lines].count(1) == fetched(silent)


def test_it_is_compared_for_as_long_as_it_is_read_again(silent: Stage) -> None:
    days(silent, 9)
    before = fetched(silent)
    bytes_are(silent, OTHER)
    assert days(silent, 2) == [0, 0] and fetched(silent) == before


def test_where_it_is_not_wanted_nothing_is_fetched(silent: Stage) -> None:
    silent.discovery = configured({"way": "by-date"}, settle_minutes=0, compare_minutes=0)
    bytes_are(silent, OTHER)
    assert days(silent, 3) == [0, 0, 0] and fetched(silent) == 0


TELLING: dict[str, tuple[Habits, dict[str, Any]]] = {
    "a version": (Habits(), {}),
    "a hash": (Habits(keeps_no_versions=True), {"hash": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}),
}


@pytest.mark.parametrize(("habits", "attachment"), TELLING.values(), ids=TELLING.keys())
def test_where_the_ehr_tells_nothing_is_fetched(stage: Stage, habits: Habits, attachment: dict[str, Any]) -> None:
    stage.ehr.habits = habits
    stage.discovery = configured({"way": "by-date"}, settle_minutes=0)
    bytes_are(stage, FIRST)
    stage.visit()
    write(stage, **attachment)
    stage.round()
    stage.code_next()
    days(stage, 2)
    assert fetched(stage) == 0 and len(stage.open_jobs()) == 1


def test_a_size_that_changed_is_noticed_at_the_next_look(silent: Stage) -> None:
    bytes_are(silent, OTHER)
    write(silent, size=len(OTHER))
    silent.clock.pass_by(hours=2)
    assert silent.round().taken == 1


def test_a_date_that_changed_with_the_same_text_has_nothing_coded(silent: Stage) -> None:
    silent.write_note(date="2026-05-04T09:30:00Z", content=[{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}])
    silent.clock.pass_by(hours=2)
    assert silent.round().taken == 0 and fetched(silent) == 1


def test_what_somebody_had_coded_is_compared_before_it_is_coded_again(stage: Stage) -> None:
    stage.ehr.habits = Habits(keeps_no_versions=True)
    stage.discovery = configured({"way": "by-date"}, settle_minutes=0)
    bytes_are(stage, FIRST)
    stage.visit()
    write(stage)
    stage.repository.save(TENANT, EHR, stage.result("e1"))
    assert stage.round().taken == 0
    bytes_are(stage, OTHER)
    assert sum(days(stage, 2)) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_what_cannot_be_read_now_counts_as_the_same(silent: Stage, status: int) -> None:
    silent.ehr.faults = [Fault("GET Binary", status, times=-1)]
    assert days(silent, 2) == [0, 0] and fetched(silent) >= 1


def test_an_ehr_that_is_away_is_asked_another_time(silent: Stage) -> None:
    bytes_are(silent, OTHER)
    silent.ehr.faults = [Fault("GET Binary", 500, times=3)]
    assert sum(days(silent, 3)) == 1
