"""Where codings stand with billing, for a page of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, select

from fhir_coder.billing.outgoing import State
from fhir_coder.store.outbox_tables import OutboxRow

_PRESSING = (State.FAILED, State.REJECTED, State.HELD, State.SENDING, State.WAITING, State.SENT, State.ACKNOWLEDGED, State.VOID)
"""Of several destinations the first of these is told: what a person must see to, then what is under way, then what is done."""


class OutboxStates:
    """Over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, tenant: str, codings: Sequence[str]) -> Mapping[str, State]:
        """The state of the newest version of each coding that is in the outbox; of several destinations, of the one in most need of a person."""
        row = OutboxRow
        query = select(row.coding, row.destination, row.state).where(row.tenant == tenant, row.coding.in_(codings)).order_by(row.version)
        with self._engine.connect() as connection:
            newest = {(coding, destination): State(state) for coding, destination, state in connection.execute(query)}
        found: dict[str, State] = {}
        for (coding, _), state in newest.items():
            found[coding] = min(found.get(coding, state), state, key=_PRESSING.index)
        return found
