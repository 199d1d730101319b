"""One form makes one coding, however often it is sent: a double click, a reload or a way back leads to the coding that the first sending made.

Each form has a random key. The person and what was sent with it are part of its name in the store: nobody is led to what another made, and who goes back
and asks for something else with the same form gets that. Who signs in again beside the page sends the same form: the key is of no session.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from flask import Response
from werkzeug.datastructures import MultiDict

from fhir_coder.errors import Conflict, InvalidContent
from fhir_coder.review.protection import TOKEN_FIELD
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.sent_forms import KEPT, SentForm, SentForms

KEY_FIELD = "form_key"
_KEY = re.compile(r"(\d{1,11})\.[A-Za-z0-9_\-]{22}", re.ASCII)
_SKEW_S = 300
_SAY_AGAIN = "open the page again, and send the form that it shows then"


class SendingOnce:
    """``now`` tells the time (aware)."""

    def __init__(self, forms: SentForms, pages: Pages, now: Callable[[], datetime]) -> None:
        self._forms = forms
        self._pages = pages
        self._now = now

    def field(self) -> Mapping[str, str]:
        """The field of a form that is about to be shown: its name and its key, new each time."""
        return {"name": KEY_FIELD, "value": f"{int(self._now().timestamp())}.{secrets.token_urlsafe(16)}"}

    def name(self, session: ReviewSession, form: MultiDict[str, str], files: Iterable[bytes] = ()) -> str:
        """What a form that was sent goes by in the store. Raises InvalidContent for one without a key as pages show them, or that was open too long."""
        given = form.getlist(KEY_FIELD)
        key = _KEY.fullmatch(given[0]) if len(given) == 1 else None
        age_s = self._now().timestamp() - int(key[1]) if key else 0
        if key is None or age_s < -_SKEW_S:
            raise InvalidContent(f"this form has no key that a page of this server showed: {_SAY_AGAIN}")
        if age_s > KEPT.total_seconds():
            raise InvalidContent(f"this form was open for more than {KEPT.days} days: {_SAY_AGAIN}")
        fields = sorted((name, value) for name, value in form.items(multi=True) if name != TOKEN_FIELD)
        return self.digest(session, fields, [sha256(one).hexdigest() for one in files])

    def digest(self, session: ReviewSession, *parts: object) -> str:
        """What something that a person asks for goes by in the store; ``parts`` tell it from all else."""
        return sha256(repr((session.person.issuer, session.person.id, *parts)).encode("utf-8", "surrogatepass")).hexdigest()

    def first(self, session: ReviewSession, sending: str, code: Callable[[], Response]) -> Response:
        """Code with the first sending; any other leads to what that made, and waits for it. What failed is tried again."""
        found = self._forms.find(session.tenant, sending)
        if found is not None:
            return self._made(session, found)
        with self._forms.one_at_a_time(session.tenant, sending) as is_held:
            found = self._forms.find(session.tenant, sending)
            if found is not None:
                return self._made(session, found)
            return self._code(session, sending, code) if is_held else self._told(session, "at work")

    def _code(self, session: ReviewSession, sending: str, code: Callable[[], Response]) -> Response:
        try:
            return code()
        except Conflict:
            found = self._forms.find(session.tenant, sending)
            if found is None:
                raise
            return self._made(session, found)

    def _made(self, session: ReviewSession, form: SentForm) -> Response:
        if not form.coding_id:
            return self._told(session, "deleted")
        return self._pages.redirect(self._pages.local(f"/review/encounters/{form.coding_id}"), session.frame_ancestors)

    def _told(self, session: ReviewSession, what: str) -> Response:
        return self._pages.page("sent_before", session, 409, what=what)
