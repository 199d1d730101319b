"""What a person does to the outbox: sends again, or says what became of something. Each is an event of the audit in the same transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.billing.outgoing import State
from fhir_coder.errors import Conflict, RequiredMissing, ResourceUnknown
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.outbox_tables import OutboxRow

_AGAIN = (State.WAITING, State.SENT, State.ACKNOWLEDGED, State.REJECTED, State.FAILED)
_R = OutboxRow


class OutboxActions:
    """``audit`` is the log of the same database; ``now`` tells epoch seconds."""

    def __init__(self, engine: Engine, audit: AuditLog, now: Callable[[], float] = time.time) -> None:
        self._writing = engine.execution_options(writes=True)
        self._audit = audit
        self._now = now

    def resend(self, tenant: str, control_id: str, destination: str, reason: str, agent: Agent) -> None:
        """Let it leave again, now. What has left and was not refused leaves as the same bytes under the same control id.

        Raises ResourceUnknown; RequiredMissing where several destinations have it and none is named; Conflict where it is withheld, being sent, or
        overtaken by a later version."""
        with self._writing.begin() as connection:
            row = _find(connection, tenant, control_id, destination)
            if row.state not in _AGAIN:
                raise Conflict(f"{control_id} is {row.state} and cannot be sent again")
            if _has_later(connection, row):
                raise Conflict(f"{control_id} was overtaken by a later version, which says what billing is to have")
            values = {"state": State.WAITING, "next_attempt_s": int(self._now()), "attempts": 0, "acknowledgement": "", "acknowledged_s": 0}
            self._write(connection, row, values, "billing-resend", {"was": row.state, "reason": reason}, agent)

    def acknowledge(self, tenant: str, control_id: str, destination: str, is_taken: bool, reason: str, agent: Agent) -> None:
        """Say for the receiver whether it took what was sent. Raises as :meth:`resend`; Conflict where it is not ``sent``."""
        with self._writing.begin() as connection:
            row = _find(connection, tenant, control_id, destination)
            if row.state != State.SENT:
                raise Conflict(f"{control_id} is {row.state}: only what is sent and not acknowledged awaits a word")
            values: dict[str, Any] = {
                "acknowledged_s": int(self._now()),
                "detail": "by hand",
                "acknowledgement": "AA" if is_taken else "AE",
            }
            values |= {"state": State.ACKNOWLEDGED} if is_taken else {"state": State.REJECTED, "message": None}
            self._write(connection, row, values, "billing-acknowledge", {"as": values["acknowledgement"], "reason": reason}, agent)

    def _write(self, connection: Connection, row: Any, values: dict[str, Any], event: str, detail: dict[str, str], agent: Agent) -> None:
        changed = connection.execute(
            update(_R).where(_R.tenant == row.tenant, _R.key == row.key, _R.state == row.state).values(values)
        ).rowcount
        if not changed:
            raise Conflict(f"{row.control_id} was changed meanwhile")
        told = {"control": row.control_id, "destination": row.destination, "coding": row.coding, **detail}
        entry = AuditEntry(row.tenant, event, Action.UPDATE, Success.DONE, agent, "", (row.encounter_reference,), detail=told)
        self._audit.append(connection, entry)


def _find(connection: Connection, tenant: str, control_id: str, destination: str) -> Any:
    columns = (_R.key, _R.tenant, _R.destination, _R.review, _R.version, _R.coding, _R.encounter_reference, _R.control_id, _R.state)
    query = select(*columns).where(_R.tenant == tenant, _R.control_id == control_id)
    found = connection.execute(query.where(_R.destination == destination) if destination else query).all()
    if not found:
        raise ResourceUnknown(f"tenant {tenant} has nothing under {control_id} for billing")
    if len(found) > 1:
        raise RequiredMissing(f"{control_id} goes to several destinations: name one with --destination")
    return found[0]


def _has_later(connection: Connection, row: Any) -> bool:
    later = (_R.destination == row.destination, _R.review == row.review, _R.version > row.version)
    return connection.execute(select(_R.key).where(_R.tenant == row.tenant, *later).limit(1)).first() is not None
