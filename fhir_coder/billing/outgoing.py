"""The states of what goes to billing, and what the outbox tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from fhir_coder.billing.signed import Correction, SignedEncounter


class State(StrEnum):
    """``SENT``: it left, and nothing here says that it was taken. ``HELD``: withheld from billing. ``VOID``: another version took its place
    before it left, so that it never will."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    FAILED = "failed"
    HELD = "held"
    VOID = "void"


LEFT = (State.SENDING, State.SENT, State.ACKNOWLEDGED)
"""Billing has it, or may have it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One signed version for one destination, without what is about the patient. Times are epoch seconds, 0: not yet."""

    key: int
    tenant: str
    destination: str
    review: str
    version: int
    coding: str
    encounter: str
    control_id: str
    frequency: str
    replaces: str
    state: State
    attempts: int
    created_s: int
    next_attempt_s: int
    sent_s: int
    acknowledged_s: int
    acknowledgement: str
    detail: str
    message_sha256: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """One that its holder alone may send now. ``is_again``: the same bytes have left before."""

    outgoing: Outgoing
    signed: SignedEncounter = field(repr=False)
    message: bytes = field(repr=False)
    is_again: bool


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often it is tried before it is given up, and whether what was not answered is sent again by itself."""

    attempts: int = 12
    resend_unanswered: bool = False


Render = Callable[[SignedEncounter, Correction | None], bytes]
"""A signed encounter as the destination wants it."""
