"""The verificationStatus of a signed code by what its note says."""

from __future__ import annotations

import pytest

from fhir_coder.model import Assertions, Mentions, Sections
from fhir_coder.reading.context import load_rules
from fhir_coder.signing.verification import OF_SEVERAL, verification_of
from fhir_coder.worklist.decision import Span
from fhir_coder.worklist.review import Origin, ReviewedCode
from tests.reading.marked import assert_marked
from tests.writeback.practice import ENCOUNTER


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("{Pneumonia}, stable.", "confirmed"),
        ("Cough, likely {pneumonia}.", "provisional"),
        ("Chest x-ray to rule out {pneumonia}.", "provisional"),
        ("{Pneumonia} is suspected.", "provisional"),
        ("Differential diagnosis includes {pneumonia} and asthma.", "differential"),
        ("Differential diagnosis includes pneumonia and {asthma}.", "differential"),
        ("DDx: {pneumonia}, asthma.", "differential"),
        ("{Pneumonia} versus bronchitis.", "differential"),
        ("Pneumonia vs {bronchitis}.", "differential"),
        ("{Pneumonia} is on the differential.", "differential"),
        ("{Pneumonia} remains in the differential.", "differential"),
        ("No {pneumonia}.", "unconfirmed"),
    ],
)
def test_the_status_is_what_the_provider_asserts(sentence: str, status: str) -> None:
    assert _status(sentence) == status


def test_what_is_suspected_by_itself_too_is_provisional() -> None:
    assert _status("{Pneumonia} versus bronchitis.", "Likely {pneumonia}.") == "provisional"


def test_what_is_established_elsewhere_is_confirmed() -> None:
    assert _status("{Pneumonia} versus bronchitis.", "{Pneumonia}, on antibiotics.") == "confirmed"


def test_the_rules_of_a_differential_are_there() -> None:
    assert {one.id for one in load_rules().rules} >= OF_SEVERAL


def _status(*sentences: str) -> str:
    """Of a code that rests on the words in braces."""
    said = tuple(map(assert_marked, sentences))
    spans = tuple(Span("n", one.mention.start, one.mention.end, "") for one in said)
    code = ReviewedCode("J18.9", "Pneumonia", Origin.PROPOSED, spans=spans)
    return verification_of([code], Assertions(Mentions(Sections(ENCOUNTER, ()), ()), said))["J18.9"]
