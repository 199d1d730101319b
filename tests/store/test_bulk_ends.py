"""How encounters of bulk runs ended: once each, by tenant and run, with the coding or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fhir_coder.bulk.ended import End, Ended, EndedBefore
from fhir_coder.store.start import Stores, open_stores
from tests.store.conftest import KEY, coding_result

RUN = "r" * 32
OTHERS = (("south", RUN), ("north", "s" * 32))
"""Another tenant's run of the same id, and another run of the same tenant."""


@pytest.fixture
def stores(database_url: str) -> Iterator[Stores]:
    opened = open_stores(database_url, KEY)
    yield opened
    opened.close()


def record(stores: Stores, ended: Ended, tenant: str = "north", run: str = RUN) -> None:
    with stores.bulk_ends.writing() as connection:
        stores.bulk_ends.record(connection, tenant, run, ended)


def code(stores: Stores, reference: str, tenant: str = "north", run: str = RUN) -> str:
    return stores.repository.save(
        tenant,
        "",
        coding_result(reference),
        lambda connection, result: stores.bulk_ends.record(
            connection, tenant, run, Ended(reference, "v", End.CODED, "", result.coding_id, 0, {"Task": 7})
        ),
    )


def test_an_encounter_ends_once(stores: Stores) -> None:
    code(stores, "Encounter/1")
    with pytest.raises(EndedBefore):
        code(stores, "Encounter/1")
    for end in End:
        with pytest.raises(EndedBefore):
            record(stores, Ended("Encounter/1", "v", end))
    assert len(stores.repository.recent("north", 9)) == 1
    assert list(stores.bulk_ends.ended("north", RUN)) == ["Encounter/1"]


def test_what_was_to_be_tried_again_may_end_otherwise(stores: Stores) -> None:
    for _ in range(2):
        record(stores, Ended("Encounter/1", "v", End.AGAIN, "FC201"))
    assert list(stores.bulk_ends.ended("north", RUN)) == []
    assert stores.bulk_ends.counts("north", RUN).again == {"FC201": 1}
    code(stores, "Encounter/1")
    counts = stores.bulk_ends.counts("north", RUN)
    assert (counts.ends, counts.again) == ({"coded": 1}, {})
    with pytest.raises(EndedBefore):
        record(stores, Ended("Encounter/1", "v", End.AGAIN, "FC201"))


def test_several_end_together_or_none_does(stores: Stores) -> None:
    record(stores, Ended("Encounter/1", "v", End.AGAIN, "FC201"))
    with stores.bulk_ends.writing() as connection:
        stores.bulk_ends.record(connection, "north", RUN, *(Ended(f"Encounter/{number}", "v", End.FAILED, "FC113") for number in range(3)))
    assert stores.bulk_ends.counts("north", RUN).errors == {"FC113": 3}
    for number in (2, 5):  # one that has ended, or the same twice
        with pytest.raises(EndedBefore), stores.bulk_ends.writing() as connection:
            stores.bulk_ends.record(connection, "north", RUN, *(Ended(f"Encounter/{one}", "v", End.FAILED) for one in (5, number)))
    assert sum(stores.bulk_ends.counts("north", RUN).ends.values()) == 3


def test_several_codings_are_kept_together_or_none_is(stores: Stores) -> None:
    results = [coding_result(f"Encounter/{number}") for number in (1, 2, 1)]

    def fail(connection: object, saved: object) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        stores.repository.save_all("north", "main", results, fail)
    assert stores.repository.recent("north", 9) == ()
    one, two, again = stores.repository.save_all("north", "main", results)
    assert {line.id for line in stores.repository.recent("north", 9)} == {one, two, again}
    alone = stores.repository.save("north", "main", coding_result("Encounter/3"))
    *together, by_itself = (stores.repository.get("north", coding) for coding in (one, two, again, alone))
    for kept in together:
        assert kept and by_itself
        assert (kept.assignments, kept.findings, kept.trail) == (by_itself.assignments, by_itself.findings, by_itself.trail)
    reviews = [stores.reviews.find("north", coding) for coding in (one, two, again)]
    assert [review.superseded_by for review in reviews if review] == [again, "", ""]


def test_runs_and_tenants_are_apart(stores: Stores) -> None:
    code(stores, "Encounter/1")
    for tenant, run in OTHERS:
        assert not stores.bulk_ends.is_known(tenant, run)
        assert list(stores.bulk_ends.ended(tenant, run)) == []
        assert stores.bulk_ends.lengths(tenant, run) == {}
        assert stores.bulk_ends.counts(tenant, run).codes == {}
        record(stores, Ended("Encounter/1", "v", End.AGAIN, "FC201"), tenant, run)
        code(stores, "Encounter/1", tenant, run)
    assert stores.bulk_ends.counts("north", RUN).dispositions == {"review": 1}


def test_counts_are_of_the_codings_of_the_run(stores: Stores) -> None:
    stores.repository.save("north", "", coding_result("Encounter/0"))
    for number in (1, 2):
        code(stores, f"Encounter/{number}")
    record(stores, Ended("Encounter/3", "v", End.FAILED, "FC113"))
    record(stores, Ended("", "", End.BEGUN))
    counts = stores.bulk_ends.counts("north", RUN)
    assert (counts.ends["coded"], counts.ends["failed"], counts.errors) == (2, 1, {"FC113": 1})
    assert (counts.codes, counts.findings, counts.dispositions) == ({"Q87.89": 2, "R05.9": 2}, {"FCE120": 2}, {"review": 2})


def test_lengths_are_the_greatest_by_part_and_type(stores: Stores) -> None:
    for number, (part, lengths) in enumerate([(0, {"Task": 5}), (0, {"Task": 9, "Claim": 4}), (1, {"Task": 3}), (2, {})]):
        record(stores, Ended(f"Encounter/{number}", "v", End.CODED, part=part, lengths=lengths))
    assert stores.bulk_ends.lengths("north", RUN) == {(0, "Task"): 9, (0, "Claim"): 4, (1, "Task"): 3}


def test_many_are_read_piece_by_piece(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_coder.store.bulk_ends._AT_ONCE", 3)
    for number in range(10):
        record(stores, Ended(f"Encounter/{number}", "v", End.CODED, part=number, lengths={"Task": number}))
    assert list(stores.bulk_ends.ended("north", RUN)) == [f"Encounter/{number}" for number in range(10)]
    assert len(stores.bulk_ends.lengths("north", RUN)) == 10


def test_an_end_without_its_coding_is_not_kept(stores: Stores) -> None:
    """What fails after the end was recorded takes it along."""

    def fail(connection: object, result: object) -> None:
        stores.bulk_ends.record(connection, "north", RUN, Ended("Encounter/1", "v", End.CODED))  # type: ignore[arg-type]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        stores.repository.save("north", "", coding_result("Encounter/1"), fail)
    assert not stores.bulk_ends.is_known("north", RUN)
