"""What became of one attempt to deliver, and what an acknowledgement of HL7 v2 says (v2.5.1 section 2.9.2, table 0008)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import hl7


class Fate(Enum):
    """``NOT_TAKEN``: surely not with the receiver, so that trying again charges nothing twice. ``UNANSWERED``: nobody here can tell."""

    TAKEN = "taken"
    WRITTEN = "written"
    REFUSED = "refused"
    NOT_TAKEN = "not taken"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Answer:
    """``code``: of table 0008 or empty; ``detail``: our words or an error code of table 0357, never the receiver's text."""

    fate: Fate
    code: str = ""
    detail: str = ""


FATES = {
    "AA": Fate.TAKEN,
    "CA": Fate.TAKEN,
    "AE": Fate.REFUSED,
    "CE": Fate.REFUSED,
    "AR": Fate.NOT_TAKEN,
    "CR": Fate.NOT_TAKEN,
}
"""AR is for reasons that have nothing to do with the message, which may be accepted later (2.9.2.1)."""
_ERROR_CODE = re.compile(r"[0-9A-Za-z]{1,20}", re.ASCII)


def read_acknowledgement(reply: bytes, control_number: str) -> Answer | None:
    """The answer to the message of that control number (MSA-2), or None: it answers another, or is no acknowledgement that can be read."""
    try:
        parsed = hl7.parse(reply.decode("utf-8", "replace"))
        msa = parsed.segment("MSA")
        code, answered = str(msa[1]), str(msa[2])
    except (hl7.HL7Exception, KeyError, IndexError, ValueError):
        return None
    if answered != control_number or code not in FATES:
        return None
    return Answer(FATES[code], code, _error_code(parsed))


def _error_code(parsed: hl7.Message) -> str:
    """ERR-3.1, where it has the form of a code."""
    try:
        found = parsed.extract_field("ERR", 1, 3, 1, 1)
    except (hl7.HL7Exception, KeyError, IndexError):
        return ""
    return found if isinstance(found, str) and _ERROR_CODE.fullmatch(found) else ""
