"""Encounters that people have coded on the pages wait for their turn with everybody else's, and find the same room full."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from fhir_coder.api.concurrency import Room
from fhir_coder.errors import Busy, EhrUnavailable, FhirCoderError
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.review.session import ReviewSession
from fhir_coder.reviewing import DEMO, AsPerson
from tests.store.conftest import coding_result

SESSION = ReviewSession("default", DEMO, "TOKEN")
WANTED = CodingRequest("default", encounter_id="e1")


@dataclass
class CountingEngine:
    """Codes, or fails as a test wants."""

    error: FhirCoderError | None = None
    requests: list[CodingRequest] = field(default_factory=list)

    def code(self, request: CodingRequest) -> CodingResult:
        self.requests.append(request)
        if self.error:
            raise self.error
        return coding_result("Encounter/e1")


def people(engine: CountingEngine, room: Room) -> AsPerson:
    return AsPerson(engine, SimpleNamespace(), None, room)  # type: ignore[arg-type]


def test_a_page_waits_for_its_turn() -> None:
    engine, room = CountingEngine(), Room(1, 5, waits_s=0.05)
    with room.turn(), pytest.raises(Busy):
        people(engine, room).engine(SESSION).code(WANTED)
    assert engine.requests == []
    people(engine, room).engine(SESSION).code(WANTED)
    assert engine.requests == [WANTED]


def test_a_page_finds_no_room_where_too_many_wait() -> None:
    engine, room = CountingEngine(), Room(1, 0)
    room.enter()
    with pytest.raises(Busy):
        people(engine, room).engine(SESSION).code(WANTED)
    assert engine.requests == []
    room.leave()
    people(engine, room).engine(SESSION).code(WANTED)


def test_a_page_leaves_its_room_whatever_happens() -> None:
    engine, room = CountingEngine(EhrUnavailable("gone")), Room(1, 0)
    for _ in range(3):
        with pytest.raises(EhrUnavailable):
            people(engine, room).engine(SESSION).code(WANTED)
    assert len(engine.requests) == 3
