"""Carrying out a plan: in one transaction where the EHR takes them, else one by one; then reading back what was written.

A failure stops nothing but what depends on it. An EHR that does not answer is not asked any more; coding the encounter again completes what is
missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.exchange import Resource
from fhir_coder.writeback.at_once import AtOnce
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.one_by_one import OneByOne
from fhir_coder.writeback.steps import Step
from fhir_coder.writeback.transaction import chunks


def execute(steps: Sequence[Step], course: Course) -> list[Resource]:
    """One response for each step, in order."""
    at_once, one_by_one = AtOnce(course), OneByOne(course)
    writing = [one for one in steps if one.writes]
    if course.offer.transacts and len(writing) > 1 and not any(one.is_alone for one in writing):
        for chunk in chunks(writing):
            at_once.write(chunk)
    responses = at_once.responses
    for step in steps:
        if step.full_url not in responses:
            responses[step.full_url] = one_by_one.respond(step)
    return [responses[one.full_url] for one in steps]
