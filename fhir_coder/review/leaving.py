"""How people go: by signing out, here or everywhere, or because nothing was done for a while."""

from __future__ import annotations

from flask import Response, request

from fhir_coder.audit.entry import Action
from fhir_coder.review.cookies import SESSION, end_cookie
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.session_keeping import SessionKeeping
from fhir_coder.review.signing_in import Flow


class Leaving:
    """``sessions`` and ``flow`` are None where nobody can sign in (the sandbox alone)."""

    def __init__(self, sessions: SessionKeeping | None, flow: Flow | None, recording: Recording, pages: Pages) -> None:
        self._sessions = sessions
        self._flow = flow
        self._recording = recording
        self._pages = pages

    def sign_out(self, session: ReviewSession) -> Response:
        """End the session, or with ``everywhere`` all of this person; tokens are taken back where the server offers it. What cannot be taken
        back is forgotten all the same. The page names the address for signing out at the provider: a form may not lead to another site."""
        if session.launched is None or self._sessions is None or self._flow is None:
            return self._pages.page("signed_out", provider="", is_demo=True)
        is_everywhere = request.form.get("everywhere", "") == "yes"
        if is_everywhere:
            self._sessions.end_everywhere(session)
        else:
            self._sessions.end(session)
        self._recording.person(request, session, "sign-out", Action.EXECUTE, everywhere=str(is_everywhere).lower())
        self._flow.revoke(session.launched)
        provider = self._flow.end_session_url(session.launched) or ""
        response = self._pages.page(
            "signed_out",
            frame_ancestors=session.frame_ancestors,
            provider=provider if provider.startswith(("https://", "http://")) else "",
            is_demo=False,
        )
        end_cookie(request, response, SESSION)
        return response

    def left(self) -> Response:
        """What browsers show in place of a page that was not used for as long as a session lasts: nothing of a patient stays on the screen."""
        return self._pages.page("left")
