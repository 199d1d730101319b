"""The page on which a person has note files coded that no EHR of the practice holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import FhirCoderError, Forbidden, InvalidContent, TooMuch, Uncodable
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.people import Right
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.sending_once import SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right
from fhir_coder.review.uploaded_visit import LONGEST_NAME, MOST_FILES, NOTE_KINDS, SEXES, NoteFile, read_visit, request_of
from fhir_coder.store.records import StoredEncounter

FIELDS = ("patient", "birth_date", "sex", "service_date", "provider", "npi", "kind")


class Codes(Protocol):
    """The engine."""

    def code(self, coding: CodingRequest) -> CodingResult:
        """Do the job; raises the errors of :mod:`fhir_coder.errors`."""


class Codings(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if it is the tenant's."""


class Uploading:
    """``codes`` is the engine, which asks no EHR for an upload; ``keeps_text``: notes can be shown after they were coded; ``today`` is the last date
    of service that can be; ``once`` keeps one form from making two codings."""

    def __init__(
        self,
        codes: Codes,
        codings: Codings,
        recording: Recording,
        pages: Pages,
        once: SendingOnce,
        today: Callable[[], date],
        keeps_text: bool,
    ) -> None:
        self._codes = codes
        self._codings = codings
        self._recording = recording
        self._pages = pages
        self._once = once
        self._today = today
        self._keeps_text = keeps_text

    def form(self, session: ReviewSession) -> Response:
        """The empty form."""
        require_upload(session)
        return self._form(session, dict.fromkeys(FIELDS, ""))

    def upload(self, session: ReviewSession) -> Response:
        """Code what was sent. What cannot be is told above the form, which keeps what was typed; files have to be chosen again."""
        try:
            require_upload(session)
        except Forbidden as error:
            self._recording.person(request, session, "code-encounter", Action.EXECUTE, Success.REFUSED, error=error.code, upload="true")
            raise
        try:
            files = [NoteFile(one.read(), one.mimetype or "") for one in request.files.getlist("notes") if one.filename]
            sending = self._once.name(session, request.form, [one.content for one in files])
            return self._once.first(session, sending, lambda: self._coded(session, files, sending))
        except (InvalidContent, Uncodable, TooMuch) as error:
            self._recording.person(request, session, "code-encounter", Action.EXECUTE, Success.REFUSED, error=error.code, upload="true")
            return self._form(session, {name: request.form.get(name, "") for name in FIELDS}, error)
        except FhirCoderError as error:
            self._recording.person(request, session, "code-encounter", Action.EXECUTE, Success.FAILED, error=error.code, upload="true")
            raise

    def _coded(self, session: ReviewSession, files: Sequence[NoteFile], sending: str) -> Response:
        wanted = request_of(session.tenant, read_visit(request.form, files, self._today()))
        result = self._codes.code(replace(wanted, sending=sending))
        coding = self._codings.get(session.tenant, result.coding_id)
        self._recording.person(request, session, "code-encounter", Action.EXECUTE, coding=coding, upload="true")
        return self._pages.redirect(self._pages.local(f"/review/encounters/{result.coding_id}"), session.frame_ancestors)

    def _form(self, session: ReviewSession, given: dict[str, str], error: FhirCoderError | None = None) -> Response:
        return self._pages.page(
            "upload",
            session,
            error.status if error else 200,
            takes_words=True,
            given=given,
            form_key=self._once.field(),
            error=error.message if error else "",
            kinds=NOTE_KINDS,
            sexes=SEXES,
            most_files=MOST_FILES,
            longest_name=LONGEST_NAME,
            latest=self._today().isoformat(),
            keeps_text=self._keeps_text,
        )


def may_upload(session: ReviewSession) -> bool:
    """Who has encounters coded, where no launch binds them to an EHR: an uploaded encounter is in none, and would be out of their sight."""
    return session.person.may(Right.CODE) and session.grant is None


def require_upload(session: ReviewSession) -> None:
    """Raises Forbidden, which says why."""
    require_right(session, Right.CODE)
    if not may_upload(session):
        raise Forbidden("you came from an EHR, whose own notes are coded there: sign in with the account of your practice to upload others")
