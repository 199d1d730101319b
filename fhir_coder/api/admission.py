"""Before every view: the gate says who comes in, then the limits say whether now. Liveness, metadata and the like are limited by nothing.

Who fails at the gate is counted by address; over the limit the answer is 429 in place of 401 or 403. A caller who gets through is never held up by
the failures of others: behind a proxy all of them share one address, and anybody could lock them out.

Where anyone may call, calls are counted by address, and bodies that are being sent take at most half the room: so nobody who proves nothing keeps
those out who do.
"""

from __future__ import annotations

from flask import g, request

from fhir_coder.api.concurrency import Room
from fhir_coder.api.gate import Gate, current_grant
from fhir_coder.errors import Forbidden, InsufficientScope, Unauthenticated
from fhir_coder.throttle.rates import Throttle, subscriber_of


class Admission:
    """Hooks around the requests of a blueprint. ``throttle`` is None where nothing is counted; ``open_room`` is the part of ``room`` for bodies of
    callers who prove nothing."""

    def __init__(self, gate: Gate, throttle: Throttle | None, room: Room, open_room: Room) -> None:
        self._gate = gate
        self._throttle = throttle
        self._room = room
        self._open_room = open_room

    def enter(self) -> None:
        """Raises what the gate raises, Throttled, or Busy."""
        try:
            self._gate()
        except (Unauthenticated, Forbidden, InsufficientScope):
            if self._throttle:
                self._throttle.failure(_address())
            raise
        endpoint = str(request.endpoint)
        if not self._gate.is_counted(endpoint):
            return
        if self._throttle:
            self._throttle.call(str((request.view_args or {}).get("tenant", "")), _client())
        if request.method != "POST":  # answered from memory or by one look into the store
            return
        if not self._gate.asks_who_calls(endpoint):
            _take(self._open_room)
        _take(self._room)

    def leave(self, _error: BaseException | None) -> None:
        """After the answer, whatever it was."""
        for room in g.pop("rooms", ()):
            room.leave()


def _take(room: Room) -> None:
    room.enter()
    g.rooms = (*g.get("rooms", ()), room)


def _client() -> str:
    """The client of the token, which several machines may share; without a token the address."""
    grant = current_grant()
    client = grant.client or grant.subject if grant else ""
    return f"client {client}" if client else f"address {subscriber_of(_address())}"


def _address() -> str:
    return request.remote_addr or ""
