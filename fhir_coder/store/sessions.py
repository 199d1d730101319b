"""Browser sessions and sign-ins that have begun, shared by all workers. A cookie holds an opaque id; what it means is here, sealed.

The server cannot be read for sessions to take over: ids stand in the tables as SHA-256 of 256 random bits, tokens and names only sealed.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, Result, delete, or_, select, update
from sqlalchemy.orm import Session

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.exclusive import exclusively, open_lock_engine
from fhir_coder.store.session_tables import PendingSignInRow, SessionRow

MOST_PENDING = 16
"""Sign-ins that one browser may have begun at a time, one for each tab; the oldest gives way."""
_TOUCH_S = 15
"""A session's last use is written down at most this often."""

Content = Mapping[str, Any]
"""What is kept of a session or sign-in, as JSON."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """In seconds: how long a session lasts unused and in all, and how long a sign-in may take."""

    idle_s: int = 15 * 60
    longest_s: int = 12 * 3600
    pending_s: int = 10 * 60


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A live session of one tenant, with the time it began (epoch seconds)."""

    tenant: str
    created_s: int
    content: Content


class SessionStore:
    """Opens, finds and ends sessions. ``now`` tells epoch seconds. Safe to share between threads; see :meth:`forget_connections` for forks.

    Raises ConfigurationError without a key: tokens are kept sealed or not at all.
    """

    def __init__(self, engine: Engine, cipher: Cipher, lifetimes: Lifetimes, now: Callable[[], float] = time.time) -> None:
        require_key(cipher)
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._locking = open_lock_engine(engine)
        self._cipher = cipher
        self._lifetimes = lifetimes
        self._now = now

    def remember(self, tenant: str, browser: str, state: str, content: Content) -> None:
        """Keep a sign-in that has begun in a browser. What is over goes."""
        row = PendingSignInRow
        with Session(self._writing) as session, session.begin():
            session.execute(delete(row).where(row.created_s < self._seconds() - self._lifetimes.pending_s))
            mine = select(row.key).where(row.browser_sha256 == _hash(browser)).order_by(row.key.desc()).offset(MOST_PENDING - 1)
            for key in session.scalars(mine).all():
                session.execute(delete(row).where(row.key == key))
            session.add(
                row(
                    tenant=tenant,
                    state_sha256=_hash(state),
                    browser_sha256=_hash(browser),
                    created_s=self._seconds(),
                    content=self._seal(content),
                )
            )

    def take(self, browser: str, state: str) -> Content | None:
        """The sign-in that this browser began with this state, once; nothing for one of another browser, which keeps it, or one that is over."""
        row = PendingSignInRow
        is_it = (row.state_sha256 == _hash(state), row.browser_sha256 == _hash(browser))
        with Session(self._writing) as session, session.begin():
            found = session.execute(select(row.created_s, row.content).where(*is_it)).first()
            if found is None or _count(session.execute(delete(row).where(*is_it))) != 1:
                return None
        is_over = found.created_s < self._seconds() - self._lifetimes.pending_s
        return None if is_over else self._opened(found.content)

    def open(self, tenant: str, person: str, content: Content) -> str:
        """Begin a session of a person (any name that is theirs alone); the id is told once and is not kept. Sessions that are over go."""
        session_id, moment = secrets.token_urlsafe(32), self._seconds()
        with Session(self._writing) as session, session.begin():
            session.execute(delete(SessionRow).where(or_(*self._is_over(moment))))
            session.add(
                SessionRow(
                    tenant=tenant,
                    id_sha256=_hash(session_id),
                    person_sha256=_person(tenant, person),
                    created_s=moment,
                    seen_s=moment,
                    content=self._seal(content),
                )
            )
        return session_id

    def find(self, session_id: str, is_use: bool = True) -> StoredSession | None:
        """The session of an id unless it is over, used now unless that is not the person's doing."""
        row, moment = SessionRow, self._seconds()
        with Session(self._engine) as session:
            found = session.scalar(select(row).where(row.id_sha256 == _hash(session_id)))
        if found is None or found.seen_s <= moment - self._lifetimes.idle_s or found.created_s <= moment - self._lifetimes.longest_s:
            return None
        content = self._opened(found.content)
        if content is None:
            return None
        if is_use and found.seen_s <= moment - _TOUCH_S:
            self._change(session_id, seen_s=moment)
        return StoredSession(found.tenant, found.created_s, content)

    def remnant(self, session_id: str) -> Content | None:
        """What is left of a session, also of one that is over, until it goes: to tell where its pages were shown, and for nothing else."""
        with Session(self._engine) as session:
            sealed = session.scalar(select(SessionRow.content).where(SessionRow.id_sha256 == _hash(session_id)))
        return None if sealed is None else self._opened(sealed)

    def rewrite(self, session_id: str, content: Content) -> None:
        """Keep other content for a session; nothing where it has ended meanwhile. Hold it by :meth:`exclusively` from reading to here."""
        self._change(session_id, content=self._seal(content))

    def close(self, session_id: str) -> None:
        """End a session, also where it has ended already."""
        with Session(self._writing) as session, session.begin():
            session.execute(delete(SessionRow).where(SessionRow.id_sha256 == _hash(session_id)))

    def close_all(self, tenant: str, person: str) -> int:
        """End every session of a person, and say how many there were."""
        with Session(self._writing) as session, session.begin():
            return _count(session.execute(delete(SessionRow).where(SessionRow.person_sha256 == _person(tenant, person))))

    def exclusively(self, session_id: str) -> AbstractContextManager[None]:
        """Hold a session while it is changed: of two that refresh a token the second waits, and finds the new one."""
        return exclusively(self._locking, _hash(session_id), group="session")

    def forget_connections(self) -> None:
        """Drop connections inherited from a parent process without closing them: they are the parent's."""
        self._engine.dispose(close=False)

    def close_connections(self) -> None:
        """Close all connections; the next call opens new ones."""
        self._engine.dispose()

    def _change(self, session_id: str, **columns: Any) -> None:
        with Session(self._writing) as session, session.begin():
            session.execute(update(SessionRow).where(SessionRow.id_sha256 == _hash(session_id)).values(**columns))

    def _is_over(self, moment: int) -> tuple[Any, Any]:
        return SessionRow.seen_s <= moment - self._lifetimes.idle_s, SessionRow.created_s <= moment - self._lifetimes.longest_s

    def _seconds(self) -> int:
        return int(self._now())

    def _seal(self, content: Content) -> Sealed:
        sealed = self._cipher.seal(json.dumps(content))
        assert sealed is not None  # noqa: S101 - tells the type: require_key was asked at the start
        return sealed

    def _opened(self, sealed: Sealed) -> Content | None:
        """Nothing for what was sealed with a key that is no longer listed: taking a key away ends what it sealed."""
        try:
            return json.loads(self._cipher.open(sealed))
        except ConfigurationError:
            return None


def require_key(cipher: Cipher) -> None:
    """Raises ConfigurationError for a cipher that seals nothing."""
    if not cipher.has_key:
        raise ConfigurationError("sessions of people need FHIR_CODER_KEY: tokens are kept encrypted or not at all")


def _hash(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def _person(tenant: str, person: str) -> str:
    """The same person at two tenants is two: neither learns of the other."""
    return _hash(f"{tenant}\n{person}")


def _count(result: Result[Any]) -> int:
    return int(getattr(result, "rowcount", 0))
