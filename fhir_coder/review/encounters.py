"""The pages of a session: who one is, the codings in sight, one of them, and having an encounter coded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from flask import Response, request

from fhir_coder.asking.addendum import since_then
from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import (
    FhirCoderError,
    Forbidden,
    InvalidContent,
    NotRecorded,
    RequiredMissing,
    ResourceUnknown,
    Uncodable,
)
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.model import Note
from fhir_coder.people import Right
from fhir_coder.review.dashboards import may_see_figures
from fhir_coder.review.ehr_words import words
from fhir_coder.review.encounter_picking import Searches, choices
from fhir_coder.review.patient_reading import Reads
from fhir_coder.review.reading_right import may_read
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.review_desk import ReviewDesk
from fhir_coder.review.sending_once import SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right, sight_of
from fhir_coder.review.uploading import may_upload
from fhir_coder.review.worklist_page import Waiting
from fhir_coder.smart.context import bound
from fhir_coder.smart.scopes import Operation, require_scopes
from fhir_coder.store.records import CODING_ID, CodingLine, StoredEncounter, Within

MOST_LISTED = 50
LONGEST_REASON = 500
_UNKNOWN = "there is no coding of that id in your sight"


class Codings(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if it is the tenant's."""

    def recent(self, tenant: str, most: int, within: Within = ...) -> tuple[CodingLine, ...]:
        """The tenant's newest codings within a part of it."""


class ActsAtEhr(Reads, Searches, Protocol):
    """The client of the EHR with a person's token."""


class Codes(Protocol):
    """The engine as one person has it: it reads and writes at the EHR with their token."""

    def code(self, coding: CodingRequest) -> CodingResult:
        """Do the job; raises the errors of :mod:`fhir_coder.errors`."""


def nobody_is_blinded(session: ReviewSession, coding: StoredEncounter) -> None:
    """Where no encounter is coded a second time."""


class EncounterPages:
    """``engine_of`` gives the engine for a session, ``client_of`` the client of the EHR that it came from, or None; ``desk`` shows the review of a
    coding, ``notes_now`` gives the notes that its encounter has at the EHR now; ``waiting_of`` what waits for the person in the worklist, or None
    where they do not work on it; ``require_unblinded`` raises Forbidden for who must not see its codes yet; ``once`` keeps one form from making two codings."""

    def __init__(
        self,
        codings: Codings,
        engine_of: Callable[[ReviewSession], Codes],
        client_of: Callable[[ReviewSession], ActsAtEhr | None],
        open_glass: Callable[[ReviewSession, str], None],
        recording: Recording,
        pages: Pages,
        desk: ReviewDesk,
        once: SendingOnce,
        notes_now: Callable[[ReviewSession, StoredEncounter], Sequence[Note]],
        waiting_of: Callable[[ReviewSession], Waiting | None] = lambda session: None,
        require_unblinded: Callable[[ReviewSession, StoredEncounter], None] = nobody_is_blinded,
    ) -> None:
        self._notes_now = notes_now
        self._waiting_of = waiting_of
        self._require_unblinded = require_unblinded
        self._desk = desk
        self._once = once
        self._codings = codings
        self._engine_of = engine_of
        self._client_of = client_of
        self._open_glass = open_glass
        self._recording = recording
        self._pages = pages

    def home(self, session: ReviewSession) -> Response:
        """Who one is and may do, the patient and encounter of the launch, and the newest codings in sight."""
        sight = sight_of(session)
        lines = self._codings.recent(session.tenant, MOST_LISTED, sight.within) if sight.is_role else ()
        self._recording.person(request, session, "list-codings", Action.READ, count=str(len(lines)))
        rights = [right for right in Right if session.person.may(right)]
        may_code = session.person.may(Right.CODE) and self._comes_from_an_ehr(session)
        opened_with = [words(one.get("reference")) for one in (session.launched.fhir_context if session.launched else ())]
        return self._pages.page(
            "home",
            session,
            takes_words=True,
            lines=lines,
            rights=rights,
            may_code=may_code,
            may_upload=may_upload(session),
            may_see_figures=may_see_figures(session),
            is_role=sight.is_role,
            within=sight.within,
            most=MOST_LISTED,
            waiting=self._waiting_of(session),
            sees_second=Right.SECOND_REVIEW in rights,
            sees_report=Right.SEE_OTHERS in rights,
            opened_with=list(filter(None, opened_with)),
            choices=choices(self._client_of(session), session.grant) if may_code else (),
            form_key=self._once.field() if may_code else None,
        )

    def encounter(self, session: ReviewSession, coding_id: str) -> Response:
        """One coding. One that is another practice's, another patient's or nobody's is unknown, and all three look the same."""
        coding = self.in_sight(session, coding_id)
        if coding is None:
            return self._unknown(session, coding_id)
        purpose = "BTG" if not sight_of(session).is_role else ""
        self._recording.person(request, session, "read-coding", Action.READ, coding=coding, purpose=purpose)
        values = self._desk.values(session, coding, is_broken=bool(purpose))
        return self._pages.page("encounter", session, has_script=True, connects=True, swaps=True, leaves=False, is_scripted=False, **values)

    def in_sight(self, session: ReviewSession, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if the person may see it now. Raises Forbidden while they are to code its encounter without having seen it."""
        coding = self.readable(session, coding_id)
        if coding:
            self._require_unblinded(session, coding)
        return coding

    def readable(self, session: ReviewSession, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if its notes are for the person to read: those of a second review are, before its codes."""
        sight = sight_of(session)
        coding = self._codings.get(session.tenant, coding_id) if CODING_ID.fullmatch(coding_id) else None
        if coding is None or not sight.admits(coding) or not (sight.is_role or coding_id in session.opened):
            return None
        return coding if self._is_readable(session, coding) else None

    def code(self, session: ReviewSession) -> Response:
        """Have an encounter coded with the person's own access to the EHR, within what the token allows."""
        self._require_right(session, Right.CODE, "code-encounter")
        encounter_id = request.form.get("encounter", "").removeprefix("Encounter/").strip()
        if not encounter_id:
            raise RequiredMissing("name the encounter that is to be coded")
        if not FHIR_ID.fullmatch(encounter_id):
            raise InvalidContent("no encounter can have this id")
        wanted = CodingRequest(
            session.tenant,
            encounter_id=encounter_id,
            ehr=session.ehr,
            write_back=request.form.get("write_back", "") == "yes",
            sending=self._once.name(session, request.form),
        )
        return self._once.first(session, wanted.sending, lambda: self._coded(session, wanted))

    def look_again(self, session: ReviewSession, coding_id: str) -> Response:
        """Look for an answer to a question: where the encounter has signed notes now that its coding has not read, it is coded again,
        once for these notes."""
        self._require_right(session, Right.CODE, "look-again")
        coding = self.in_sight(session, coding_id) if sight_of(session).is_role else None
        if coding is None:
            return self._unknown(session, coding_id, "look-again")
        if coding.is_inline:
            raise Uncodable("its notes came with the request: send or upload the new ones")
        encounter_id = coding.encounter_reference.rpartition("/")[2]
        wanted = CodingRequest(session.tenant, encounter_id=encounter_id, ehr=coding.ehr, write_back=bool(coding.receipts))
        self._within_token(session, wanted)
        notes = self._notes_now(session, coding)
        since = since_then(coding.notes, notes)
        self._recording.person(request, session, "look-again", Action.READ, coding=coding, signed=str(since.signed))
        if since.signed:
            wanted = replace(wanted, sending=self._once.digest(session, coding.id, sorted((one.id, one.sha256) for one in notes)))
            return self._once.first(session, wanted.sending, lambda: self._coded(session, wanted))
        return self._pages.page("looked_again", session, coding=coding, unsigned=since.unsigned)

    def _coded(self, session: ReviewSession, wanted: CodingRequest) -> Response:
        """Code within the token, and lead to the coding."""
        asked = f"Encounter/{wanted.encounter_id}"
        try:
            allowed = self._within_token(session, wanted)
            if wanted.write_back:  # before the first write: one that cannot be written down is not done
                self._recording.person(request, session, "write-back", Action.EXECUTE, asked=asked, ehr=session.ehr)
            result = self._engine_of(session).code(allowed)
        except NotRecorded:
            raise
        except FhirCoderError as error:
            fate = Success.REFUSED if error.status < 500 else Success.FAILED
            self._recording.person(request, session, "code-encounter", Action.EXECUTE, fate, asked=asked, error=error.code)
            raise
        self._recording.person(
            request,
            session,
            "code-encounter",
            Action.EXECUTE,
            coding=self._codings.get(session.tenant, result.coding_id),
            writeBack=str(wanted.write_back).lower(),
        )
        return self._pages.redirect(self._pages.local(f"/review/encounters/{result.coding_id}"), session.frame_ancestors)

    def break_glass(self, session: ReviewSession) -> Response:
        """Open a coding that one's roles do not show, with a reason. It is written down before anything is shown."""
        self._require_right(session, Right.BREAK_GLASS, "break-glass")
        coding_id, reason = request.form.get("coding", ""), " ".join(request.form.get("reason", "").split())
        if not 10 <= len(reason) <= LONGEST_REASON:
            raise InvalidContent(f"give the reason in 10 to {LONGEST_REASON} characters")
        coding = self._codings.get(session.tenant, coding_id) if CODING_ID.fullmatch(coding_id) else None
        if coding is None or not sight_of(session).admits(coding):
            return self._unknown(session, coding_id, "break-glass")
        self._recording.person(request, session, "break-glass", Action.READ, coding=coding, purpose="BTG", reason=reason)
        self._open_glass(session, coding_id)
        return self._pages.redirect(self._pages.local(f"/review/encounters/{coding_id}"), session.frame_ancestors)

    def _require_right(self, session: ReviewSession, right: Right, event: str) -> None:
        """Raises Forbidden; that it was tried is written down."""
        try:
            require_right(session, right)
        except Forbidden as error:
            self._recording.person(request, session, event, Action.EXECUTE, Success.REFUSED, error=error.code)
            raise

    def _unknown(self, session: ReviewSession, coding_id: str, event: str = "read-coding") -> Response:
        """404, whatever the cause; who may break the glass is told how."""
        shown = coding_id if CODING_ID.fullmatch(coding_id) else ""
        self._recording.person(request, session, event, Action.READ, Success.REFUSED, asked=shown)
        if shown and session.person.may(Right.BREAK_GLASS) and not sight_of(session).is_role and event == "read-coding":
            return self._pages.page("break_glass", session, 404, takes_words=True, coding_id=shown, longest=LONGEST_REASON)
        raise ResourceUnknown(_UNKNOWN)

    def _within_token(self, session: ReviewSession, wanted: CodingRequest) -> CodingRequest:
        """Raises InsufficientScope or Forbidden as the API does for a caller with such a token."""
        if not self._comes_from_an_ehr(session):
            raise Forbidden("an encounter is coded with your own access to the EHR: launch this page from there")
        grant = session.grant
        if grant is None:
            return wanted
        require_scopes(grant.scopes, Operation.CODE_ENCOUNTER)
        return bound(wanted, grant)

    def _is_readable(self, session: ReviewSession, coding: StoredEncounter) -> bool:
        return may_read(self._client_of(session), session, coding.encounter_reference)

    def _comes_from_an_ehr(self, session: ReviewSession) -> bool:
        return session.launched is None or session.launched.is_smart
