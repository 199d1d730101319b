"""Writing a proposal to the EHR as far as its metadata allows, and the receipt that says what became of each resource.

Three acts, each in a file of its own: look what stands there (:mod:`fhir_coder.writeback.survey`), decide on one step for each resource
(:mod:`fhir_coder.writeback.plan`, a pure function), carry the steps out (:mod:`fhir_coder.writeback.execution`).
"""

from __future__ import annotations

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.ehr_writer import EhrWriter
from fhir_coder.writeback.execution import execute
from fhir_coder.writeback.permitted import PermittedOffer
from fhir_coder.writeback.plan import plan
from fhir_coder.writeback.survey import Surveyor
from fhir_coder.writeback.terms import Terms


def deliver(bundle: Resource, client: EhrWriter, terms: Terms | None = None) -> Resource:
    """The receipt: a Bundle of type batch-response with one entry for each entry of ``bundle``, in its order, and after these one for each
    resource of an earlier coding that was retired or should have been, with the Provenance of its retirement.

    No failure of the EHR is raised: each stands in the receipt.
    """
    given = terms or Terms()
    try:
        offer = PermittedOffer(client.capabilities(), given.withheld)
    except FhirCoderError as error:
        return receipt.receipt_of(receipt.refused(error) for _ in bundle["entry"])
    surveyor = Surveyor(client, offer, given)
    survey = surveyor.survey(entry["resource"] for entry in bundle["entry"])
    steps = plan(bundle, survey, offer, given)
    course = Course(steps, client, offer, surveyor, given.encounter, survey.silence)
    return receipt.receipt_of(execute(steps, course))
