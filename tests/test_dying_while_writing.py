"""A process that dies while it writes a coding to the EHR: whoever codes the encounter next completes what is missing and doubles nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.arrival import BEGUN, NOT_SENT_AGAIN
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.pipeline import Coder
from tests.simulated_ehr import DEATH, Fault, Habits, SimulatedEhr, full_statement
from tests.test_engine import REQUEST, engine, with_records

KINDS = ("Condition", "Claim", "Task", "Provenance")
WRITES = {True: 1, False: 4}
"""How many requests write one coding, with transactions and without."""


def ehr_with(is_transacting: bool, is_conditional: bool = False) -> SimulatedEhr:
    return with_records(SimulatedEhr(full_statement(transaction=is_transacting, conditional=is_conditional)))


def held(ehr: SimulatedEhr) -> dict[str, int]:
    return {kind: len(ehr.held(kind)) for kind in KINDS}


def statuses(result: CodingResult) -> set[str]:
    return {one["response"]["status"] for one in (result.receipt or {})["entry"]}


@pytest.mark.parametrize(
    ("is_transacting", "after", "acts"),
    [(kind, after, acts) for kind, writes in WRITES.items() for after in range(writes) for acts in (False, True)],
)
def test_what_a_dead_process_began_is_completed_and_not_doubled(
    coder: Coder, tmp_path: Path, is_transacting: bool, after: int, acts: bool
) -> None:
    undisturbed = ehr_with(is_transacting)
    engine(coder, undisturbed, tmp_path / "undisturbed").code(REQUEST)
    ehr = ehr_with(is_transacting)
    ehr.faults = [Fault("POST", DEATH, acts, after)]
    with pytest.raises(SystemExit):
        engine(coder, ehr, tmp_path).code(REQUEST)
    again = engine(coder, ehr, tmp_path)
    result = again.code(REQUEST)
    assert held(ehr) == held(undisturbed)
    assert statuses(result) <= {"200 OK", "200 Updated", "201 Created"}
    assert statuses(again.code(REQUEST)) == {"200 OK"}
    assert held(ehr) == held(undisturbed)


def test_the_coding_stands_in_the_store_before_anything_is_sent(coder: Coder, tmp_path: Path) -> None:
    ehr = ehr_with(False)
    ehr.faults = [Fault("POST", DEATH)]
    dead = engine(coder, ehr, tmp_path)
    with pytest.raises(SystemExit):
        dead.code(REQUEST)
    kept = dead.repository.latest("default", "Encounter/e1")
    assert kept is not None and all(one.status.startswith(BEGUN) for one in kept.receipts)
    assert held(ehr) == dict.fromkeys(KINDS, 0)


def test_an_ehr_that_can_neither_be_searched_nor_asked_to_create_once_is_left_to_a_person(coder: Coder, tmp_path: Path) -> None:
    """What was begun there may have arrived: nobody but a person can tell, and it is not sent twice."""
    without = dict.fromkeys(KINDS, ("search-type",))
    ehr = with_records(SimulatedEhr(full_statement(without=without), Habits()))
    ehr.faults = [Fault("POST Condition", DEATH, acts=True)]
    with pytest.raises(SystemExit):
        engine(coder, ehr, tmp_path).code(REQUEST)
    result = engine(coder, ehr, tmp_path).code(REQUEST)
    assert held(ehr)["Condition"] == 1
    assert NOT_SENT_AGAIN in statuses(result)


def test_a_call_that_writes_nothing_is_kept_once(coder: Coder, tmp_path: Path) -> None:
    ehr = ehr_with(False)
    made = engine(coder, ehr, tmp_path)
    made.code(CodingRequest("default", "e1"))
    assert len(made.repository.recent("default", 10)) == 1 and not ehr.writes


@pytest.mark.parametrize("writes", [False, True])
def test_what_stands_beside_a_coding_is_kept_with_it_or_keeps_it_away(coder: Coder, tmp_path: Path, writes: bool) -> None:
    """What the EHR was sent is remembered all the same: it stands there."""
    ehr = ehr_with(False)
    made = engine(coder, ehr, tmp_path)

    def refuse(_connection: object, result: CodingResult) -> None:
        assert result.coding_id
        raise RuntimeError("another has it")

    with pytest.raises(RuntimeError, match="another has it"):
        made.code(CodingRequest("default", "e1", write_back=writes), refuse)
    kept = made.repository.recent("default", 10)
    assert len(kept) == (1 if writes else 0)
    assert statuses(made.code(REQUEST)) == ({"200 OK"} if writes else {"201 Created"})
