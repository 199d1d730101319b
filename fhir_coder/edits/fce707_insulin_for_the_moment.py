"""Insulin for the moment.

What it checks
        Long-term use of insulin that rests on words for insulin given once or for a short time only: at this visit, by a sliding scale, until the
    glucose comes down.

Why it matters
        Insulin that brings a high glucose down at an encounter is no long-term use.

Fires
        Z79.4 for ten units of insulin given in the clinic.

Passes
        Z79.4 for insulin taken at home or every day, whatever was given at the visit besides.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a.3
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-707"
NAME = "insulin-for-the-moment"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_MOMENT = re.compile(
    r"\b(?:temporar\w+|sliding scale|one[- ]time|single dose|x ?1\b|given (?:here|today|now)|given in (?:the )?(?:office|clinic|ed|er)|"
    r"in (?:the )?(?:office|clinic|ed|er) today|received \d+ units)\b",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:home|daily|nightly|bedtime|long[- ]term|chronic\w*|every|bid|tid|qhs|qam|meals|pump|basal|continue\w*|takes|taking|dependent)\b",
    re.IGNORECASE,
)


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, when every place that Z79.4 rests on tells of a dose for the moment."""
    evidence = case.evidence_for("Z79.4") if "Z79.4" in case.known else ()
    sentences = [case.sentence_of(one) for one in evidence]
    if sentences and all(_MOMENT.search(one) and not _LASTING.search(one) for one in sentences):
        detail = "Z79.4 rests on a dose for the moment, which is no long-term use; remove it unless it is taken at home."
        yield Fault(("Z79.4",), detail, evidence)
