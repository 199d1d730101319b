"""Writing a proposal to the EHR as far as its metadata allows, and the receipt that says what became of each resource.

Three acts, each in a file of its own: look what stands there (:mod:`fhir_coder.writeback.survey`), decide on one step for each resource
(:mod:`fhir_coder.writeback.plan`, a pure function), carry the steps out (:mod:`fhir_coder.writeback.execution`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.adoption import adopted
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.ehr_writer import EhrWriter
from fhir_coder.writeback.execution import execute
from fhir_coder.writeback.permitted import PermittedOffer
from fhir_coder.writeback.plan import plan
from fhir_coder.writeback.steps import Step
from fhir_coder.writeback.survey import Surveyor
from fhir_coder.writeback.terms import Terms

Begin = Callable[[Resource], None]
"""Told, before anything is sent, the receipt as it stands then."""


def deliver(bundle: Resource, client: EhrWriter, terms: Terms | None = None, begin: Begin | None = None) -> Resource:
    """The receipt: a Bundle of type batch-response with one entry for each entry of ``bundle``, in its order, and after these one for each
    resource of an earlier coding that was retired or should have been, with the Provenance of its retirement.

    No failure of the EHR is raised: each stands in the receipt. What ``begin`` raises is raised, and nothing is sent then.
    """
    given = terms or Terms()
    try:
        offer = PermittedOffer(client.capabilities(), given.withheld)
    except FhirCoderError as error:
        return receipt.receipt_of(receipt.refused(error) for _ in bundle["entry"])
    surveyor = Surveyor(client, offer, given)
    survey = surveyor.survey(entry["resource"] for entry in bundle["entry"])
    steps = plan(bundle, survey, offer, replace(given, earlier=adopted(given.earlier, survey.existing)))
    course = Course(steps, client, offer, surveyor, given.encounter, survey.silence)
    if begin is None or not any(one.writes for one in steps):
        return receipt.receipt_of(execute(steps, course))
    begun = [_begun(one) for one in steps]
    begin(receipt.receipt_of(begun))
    responses = execute(steps, course)
    return receipt.receipt_of(map(_with_address, responses, begun))


def _begun(step: Step) -> Resource:
    """How a step stands before anything is sent; ``word`` tells what becomes of a resource that is not among those proposed."""
    if not step.writes:
        return receipt.answer("102 Looked at", "informational", "Nothing is to be sent of it.", "information")
    return receipt.begun(step.current, step.word)


def _with_address(response: Resource, begun: Resource) -> Resource:
    """An update that failed at the EHR keeps the version that it was for: it may have been done all the same."""
    is_open = response["status"].startswith("5") and "location" not in response
    return response | {"location": begun["location"]} if is_open and "location" in begun else response
