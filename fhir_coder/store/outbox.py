"""The outbox to billing: each signed version stands in it once for each destination, and leaves once, unless a person sends it again.

What surely did not arrive is tried again. What may have arrived is not: it stays ``sent``, until an acknowledgement or a person says more. A version
that a later one overtakes before it left never leaves, and the later one is then no replacement: how a version stands to what billing has is
decided when it is claimed, from what has left by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from fhir_coder.billing.answer import Answer
from fhir_coder.billing.outgoing import LEFT, Claimed, Outgoing, Persistence, Render, State
from fhir_coder.billing.signed import Correction, Frequency, SignedEncounter, correcting, read, written
from fhir_coder.errors import ConfigurationError, Conflict, InvalidContent
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.outbox_settling import settled
from fhir_coder.store.outbox_tables import OutboxRow

ABANDONED_S = 900
"""A claim older than this belongs to a process that is gone: no attempt takes as long."""
_R = OutboxRow
_PLAIN = (
    _R.key, _R.tenant, _R.destination, _R.review, _R.version, _R.coding, _R.encounter_reference, _R.control_id, _R.frequency, _R.replaces,
    _R.state, _R.attempts, _R.created_s, _R.next_attempt_s, _R.sent_s, _R.acknowledged_s, _R.acknowledgement, _R.detail, _R.message_sha256,
)  # fmt: skip


class Outbox:
    """``now`` tells epoch seconds. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, cipher: Cipher, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._now = now

    def hand_over(self, signed: SignedEncounter, destination: str) -> Outgoing:
        """Put a signed version in, in a transaction of its own. Raises as :meth:`put`."""
        try:
            with self._writing.begin() as connection:
                return self.put(connection, signed, destination)
        except IntegrityError:  # another process was first, with the same
            with self._writing.begin() as connection:
                return self.put(connection, signed, destination)

    def withdraw(self, tenant: str, coding: str, destination: str, reason: str) -> int:
        """Keep versions of a coding that never left from leaving; how many there were. What has left, or is leaving, stays as it is."""
        waiting = (_R.destination == destination, _R.coding == coding, _R.state == State.WAITING, _R.message.is_(None))
        values = {"state": State.VOID, "detail": reason}
        with self._writing.begin() as connection:
            return connection.execute(update(_R).where(_R.tenant == tenant, *waiting).values(values)).rowcount

    def put(self, connection: Connection, signed: SignedEncounter, destination: str) -> Outgoing:
        """Put a signed version in, in the transaction of the signature. The same once more changes nothing.

        Raises Conflict where the version is there with another content or is older than one that is there; ConfigurationError without a key."""
        if not self._cipher.has_key:
            raise ConfigurationError("delivery to billing needs FHIR_CODER_KEY: what is about patients is kept encrypted or not at all")
        text = written(signed)
        digest = sha256(text.encode()).hexdigest()
        same_review = (_R.destination == destination, _R.review == signed.review, _R.version >= signed.version)
        newest = connection.execute(
            select(*_PLAIN, _R.signed_sha256).where(_R.tenant == signed.tenant, *same_review).order_by(_R.version.desc())
        ).all()
        if newest and newest[-1].version == signed.version and newest[-1].signed_sha256 == digest:
            return _outgoing(newest[-1][:-1])
        if newest:
            raise Conflict(f"review {signed.review} has version {newest[0].version} for billing already")
        _supersede(connection, signed, destination)
        connection.execute(insert(_R), self._new_row(signed, destination, digest) | {"signed": self._sealed(signed, text)})
        return _one(connection, signed.tenant, _R.destination == destination, _R.review == signed.review, _R.version == signed.version)

    def claim(self, tenant: str, destination: str, render: Render) -> Claimed | Outgoing | None:
        """The next that is due, for the caller alone; None where nothing is. Earlier versions of a review go before later ones.

        An Outgoing is one that could not be made and has failed, so that the rest does not wait behind it. Raises ConfigurationError where what is kept
        cannot be opened: that is no fault of one message."""
        now = int(self._now())
        with self._writing.begin() as connection:
            _end_abandoned(connection, tenant, destination, now - ABANDONED_S)
            due = (
                select(*_PLAIN, _R.is_void, _R.signed, _R.message)
                .where(_R.tenant == tenant, _R.destination == destination, _R.state == State.WAITING, _R.next_attempt_s <= now)
                .order_by(_R.next_attempt_s, _R.key)
            )
            for row in connection.execute(due).all():
                if _is_behind(connection, row):
                    continue
                correction = self._correction(connection, row)
                if row.is_void and correction is None:
                    _change(connection, tenant, row.key, State.WAITING, state=State.VOID, detail="nothing of it had left")
                    continue
                try:
                    signed, text = self._made(row, correction, render)
                except ConfigurationError:
                    raise
                except Exception as error:  # whatever it is, it is of this message
                    return _unmade(connection, row, error)
                if claimed := self._claim(connection, row, correction, signed, text, now):
                    return claimed
        return None

    def settle(self, claimed: Claimed, answer: Answer, persistence: Persistence) -> Outgoing:
        """Write down what became of a claim. Raises Conflict where the claim is no longer the caller's: it was taken for abandoned."""
        one, now = claimed.outgoing, int(self._now())
        with self._writing.begin() as connection:
            values = settled(claimed, answer, persistence, _has_later(connection, one), now)
            if not _change(connection, one.tenant, one.key, State.SENDING, **values):
                raise Conflict(f"{one.control_id} is no longer being sent")
            return _one(connection, one.tenant, _R.key == one.key)

    def entries(self, tenant: str, states: tuple[State, ...] = (), review: str = "") -> tuple[Outgoing, ...]:
        """Everything of a tenant, newest last; of some states, of one review."""
        query = select(*_PLAIN).where(_R.tenant == tenant).order_by(_R.key)
        if states:
            query = query.where(_R.state.in_(states))
        if review:
            query = query.where(_R.review == review)
        with self._engine.connect() as connection:
            return tuple(_outgoing(row) for row in connection.execute(query))

    def _made(self, row: Any, correction: Correction | None, render: Render) -> tuple[SignedEncounter, str]:
        """What was signed, and its message. What has left before leaves again as it was, byte by byte."""
        signed = read(self._cipher.open(row.signed))
        return signed, self._cipher.open(row.message) or render(signed, correction).decode()

    def _claim(
        self, connection: Connection, row: Any, correction: Correction | None, signed: SignedEncounter, text: str, now: int
    ) -> Claimed | None:
        """The row as the caller's, its message fixed."""
        values: dict[str, Any] = {} if row.message else {
            "message": self._cipher.seal(text),
            "message_sha256": sha256(text.encode()).hexdigest(),
            "frequency": (correction.frequency if correction else Frequency.ORIGINAL).value,
            "replaces": correction.control_number if correction else "",
        }  # fmt: skip
        values |= {"state": State.SENDING, "attempts": row.attempts + 1, "claimed_s": now, "detail": ""}
        if not _change(connection, row.tenant, row.key, State.WAITING, **values):
            return None
        return Claimed(_one(connection, row.tenant, _R.key == row.key), signed, text.encode(), row.message is not None)

    def _correction(self, connection: Connection, row: Any) -> Correction | None:
        """How a version stands to the newest before it that has left; None: billing has nothing, or nothing any more."""
        before = (_R.destination == row.destination, _R.review == row.review, _R.version < row.version, _R.state.in_(LEFT))
        query = select(_R.is_void, _R.signed).where(_R.tenant == row.tenant, *before).order_by(_R.version.desc()).limit(1)
        earlier = connection.execute(query).first()
        if earlier is None or earlier.is_void:
            return None
        frequency = Frequency.VOID if row.is_void else Frequency.REPLACEMENT
        return correcting(frequency, read(self._cipher.open(earlier.signed)))

    def _sealed(self, signed: SignedEncounter, text: str) -> Any:
        """What is withheld from billing is not kept for it either."""
        return None if signed.billing_withheld else self._cipher.seal(text)

    def _new_row(self, signed: SignedEncounter, destination: str, digest: str) -> dict[str, Any]:
        now = int(self._now())
        return {
            "tenant": signed.tenant,
            "destination": destination,
            "review": signed.review,
            "version": signed.version,
            "coding": signed.coding,
            "encounter_reference": signed.encounter,
            "control_id": signed.control_number,
            "is_void": signed.is_void,
            "state": State.HELD if signed.billing_withheld else State.WAITING,
            "detail": "withheld: the patient pays" if signed.billing_withheld else "",
            "created_s": now,
            "next_attempt_s": now,
            "signed_sha256": digest,
            **dict.fromkeys(("attempts", "claimed_s", "sent_s", "acknowledged_s"), 0),
            **dict.fromkeys(("frequency", "replaces", "acknowledgement", "message_sha256"), ""),
        }


def _supersede(connection: Connection, signed: SignedEncounter, destination: str) -> None:
    """Earlier versions that wait: those that never left will not, those that were to leave again have left."""
    for has_left, state in ((_R.message.is_(None), State.VOID), (_R.message.is_not(None), State.SENT)):
        waiting = (_R.destination == destination, _R.review == signed.review, _R.state == State.WAITING, has_left)
        values = {"state": state, "detail": f"version {signed.version} took its place"}
        connection.execute(update(_R).where(_R.tenant == signed.tenant, *waiting).values(values))


def _end_abandoned(connection: Connection, tenant: str, destination: str, before: int) -> None:
    """Nobody can tell whether what a lost process was sending has arrived."""
    lost = (_R.destination == destination, _R.state == State.SENDING, _R.claimed_s < before)
    values = {"state": State.SENT, "detail": "interrupted while sending", "sent_s": _R.claimed_s}
    connection.execute(update(_R).where(_R.tenant == tenant, *lost).values(values))


def _is_behind(connection: Connection, row: Any) -> bool:
    """Whether an earlier version is on its way: what it comes to decides what this one is."""
    before = (_R.destination == row.destination, _R.review == row.review, _R.version < row.version)
    moving = select(_R.key).where(_R.tenant == row.tenant, *before, _R.state.in_((State.WAITING, State.SENDING)))
    return connection.execute(moving.limit(1)).first() is not None


def _has_later(connection: Connection, one: Outgoing) -> bool:
    later = (_R.destination == one.destination, _R.review == one.review, _R.version > one.version)
    return connection.execute(select(_R.key).where(_R.tenant == one.tenant, *later).limit(1)).first() is not None


def _unmade(connection: Connection, row: Any, error: Exception) -> Outgoing:
    """Failed, until a person sends it again; what has left before stays sent. Only our own words tell why: others may quote what is about the patient."""
    why = error.message if isinstance(error, InvalidContent) else type(error).__name__
    state = State.SENT if row.message is not None else State.FAILED
    detail = f"it cannot be made for billing: {why}"[:255]
    _change(connection, row.tenant, row.key, State.WAITING, state=state, attempts=row.attempts + 1, detail=detail)
    return _one(connection, row.tenant, _R.key == row.key)


def _change(connection: Connection, tenant: str, key: int, was: State, **values: Any) -> bool:
    """Change a row that still is in a state."""
    return bool(connection.execute(update(_R).where(_R.tenant == tenant, _R.key == key, _R.state == was).values(values)).rowcount)


def _one(connection: Connection, tenant: str, *conditions: ColumnElement[bool]) -> Outgoing:
    query: Any = select(*_PLAIN).where(_R.tenant == tenant, *conditions)
    return _outgoing(connection.execute(query).one())


def _outgoing(row: Any) -> Outgoing:
    values = dict(zip(Outgoing.__dataclass_fields__, row, strict=True))
    return Outgoing(**values | {"state": State(values["state"])})
