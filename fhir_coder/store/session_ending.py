"""Ending what is open in browsers, all of it at a practice: after a breach, or when a sign-in server can no longer be trusted."""

from __future__ import annotations

from sqlalchemy import CursorResult, Engine, delete, func, select
from sqlalchemy.orm import Session

from fhir_coder.store.session_tables import PendingSignInRow, SessionRow


class SessionEnding:
    """Counts and ends. It needs no key: what a session holds is not read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def count(self, tenant: str) -> int:
        """How many sessions of a tenant are kept, those that are over and were not cleared yet among them."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(SessionRow).where(SessionRow.tenant == tenant)) or 0

    def end(self, tenant: str) -> int:
        """End every session of a tenant, and each sign-in that has begun; how many sessions there were."""
        with Session(self._writing) as session, session.begin():
            session.execute(delete(PendingSignInRow).where(PendingSignInRow.tenant == tenant))
            ended = session.execute(delete(SessionRow).where(SessionRow.tenant == tenant))
        return ended.rowcount if isinstance(ended, CursorResult) else 0
