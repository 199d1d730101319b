"""The labels that what we write carries on from what it was made of.

A receiver of labelled content is to "carry the security labels forward as appropriate" (HL7 FHIR DS4P IG, http://hl7.org/fhir/uv/security-label-ds4p/),
and content made of several parts has the highest confidentiality of them, the high-water mark (HL7 Healthcare Privacy and Security
Classification System, and http://hl7.org/fhir/R4/security-labels.html for Bundles). So one confidentiality code is carried, the highest, and every
other label as it is: a diagnosis from a record of a 42 CFR Part 2 program stays one (42 CFR 2.32).
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder.exchange import Resource
from fhir_coder.model import SecurityLabel
from fhir_coder.vocabulary import CONFIDENTIALITY, OBSERVATION_VALUE

_ASCENDING = ("U", "L", "M", "N", "R", "V")
"""Confidentiality from unrestricted to very restricted (http://terminology.hl7.org/CodeSystem/v3-Confidentiality)."""


def high_water(labels: Iterable[SecurityLabel]) -> list[Resource]:
    """The labels to carry, as Codings. What says how the source itself was asserted (v3-ObservationValue) is not carried."""
    found = list(dict.fromkeys(labels))
    levels = [one.code for one in found if one.system == CONFIDENTIALITY and one.code in _ASCENDING]
    highest = [SecurityLabel(CONFIDENTIALITY, max(levels, key=_ASCENDING.index))] if levels else []
    others = [one for one in found if one.system not in {CONFIDENTIALITY, OBSERVATION_VALUE}]
    return [{"system": one.system, "code": one.code} if one.system else {"code": one.code} for one in (*highest, *others)]
