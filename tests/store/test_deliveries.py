"""What is sent is kept before it is sent, and its answer takes that place; what a person found at the EHR is written down beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder.arrival import ABSENT, BEGUN, PRESENT, UNANSWERED
from fhir_coder.exchange import Resource
from fhir_coder.store.deliveries import Deliveries
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.vocabulary import PROPOSAL_IDENTIFIER
from fhir_coder.writeback.names import name_of
from fhir_coder.writeback.terms import Earlier, EarlierWrite, read_earlier
from tests.store.conftest import KEY, coding_result
from tests.store.conftest import database_url as database_url
from tests.store.conftest import shelf_of_postgresql as shelf_of_postgresql
from tests.stores import store_in

WORDS = "Which kind of failure is it?"


@pytest.fixture
def stores(database_url: str) -> Iterator[Stores]:
    made = open_stores(database_url, KEY)
    yield made
    made.close()


def resource(name: str) -> Resource:
    return {
        "resourceType": "Communication",
        "identifier": [{"system": PROPOSAL_IDENTIFIER, "value": name}],
        "payload": [{"contentString": WORDS}],
    }


def bundle(*names: str) -> Resource:
    return {"resourceType": "Bundle", "entry": [{"fullUrl": f"urn:uuid:{one}", "resource": resource(one)} for one in names]}


def receipt(*lines: tuple[str, str]) -> Resource:
    return {"entry": [{"response": {"status": status} | ({"location": location} if location else {})} for status, location in lines]}


def coded(stores: Stores, tenant: str = "north", reference: str = "Encounter/e1") -> str:
    return stores.repository.save(tenant, "main", coding_result(reference))


def earlier(stores: Stores, coding: str) -> Earlier:
    return read_earlier(stores.deliveries.of_coding("north", coding))


def test_what_was_begun_is_known_until_the_answer_takes_its_place(stores: Stores) -> None:
    coding, both = coded(stores), bundle("a", "b")
    number = stores.deliveries.begin("north", coding, both, receipt((BEGUN, "Communication/1/_history/4"), (BEGUN, "")))
    begun = earlier(stores, coding).begun
    assert (begun["a"].address, begun["a"].version, begun["b"].address) == ("Communication/1", "4", "") and begun["b"].resource == resource(
        "b"
    )
    stores.deliveries.keep("north", coding, both, receipt(("200 Updated", "Communication/1/_history/5"), ("422 Refused", "")), number)
    known = earlier(stores, coding)
    assert known.writes["a"] == EarlierWrite("Communication/1", "5", resource("a")) and known.begun == {}


def test_the_encounter_knows_what_was_begun_for_any_of_its_codings_and_another_tenant_does_not(stores: Stores) -> None:
    first, second, _ = coded(stores), coded(stores), coded(stores, "south")
    stores.deliveries.begin("north", first, bundle("a"), receipt((UNANSWERED, "")))
    assert "a" in read_earlier(stores.repository.written("north", "main", "Encounter/e1")).begun
    assert "a" not in read_earlier(stores.repository.written("south", "main", "Encounter/e1")).begun
    assert stores.deliveries.of_coding("south", first) == () and "a" not in read_earlier(stores.deliveries.of_coding("north", second)).begun
    assert stores.deliveries.begin("south", first, bundle("b"), receipt((BEGUN, ""))) == 0, "it is the other tenant's"


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_person_found_settles_what_is_meant_and_nothing_else(stores: Stores, is_there: bool) -> None:
    coding = coded(stores)
    stores.deliveries.begin("north", coding, bundle("a", "b"), receipt((BEGUN, ""), (UNANSWERED, "")))

    def is_a(one: Resource) -> bool:
        return name_of(one) == "a"

    deliveries: Deliveries = stores.deliveries
    assert deliveries.resolve("south", "main", "Encounter/e1", coding, is_a, is_there) == 0
    assert deliveries.resolve("north", "main", "Encounter/e1", coding, is_a, is_there) == 1
    assert deliveries.resolve("north", "main", "Encounter/e1", coding, is_a, is_there) == 0
    found = read_earlier(deliveries.of_coding("north", coding))
    assert "b" in found.begun and "a" not in found.begun
    assert ("a" in found.present) is is_there
    assert {one.status for one in deliveries.of_coding("north", coding) if one.resource and name_of(one.resource) == "a"} == {
        PRESENT if is_there else ABSENT
    }


def test_a_store_without_a_key_keeps_what_names_it_and_no_words(tmp_path: Path) -> None:
    made = open_stores(store_in(tmp_path), "")
    coding = coded(made)
    made.deliveries.begin("north", coding, bundle("a"), receipt((BEGUN, "")))
    [kept] = [one.resource for one in made.deliveries.of_coding("north", coding) if one.resource and name_of(one.resource) == "a"]
    assert WORDS not in str(kept)
    made.close()
    assert WORDS.encode() not in b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
