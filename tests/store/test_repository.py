"""What is saved comes back, to its tenant only, with its words only where there is a key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import Artifacts, CodingResult, Configuration
from fhir_coder.facts import facts_hash, read_encounter
from fhir_coder.model import Outcome
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.records import Within, with_words
from fhir_coder.store.repository import Repository
from fhir_coder.store.tables import Table
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY, MARKER, NOTE, QUERY, coding_result

NOW = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)


@contextmanager
def repository(url: str, key: str = KEY, now: Callable[[], datetime] = lambda: NOW) -> Iterator[Repository]:
    engine = open_engine(url)
    upgrade(engine)
    yield Repository(engine, Cipher(key), now)
    engine.dispose()


def test_a_result_comes_back_whole(database_url: str) -> None:
    result = coding_result()
    coded = result.disposition.report.coded
    with repository(database_url) as store:
        found = store.get("default", store.save("default", "main", result))
    assert found is not None
    assert (found.ehr, found.encounter_reference, found.patient_reference) == ("main", "Encounter/e1", "Patient/p1")
    assert (found.service_date, found.release_id, found.release_status) == (date(2026, 5, 1), "2026-04-01", "covered")
    assert (found.created_at, found.disposition, found.is_confident) == (NOW, Outcome.REVIEW, False)
    assert (found.assignments, found.rejected, found.uncoded) == (coded.assignments, coded.rejected, coded.uncoded)
    assert (found.findings, found.reasons) == (result.disposition.report.findings, result.disposition.reasons)
    assert found.by_code == (Outcome.PASS, Outcome.REVIEW) and found.versions == {"software": "0.1.0"}
    assert found.proposals[0].resource == result.proposal["entry"][0]["resource"]
    assert str(found.proposals[0].resource["extension"][0]["valueDecimal"]) == "0.8120"
    assert (found.receipts[0].status, found.receipts[0].issues) == ("422 Refused", (("error", "invalid"),))
    assert found.receipts[0].outcome is not None and found.receipts[0].outcome["issue"][0]["diagnostics"] == MARKER
    assert (found.notes[0].id, found.notes[0].text, found.notes[0].sha256) == (NOTE.id, NOTE.text, NOTE.sha256)
    assert [event.event for event in found.trail] == [
        "gathered",
        "release-chosen",
        "made-with",
        "read",
        "coded",
        "checked",
        "disposed",
        "reconciled",
        "delivered",
    ]
    assert found.trail[0].detail["notes"] == {NOTE.id: NOTE.sha256}


def test_without_a_key_a_query_keeps_its_question_and_the_places_it_quotes(database_url: str) -> None:
    with repository(database_url, key="") as store:
        found = store.get("default", store.save("default", "", coding_result()))
    assert found is not None
    query = found.findings[0].query
    assert query is not None
    assert (query.question, query.options) == (QUERY.question, QUERY.options)
    assert [(one.text, one.start, one.end) for one in query.indicators] == [("", QUERY.indicators[0].start, QUERY.indicators[0].end)]


def test_without_a_key_words_are_dropped_and_rebuilt_from_offsets(database_url: str) -> None:
    with repository(database_url, key="") as store:
        found = store.get("default", store.save("default", "", coding_result()))
    assert found is not None
    assert MARKER not in repr(found)
    quote = found.assignments[0].evidence[0]
    assert quote.text == "" and with_words(quote, {NOTE.id: NOTE.text}).text == f"{MARKER} syndrome"
    assert with_words(quote, {NOTE.id: NOTE.text + " "}).text == ""
    proposal = found.proposals[0].resource
    assert proposal["code"]["text"] == "Cough, unspecified" and proposal["subject"] == {"reference": "Patient/p1"}
    assert [one["url"] for one in proposal["extension"] if len(one) > 1] == ["p", "h"]
    assert proposal["extension"][0]["valueDecimal"] == Decimal("0.8120")


ARTIFACTS = Artifacts("a" * 64, "b" * 64, "c" * 64, "d" * 64)
SETTINGS = Configuration("outpatient", 0.4, "none", 0.9, {"FCE-401": "advisory"})


def test_what_it_was_coded_with_and_from_comes_back(database_url: str) -> None:
    result = replace(coding_result(), artifacts=ARTIFACTS, configuration=SETTINGS, is_inline=True)
    encounter = result.intake.encounter
    with repository(database_url) as store:
        found = store.get("default", store.save("default", "main", result))
    assert found is not None
    assert (found.artifacts, found.configuration, found.is_inline) == (ARTIFACTS, SETTINGS, True)
    assert read_encounter(found.facts) == replace(encounter, notes=(replace(NOTE, text=""),))
    assert (found.recorded, found.facts_sha256) == (encounter.recorded, facts_hash(encounter))
    kept = found.notes[0]
    assert (kept.version, kept.author, kept.authority, kept.is_signed) == ("3", "Practitioner/dr", "provider", True)


def test_without_a_key_facts_are_dropped_and_their_hash_is_kept(database_url: str) -> None:
    with repository(database_url, key="") as store:
        found = store.get("default", store.save("default", "main", coding_result()))
        assert not store.keeps_text
    assert found is not None
    assert (found.facts, found.facts_sha256) == ("", facts_hash(coding_result().intake.encounter))
    assert "1980" not in repr(found)
    assert found.recorded == coding_result().intake.encounter.recorded


def test_the_newest_codings_are_listed_and_artifacts_counted(database_url: str) -> None:
    with repository(database_url) as store:
        first = store.save("default", "main", replace(coding_result(), artifacts=ARTIFACTS))
        second = store.save("default", "main", replace(coding_result("Encounter/e2"), artifacts=replace(ARTIFACTS, index="e" * 64)))
        store.save("other", "", coding_result())
        assert [one.id for one in store.recent("default", 5)] == [second, first]
        assert [one.encounter_reference for one in store.recent("default", 1)] == ["Encounter/e2"]
        assert store.artifacts_in_use() == {"a" * 64: 2, "b" * 64: 1, "e" * 64: 1, "c" * 64: 2, "d" * 64: 2}


def test_one_line_is_found_within_its_part_of_the_tenant_only(database_url: str) -> None:
    with repository(database_url) as store:
        coding = store.save("default", "main", coding_result())
        line = store.line("default", coding, Within("main", "Patient/p1", "Encounter/e1"))
        assert line is not None and (line.id, line.release_id, line) == (coding, "2026-04-01", store.line("default", coding))
        for within in (Within("other"), Within(patient="Patient/p2"), Within(encounter="Encounter/e2")):
            assert store.line("default", coding, within) is None
        assert store.line("north", coding) is None and store.line("default", "0" * 32) is None


def test_other_tenants_see_nothing(database_url: str) -> None:
    with repository(database_url) as store:
        coding_id = store.save("one", "", coding_result())
        assert store.get("one", coding_id) is not None and store.get("two", coding_id) is None
        assert store.latest("one", "Encounter/e1") is not None and store.latest("two", "Encounter/e1") is None
        assert store.get("one", "unknown") is None and store.latest("one", "Encounter/e2") is None


def test_the_latest_coding_is_found(database_url: str) -> None:
    with repository(database_url) as store:
        store.save("default", "", coding_result())
        newest = store.save("default", "", coding_result())
        store.save("default", "", coding_result("Encounter/e2"))
        found = store.latest("default", "Encounter/e1")
    assert found is not None and found.id == newest


def delivered(status: str, location: str, reference: str = "Encounter/e1") -> CodingResult:
    """A result with one line of a receipt for its Condition, and one about a resource of an earlier coding."""
    lines = [{"status": status, "location": location}, {"status": "200 Retired", "location": "Condition/9/_history/2"}]
    receipt = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": one} for one in lines]}
    return replace(coding_result(reference), receipt=receipt)


@pytest.mark.parametrize("key", [KEY, ""])
def test_what_was_written_comes_back_oldest_first_for_one_ehr_and_encounter(database_url: str, key: str) -> None:
    with repository(database_url, key) as store:
        for ehr, result in (
            ("main", delivered("201 Created", "Condition/1/_history/1")),
            ("main", delivered("200 Updated", "Condition/1/_history/2")),
            ("other", delivered("201 Created", "Condition/5")),
            ("main", delivered("201 Created", "Condition/6", "Encounter/e2")),
            ("main", coding_result()),
        ):
            store.save("default", ehr, result)
        found = store.written("default", "main", "Encounter/e1")
        assert store.written("stranger", "main", "Encounter/e1") == store.written("default", "main", "") == ()
    assert [(one.status, one.location) for one in found] == [
        ("201 Created", "Condition/1/_history/1"),
        ("200 Retired", "Condition/9/_history/2"),
        ("200 Updated", "Condition/1/_history/2"),
        ("200 Retired", "Condition/9/_history/2"),
    ]
    assert [one.resource and one.resource["code"]["coding"][0]["code"] for one in found] == ["R05.9", None, "R05.9", None]


def test_what_no_key_opens_any_more_is_forgotten_and_stops_nothing(database_url: str) -> None:
    with repository(database_url) as store:
        store.save("default", "main", delivered("201 Created", "Condition/1"))
    with repository(database_url, Fernet.generate_key().decode()) as store:
        assert [one.resource for one in store.written("default", "main", "Encounter/e1")] == [None, None]


def test_a_result_that_cannot_be_saved_leaves_nothing(database_url: str) -> None:
    result = coding_result()
    unsaveable = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": None}}]}
    with repository(database_url) as store:
        with pytest.raises(Exception, match=r"(?i)null"):
            store.save("default", "", replace(result, receipt=unsaveable))
        assert store.latest("default", "Encounter/e1") is None


def test_every_table_names_its_tenant_and_matches_the_migrations(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    tables = inspect(engine)
    for table in Table.metadata.sorted_tables:
        assert {column["name"] for column in tables.get_columns(table.name)} == set(table.columns.keys())
        assert "tenant" in table.columns
    assert set(tables.get_table_names()) == {"alembic_version", *Table.metadata.tables}
    engine.dispose()


def test_parts_go_with_their_encounter(database_url: str) -> None:
    with repository(database_url) as store:
        store.save("default", "", coding_result())
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM coded_encounter"))
        assert connection.scalar(text("SELECT count(*) FROM evidence")) == 0
    engine.dispose()


def test_a_new_key_reads_what_an_older_one_wrote(database_url: str) -> None:
    newer = Fernet.generate_key().decode()
    with repository(database_url) as store:
        coding_id = store.save("default", "", coding_result())
    with repository(database_url, key=f"{newer},{KEY}") as store:
        found = store.get("default", coding_id)
        assert found is not None and found.notes[0].text == NOTE.text
    with repository(database_url, key=newer) as store, pytest.raises(ConfigurationError, match="no longer lists"):
        store.get("default", coding_id)
    with repository(database_url, key="") as store:
        found = store.get("default", coding_id)
        assert found is not None and found.notes[0].text == "" and found.proposals[0].resource == {"resourceType": "Condition"}


def test_long_and_odd_texts_of_others_do_not_lose_the_record(database_url: str) -> None:
    """The EHR was written to already when the record is made: a column that is too short must not undo it."""
    result, long = coding_result(), "x\0" * 300
    encounter = result.intake.encounter
    note = replace(encounter.notes[0], content_type=long, version=long, author=long, reference=long)
    response = {"status": "201 Created", "location": long, "etag": long, "outcome": {"resourceType": "OperationOutcome", "issue": [{}]}}
    odd = replace(
        result, intake=replace(result.intake, encounter=replace(encounter, notes=(note,))), receipt={"entry": [{"response": response}]}
    )
    with repository(database_url) as store:
        found = store.get("t", store.save("t", "e", odd))
    assert found is not None
    assert (found.notes[0].content_type, found.receipts[0].etag) == ("x" * 128, "x" * 128)
