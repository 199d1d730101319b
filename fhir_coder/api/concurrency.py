"""How many requests a worker process takes on, and how many of them it codes at once: the rest wait for their turn, and too many are told to
come back. Threads beyond these (:mod:`fhir_coder.pooling`) stay free, so that health and metadata answer while everything is busy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fhir_coder.api.check_operation import CheckingEngine
from fhir_coder.api.health import Readiness
from fhir_coder.checking import CheckedCodes, GivenCodes
from fhir_coder.errors import Busy
from fhir_coder.exchange import CodingRequest, CodingResult

WAITS_S = 30.0
"""How long a request waits for its turn. An encounter is coded in about a second, and callers give up after a minute or so."""
_RETRY_AFTER = {"Retry-After": "5"}


class Room:
    """Room for ``at_once`` requests that are worked on and ``waiting`` more. Shared by the threads of one process."""

    def __init__(self, at_once: int, waiting: int, waits_s: float = WAITS_S) -> None:
        self._size = at_once + waiting
        self._waits_s = waits_s
        self._turns = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._inside = 0
        self._at_work = 0

    @property
    def is_at_work(self) -> bool:
        """Whether somebody waits for what is being worked on now."""
        return self._at_work > 0

    def enter(self) -> None:
        """A request comes in. Raises Busy when there is no room."""
        with self._lock:
            if self._inside >= self._size:
                raise Busy("too many requests are waiting already; try again", headers=dict(_RETRY_AFTER))
            self._inside += 1

    def leave(self) -> None:
        """It is answered."""
        with self._lock:
            self._inside -= 1

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work on it, after those that are worked on now. Raises Busy when the turn does not come in time."""
        if not self._turns.acquire(timeout=self._waits_s):
            raise Busy("other requests took too long; try again", headers=dict(_RETRY_AFTER))
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)
            self._turns.release()

    def _count(self, change: int) -> None:
        with self._lock:
            self._at_work += change


class AsVisitor:
    """An engine that takes a place in the room for each encounter, beside its turn: for entrances that do not ask for room themselves."""

    def __init__(self, engine: InTurn, room: Room) -> None:
        self._engine = engine
        self._room = room

    def code(self, request: CodingRequest) -> CodingResult:
        """Code an encounter. Raises Busy at once where too many wait."""
        self._room.enter()
        try:
            return self._engine.code(request)
        finally:
            self._room.leave()


class InTurn:
    """An engine whose work is done in turn. A body is read before: a slow sender holds room and nobody's turn."""

    def __init__(self, engine: CheckingEngine, room: Room) -> None:
        self._engine = engine
        self._room = room

    def code(self, request: CodingRequest) -> CodingResult:
        """Code an encounter."""
        with self._room.turn():
            return self._engine.code(request)

    def check(self, given: GivenCodes) -> CheckedCodes:
        """Check codes."""
        with self._room.turn():
            return self._engine.check(given)

    def has_tenant(self, tenant: str) -> bool:
        """Whether the tenant is configured."""
        return self._engine.has_tenant(tenant)

    def has_ehr(self, tenant: str, ehr: str) -> bool:
        """Whether the tenant has an EHR of that id."""
        return self._engine.has_ehr(tenant, ehr)

    def readiness(self) -> Readiness:
        """Told at once, busy or not."""
        return self._engine.readiness()
