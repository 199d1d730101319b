"""Forms that made a coding: the same one sent again, by a double click or a reload, leads to that coding and makes no second.

A form is written down in the transaction that keeps its coding, so that there is neither without the other, and what fails leaves nothing that keeps a
second try away. Of two that arrive at once the second waits for the first; where it did not, the database refuses its coding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from fhir_coder.errors import Conflict
from fhir_coder.store.exclusive import LONGEST_WAIT_S, exclusively, open_lock_engine
from fhir_coder.store.sent_form_tables import SentFormRow
from fhir_coder.store.tables import CodedEncounterRow

KEPT = timedelta(days=7)
"""How long a form is known after it was sent, and may be sent after it was opened."""


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form that made a coding; ``coding_id`` is empty where that was deleted since."""

    coding_id: str


class SentForms:
    """Over one database. A form goes by its ``sending``, the hash of its key and of all that was sent with it."""

    def __init__(self, engine: Engine, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._engine = engine
        self._locking = open_lock_engine(engine)
        self._longest_wait_s = longest_wait_s

    def find(self, tenant: str, sending: str) -> SentForm | None:
        """The form of the tenant, if it made a coding."""
        form, coding = SentFormRow, CodedEncounterRow
        query = select(form.key, coding.id).outerjoin(coding, (coding.key == form.coded_encounter) & (coding.tenant == tenant))
        with self._engine.connect() as connection:
            found = connection.execute(query.where(form.tenant == tenant, form.sending == sending)).first()
        return SentForm(found.id or "") if found else None

    @contextmanager
    def one_at_a_time(self, tenant: str, sending: str) -> Iterator[bool]:
        """Hold the form while it is coded: whoever sends it meanwhile waits. False where that took too long, and another still holds it."""
        with ExitStack() as held:
            yield self._is_held(held, f"{tenant} {sending}")

    def _is_held(self, held: ExitStack, name: str) -> bool:
        try:
            held.enter_context(exclusively(self._locking, name, self._longest_wait_s, group="form"))
        except Conflict:
            return False
        return True


def remember_form(connection: Connection, tenant: str, sending: str, coded_encounter: int, now: datetime) -> None:
    """Write a form down with its coding, in the transaction that keeps that. Forms of the tenant that are beyond their time go. Raises Conflict for
    one that made a coding before."""
    row = SentFormRow
    connection.execute(delete(row).where(row.tenant == tenant, row.sent_at < now - KEPT))
    try:
        connection.execute(insert(row).values(tenant=tenant, sending=sending, coded_encounter=coded_encounter, sent_at=now))
    except IntegrityError:
        raise Conflict("this form was sent before, and its encounter is coded") from None
