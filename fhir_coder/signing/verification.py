"""The verificationStatus that a signed code has: what the provider asserts in the note. The coder's approval is no part of it.

Source: http://hl7.org/fhir/R4/valueset-condition-ver-status.html. ``provisional`` is a tentative diagnosis still under consideration, ``differential``
one of a set of potential diagnoses that exclude each other, ``confirmed`` one with sufficient evidence. An uncertain diagnosis of an outpatient is not
coded as if it were established (ICD-10-CM Official Guidelines FY2026, IV.H); where a coder signs one all the same, the record says that it is the provider's working diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fhir_coder.model import Assertion, Assertions, Experiencer, Presence
from fhir_coder.worklist.decision import Span
from fhir_coder.worklist.review import Origin, ReviewedCode

CONFIRMED, PROVISIONAL, DIFFERENTIAL, UNCONFIRMED = "confirmed", "provisional", "differential", "unconfirmed"
OF_SEVERAL = frozenset({"unc-differential", "unc-differential-after", "unc-both-versus"})
"""Context rules (``reading/context.toml``) by which a note names several diagnoses of which one may be right."""


def verification_of(codes: Iterable[ReviewedCode], assertions: Assertions | None) -> Mapping[str, str]:
    """The status of each code. ``assertions`` are what the notes say, None where their words cannot be had."""
    return {one.code: _status(one, assertions) for one in codes}


def _status(code: ReviewedCode, assertions: Assertions | None) -> str:
    """By the words that the code rests on. A code without words of a note has no provider's statement behind it; without the words themselves, the
    engine's own code is what it is only because they assert it."""
    if not code.spans:
        return UNCONFIRMED
    if assertions is None:
        return CONFIRMED if code.origin is Origin.PROPOSED else UNCONFIRMED
    said = [one for one in assertions.assertions if any(_overlap(one, span) for span in code.spans)]
    if not said or any(one.is_codable or _is_past(one) for one in said):
        return CONFIRMED
    suspected = [one for one in said if _is_suspected(one)]
    if not suspected:
        return UNCONFIRMED
    # Suspected by itself in one place and of several in another, it is the one that the provider works with.
    return DIFFERENTIAL if all(OF_SEVERAL.intersection(one.cues) for one in suspected) else PROVISIONAL


def _overlap(assertion: Assertion, span: Span) -> bool:
    mention = assertion.mention
    return mention.note_id == span.note_id and mention.start < span.end and span.start < mention.end


def _is_past(assertion: Assertion) -> bool:
    """What the patient, or the family, had is asserted too: codes of history rest on it (guideline I.C.21.c.4)."""
    return assertion.presence is Presence.PRESENT


def _is_suspected(assertion: Assertion) -> bool:
    return assertion.presence is Presence.POSSIBLE and assertion.experiencer is Experiencer.PATIENT
