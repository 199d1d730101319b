"""A message that came, answered: AA once its visit stands in the store, to be looked at; AE where the message is at fault, AR where it may be sent again.

AR is for what this receiver does not take and for what has nothing to do with the message (HL7 v2.5.1 section 2.9.2.1). To who asks by the enhanced mode (2.9.3)
the same is said by CA, CE and CR, as what is in the store is committed to; one message has one answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from fhir_coder.billing.segments import header, message, repeats, segment
from fhir_coder.discovery.hl7_event import (
    APPLICATION_ACCEPT,
    APPLICATION_ERROR,
    APPLICATION_REJECT,
    INTERNAL,
    LONGEST_VALUE,
    UNKNOWN_VALUE,
    WRONG_VALUE,
    Sender,
    Unaccepted,
    Visit,
    read_event,
)
from fhir_coder.discovery.watched import BY_IDENTIFIER, Found
from fhir_coder.discovery_settings import Way
from fhir_coder.errors import Busy
from fhir_coder.fhir_id import is_addressable

MOST_UNTOLD = 20_000
"""Encounters of an EHR that wait, that somebody named and that the EHR has told nothing of: messages of further ones are to be sent again. More than are
signed while an EHR is away for a day, and what is not there keeps it busy for no more than part of an hour."""
FULL = "full"
"""How an answer is counted that says so: in the table of errors it is none of its own."""
_LOG = logging.getLogger("fhir_coder.discovery")


@dataclass(frozen=True, slots=True)
class Desk:
    """An EHR whose messages are taken, and how it is told."""

    tenant: str
    ehr: str
    way: Way

    def is_of(self, sender: Sender) -> bool:
        """Whether the message is of this EHR."""
        wanted = ((self.way.application, sender.application), (self.way.facility, sender.facility))
        return all(not configured or configured == sent for configured, sent in wanted)


def _uncounted(answer: str, error: str) -> None:
    """Where nobody counts."""


class Reception:
    """``note`` watches an encounter of a tenant's EHR, or raises Busy where it has no room; ``now`` tells the time (aware); ``count`` hears of each answer: its
    code, and that of the error, :data:`FULL` or empty. Safe to share between threads."""

    def __init__(
        self,
        desks: Sequence[Desk],
        note: Callable[[str, str, list[Found]], object],
        now: Callable[[], datetime],
        count: Callable[[str, str], object] = _uncounted,
    ) -> None:
        self._desks = tuple(desks)
        self._note = note
        self._now = now
        self._count = count

    def answer(self, content: bytes) -> bytes:
        """The acknowledgement, empty where the sender wants none. Nothing is raised: what fails here may be sent again."""
        try:
            visit = read_event(content)
            self._take(visit)
            return self._acknowledgement(visit.sender, APPLICATION_ACCEPT)
        except Unaccepted as refused:
            _LOG.info("a message was not taken: %s", refused.words)
            return self._acknowledgement(refused.sender, refused.code, refused.error, refused.words)
        except Busy as full:
            _LOG.info("a message was not taken: %s", full.message)
            words = "too many visits are waited for that the EHR does not know; send it again"
            return self._acknowledgement(_sender(content), APPLICATION_REJECT, INTERNAL, words, FULL)
        except Exception as error:  # the database may be away
            _LOG.warning("a message could not be taken: %s", type(error).__name__)
            return self._acknowledgement(_sender(content), APPLICATION_REJECT, INTERNAL, "it could not be kept; send it again")

    def _take(self, visit: Visit) -> None:
        desk = next((one for one in self._desks if one.is_of(visit.sender)), None)
        if desk is None:
            raise Unaccepted(APPLICATION_REJECT, UNKNOWN_VALUE, "MSH-3 and MSH-4 name no sender that is configured", visit.sender)
        self._note(desk.tenant, desk.ehr, [Found(_place(desk.way, visit))])

    def _acknowledgement(self, to: Sender, code: str, error: str = "", words: str = "", counted: str = "") -> bytes:
        """ACK (2.13.1) with ERR where it was not taken. A control id that could not be read is left empty."""
        self._count(code, counted or error)
        word = _word(to, code)
        if not word:
            return b""
        msh = header(
            {
                3: "FHIR-CODER",
                5: to.application,
                6: to.facility,
                7: self._now().strftime("%Y%m%d%H%M%S%z"),
                9: repeats(["ACK", to.event, "ACK"]) if to.event else "ACK",
                10: uuid4().hex[:20],
                11: to.processing or "P",
                12: to.version or "2.5.1",
            }
        )
        lines = [msh, segment("MSA", {1: word, 2: to.control})]
        if error:
            lines.append(segment("ERR", {3: repeats([error, "", "HL70357"]), 4: "E", 8: words}))
        return message(lines)


def _word(to: Sender, code: str) -> str:
    """The answer by the mode that the sender asks for (2.9.2, 2.9.3): in the enhanced one the accept acknowledgement where it wants that, else that of the
    application, or empty where it wants neither."""
    if not (to.accept or to.application_level):
        return code
    wanted = {"AL", "SU" if code == APPLICATION_ACCEPT else "ER"}
    if to.accept in wanted:
        return f"C{code[1]}"
    return code if to.application_level in wanted else ""


def _place(way: Way, visit: Visit) -> str:
    """Where the encounter of a visit is found. Raises Unaccepted."""
    if way.visit == "id":
        if not is_addressable(visit.number):
            raise Unaccepted(APPLICATION_ERROR, WRONG_VALUE, "PV1-19 is no id of an Encounter", visit.sender)
        return visit.number
    if (
        len(visit.number) > LONGEST_VALUE - len(way.system)
        or any(mark in visit.number for mark in "|,$\\")
        or not visit.number.isprintable()
    ):
        raise Unaccepted(APPLICATION_ERROR, WRONG_VALUE, "PV1-19 is nothing that can be searched by", visit.sender)
    return f"{BY_IDENTIFIER}{f'{way.system}|' if way.system else ''}{visit.number}"


def _sender(content: bytes) -> Sender:
    try:
        return read_event(content).sender
    except Unaccepted as refused:
        return refused.sender
