"""The decision record: complete, in order, readable; words of notes only where they are stored and asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_coder.exchange import Artifacts, CodingResult, Configuration
from fhir_coder.model import Agreement, Authority, Reconciled, RecordedDiagnosis
from fhir_coder.record.trail_document import trail_document
from fhir_coder.record.trail_page import trail_page
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.records import StoredEncounter, StoredReceipt
from fhir_coder.store.repository import Repository
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

GOLDEN = Path(__file__).parent / "golden_trail.txt"
NOW = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)
Keep = Callable[..., StoredEncounter]


def whole_result() -> CodingResult:
    """A result that holds everything a trail can show."""
    result = coding_result()
    encounter = result.intake.encounter
    note = replace(encounter.notes[0], version="3", author="Practitioner/dr", authority=Authority.CLINICIAN, is_signed=False)
    agreed = Reconciled(Agreement.AGREED, "R05.9", RecordedDiagnosis("R05.9", "Condition/7"))
    return replace(
        result,
        intake=replace(result.intake, encounter=replace(encounter, notes=(note,))),
        artifacts=Artifacts("a" * 64, "b" * 64, "c" * 64, "d" * 64),
        configuration=Configuration("outpatient", 0.4, "none", 0.9, {"FCE-401": "advisory"}),
        reconciliation=(
            agreed,
            Reconciled(Agreement.ADDED, "Q87.89"),
            Reconciled(Agreement.UNSUPPORTED, "", RecordedDiagnosis("I10", "Condition/8")),
        ),
    )


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Saves a result and gives it back as it is stored, under a fixed id."""

    def keep(result: CodingResult, key: str = KEY) -> StoredEncounter:
        engine = open_engine(store_in(tmp_path))
        upgrade(engine)
        store = Repository(engine, Cipher(key), lambda: NOW)
        found = store.get("default", store.save("default", "main", result))
        store.close()
        assert found is not None
        return replace(found, id="c1")

    return keep


def test_the_page_is_the_golden_one(keep: Keep) -> None:
    assert trail_page(trail_document(keep(whole_result()))) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_what_was_retired_is_shown_beside_what_was_proposed(keep: Keep) -> None:
    coding = keep(whole_result())
    retired = StoredReceipt("200 Retired", "Condition/5/_history/2", 'W/"2"', (("information", "informational"),), None)
    answered = (*coding.receipts, *(coding.receipts[:1] * (len(coding.proposals) - len(coding.receipts))), retired)
    document = trail_document(replace(coding, receipts=answered))
    assert document["earlier"] == [
        {"status": "200 Retired", "location": "Condition/5/_history/2", "issues": [["information", "informational"]]}
    ]
    assert "  200 Retired  Condition/5/_history/2  information informational" in trail_page(document).splitlines()


def test_words_are_shown_only_when_asked_for(keep: Keep) -> None:
    coding = keep(whole_result())
    assert MARKER not in trail_page(trail_document(coding)) and MARKER not in json.dumps(trail_document(coding))
    page = trail_page(trail_document(coding, with_words=True))
    assert f'n1 12..34 assessment  "{MARKER} syndrome"' in page and f'From "{MARKER} syndrome".' in page


def test_without_a_key_there_are_no_words_to_show(keep: Keep) -> None:
    document = trail_document(keep(whole_result(), key=""), with_words=True)
    assert MARKER not in json.dumps(document)
    assert document["gathered"]["notes"][0]["textStored"] is document["gathered"]["factsStored"] is False
    assert document["codes"][0]["evidence"][0] == {"note": "n1", "start": 12, "end": 34, "section": "assessment"}


def test_the_document_is_json_and_in_the_order_of_decisions(keep: Keep) -> None:
    document = trail_document(keep(whole_result()))
    assert json.loads(json.dumps(document)) == document
    order = [
        "gathered",
        "release",
        "madeWith",
        "read",
        "codes",
        "rejected",
        "findings",
        "disposition",
        "reasons",
        "proposal",
        "reconciliation",
    ]
    assert [name for name in document if name in order] == order
    assert document["madeWith"]["artifacts"] == {"release": "a" * 64, "index": "b" * 64, "ranker": "c" * 64, "knowledge": "d" * 64}
    assert document["gathered"]["notes"][0]["version"] == "3"


def test_a_coding_of_an_older_version_has_a_trail_too(keep: Keep) -> None:
    coding = keep(coding_result())
    old = replace(
        coding,
        artifacts=Artifacts(),
        configuration=Configuration(),
        trail=tuple(one for one in coding.trail if one.event not in {"made-with", "read", "reconciled"}),
        receipts=(),
    )
    page = trail_page(trail_document(old))
    assert "\nRead" not in page and "artifact" not in page and "not sent to the EHR" in page
