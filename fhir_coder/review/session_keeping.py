"""Sessions over the store: begun with a sign-in, renewed with the token, ended by the person or by the clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from fhir_coder.errors import SignedOut
from fhir_coder.people import Person
from fhir_coder.review.session import Banner, ReviewSession
from fhir_coder.smart.launch.launched import Launched
from fhir_coder.store.sessions import SessionStore

SKEW_S = 60.0
"""A token is renewed when it has less than this left."""
MOST_OPENED = 50
"""Codings opened by breaking the glass that one session remembers."""


class Renews(Protocol):
    """What asks for a new access token (:class:`fhir_coder.smart.launch.flow.AuthorizationFlow`)."""

    def refresh(self, launched: Launched) -> Launched:
        """The same person with a new token. Raises an error of ours when there is none to be had."""


class SessionKeeping:
    """``now`` tells epoch seconds."""

    def __init__(self, store: SessionStore, flow: Renews, now: Callable[[], float]) -> None:
        self._store = store
        self._flow = flow
        self._now = now

    def begin(
        self,
        person: Person,
        launched: Launched,
        frame_ancestors: tuple[str, ...] = (),
        banner: Banner | None = None,
        previous: ReviewSession | None = None,
    ) -> ReviewSession:
        """A session under a new id; the browser's previous one ends, so that an id from before a sign-in is worth nothing after it."""
        if previous is not None:
            self._store.close(previous.id)
        session = ReviewSession(
            tenant=launched.tenant,
            person=person,
            csrf=secrets.token_urlsafe(32),
            launched=launched,
            frame_ancestors=frame_ancestors,
            banner=banner,
            notice=_notice(previous, launched),
        )
        return replace(session, id=self._store.open(session.tenant, _key(person), session.members()))

    def find(self, session_id: str, is_use: bool = True) -> ReviewSession | None:
        """The live session of an id; using it puts the automatic logoff off. What a page asks by itself is no use (``is_use``)."""
        stored = self._store.find(session_id, is_use)
        return ReviewSession.of(session_id, stored.content) if stored else None

    def frames_of(self, session_id: str) -> tuple[str, ...]:
        """Who might frame the pages of a session that may be over, so that its end can be told in the same frame."""
        left = self._store.remnant(session_id)
        return tuple(left["frame_ancestors"]) if left else ()

    def end(self, session: ReviewSession) -> None:
        """Forget the session and its tokens."""
        self._store.close(session.id)

    def end_everywhere(self, session: ReviewSession) -> int:
        """End every session of the same person, in all browsers."""
        return self._store.close_all(session.tenant, _key(session.person))

    def open_glass(self, session: ReviewSession, coding_id: str) -> None:
        """Remember that the person broke the glass for a coding."""
        with self._store.exclusively(session.id):
            current = self.find(session.id)
            if current is not None:
                opened = (*(one for one in current.opened if one != coding_id), coding_id)[-MOST_OPENED:]
                self._store.rewrite(session.id, replace(current, opened=opened).members())

    def token(self, session_id: str, refused: str = "") -> Launched | None:
        """What the person holds now, with a token that lasts a while: renewed where it is about to expire, or where the EHR ``refused`` it.

        Of several that find an old token at once, in any worker, one renews it and the others wait: many servers take a refresh token once.
        None when the session is over. Raises an error of ours when the token cannot be renewed; SignedOut ends the session.
        """
        found = self.find(session_id)
        if found is None or found.launched is None or not self._is_old(found.launched, refused):
            return found.launched if found else None
        with self._store.exclusively(session_id):
            found = self.find(session_id)
            if found is None or found.launched is None or not self._is_old(found.launched, refused):
                return found.launched if found else None
            renewed = self._renewed(session_id, found.launched)
            self._store.rewrite(session_id, replace(found, launched=renewed).members())
            return renewed

    def _renewed(self, session_id: str, launched: Launched) -> Launched:
        """Who is signed out at the server is signed out here."""
        try:
            return self._flow.refresh(launched)
        except SignedOut:
            self._store.close(session_id)
            raise

    def _is_old(self, launched: Launched, refused: str) -> bool:
        if refused:
            return launched.access_token == refused
        return bool(launched.refresh_token) and launched.expires_at - SKEW_S <= self._now()


def _key(person: Person) -> str:
    return f"{person.issuer}\n{person.subject}"


def _notice(previous: ReviewSession | None, launched: Launched) -> str:
    """What the person should know of the session that this one replaced: pages of the old one may be open in other tabs."""
    if previous is None or previous.launched is None:
        return ""
    old = previous.launched
    if (old.tenant, old.ehr, old.patient) != (launched.tenant, launched.ehr, launched.patient) and (old.patient or launched.patient):
        return "The patient changed with this launch. Tabs that still show the earlier patient are closed for changes."
    return ""
