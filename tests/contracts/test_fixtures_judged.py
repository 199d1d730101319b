"""What our server answers to every encounter of the conformance kit, refusals too, is valid by validators that are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fixture import INLINE, all_fixtures
from fhir_coder.settings import Settings
from tests.contracts.answers import proposed
from tests.contracts.peers import Resource, validation_errors
from tests.contracts.validity import schema_faults, written
from tests.one_engine import create_app


@pytest.fixture(scope="module")
def answers(peers: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    """The answer to each fixture that can be sent along, in the order of the fixtures."""
    store = tmp_path_factory.mktemp("judged") / "store.sqlite"
    given = {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}",
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_LOG_LEVEL": "ERROR",
    }
    client = create_app(Settings.from_environment(given, sandbox=True)).test_client()
    sent = [one.parameters() for one in all_fixtures().values() if INLINE in one.ways]
    found = [client.post("/fhir/Encounter/$code-encounter", json=body).get_json(force=True) for body in sent]
    assert len(found) >= 40
    return found


def parts_of(answer: Resource) -> Iterator[Resource]:
    """The answer, and every resource in it."""
    yield answer
    if answer["resourceType"] == "Parameters":
        yield from (one["resource"] for one in answer["parameter"] if "resource" in one)
        yield from proposed(answer)


def test_everything_is_valid_by_three_validators(answers: list[Resource], peers: Path, tmp_path: Path) -> None:
    emitted = [part for one in answers for part in parts_of(one)]
    assert {one["resourceType"] for one in emitted} >= {
        "Parameters",
        "Bundle",
        "OperationOutcome",
        "Condition",
        "Claim",
        "Task",
        "Provenance",
    }
    assert validation_errors(peers, written(emitted, tmp_path)) == []
    assert [fault for one in emitted for fault in schema_faults(peers, one)] == []


def test_conditions_conform_to_us_core(answers: list[Resource], peers: Path, shared: Path, tmp_path: Path) -> None:
    profile = shared / "fhir" / "us-core-6.1.0" / "StructureDefinition-us-core-condition-encounter-diagnosis.json"
    conditions = [one for answer in answers if answer["resourceType"] == "Parameters" for one in proposed(answer, "Condition")]
    assert len(conditions) >= 40
    assert validation_errors(peers, written(conditions, tmp_path), profile) == []
