"""Parameters to a CodingRequest: the in half of :mod:`fhir_coder.api.parameters`, with the rules that a table cannot hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fhir_coder.api.given import Given, GivenParameters, read_parameters
from fhir_coder.api.parameters import IN
from fhir_coder.errors import InvalidContent, RequiredMissing, Uncodable
from fhir_coder.exchange import CodingRequest, Resource

_REFERENCE = re.compile(r"Encounter/([A-Za-z0-9\-.]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request and the parameters that it was read from."""

    request: CodingRequest
    given: GivenParameters


def read_coding_request(body: Resource | None, *, tenant: str, encounter_id: str, is_strict: bool) -> ReadRequest:
    """Read the body (None: empty) of a call at type level (``encounter_id`` empty) or instance level.

    Raises InvalidContent (also for an unknown parameter when ``is_strict``), RequiredMissing, or Uncodable when the body is about another
    encounter than the URL. Source: http://hl7.org/fhir/R4/operations.html and the OperationDefinition.
    """
    given = read_parameters(body, IN, is_strict)
    request = CodingRequest(
        tenant=tenant,
        encounter_id=_encounter_id(given, encounter_id),
        encounter=given.value("encounter"),
        patient=given.value("patient"),
        notes=tuple(one.value for one in given.all("note")) or None,
        context=tuple(one.value for one in given.all("context")),
        ehr=given.value("ehr") or "",
        write_back=bool(given.value("writeBack")),
        include_text=bool(given.value("includeText")),
    )
    return ReadRequest(request, given)


def _encounter_id(given: GivenParameters, from_url: str) -> str:
    """The id at the EHR: from the URL, the reference or the inline resource, which must not disagree; empty for an inline one without."""
    inline, reference = given.one("encounter"), given.one("encounterReference")
    if not from_url and inline is None and reference is None:
        raise given.explain(
            RequiredMissing("at type level one of encounter and encounterReference is required", expression=("Parameters.parameter",))
        )
    if not from_url and inline is not None and reference is not None:
        raise InvalidContent("give encounter or encounterReference, not both", expression=(reference.path,))
    found = from_url
    if reference is not None:
        found = _agreed(found, _referenced_id(reference), reference.path)
    if inline is not None:
        found = _agreed(found, inline.value.get("id", ""), f"{inline.path}.resource.id")
    return found


def _referenced_id(given: Given) -> str:
    """Only ``Encounter/[id]``: the EHR is the tenant's, never an address from the request."""
    match = _REFERENCE.fullmatch(given.value.get("reference", ""))
    if match is None:
        raise InvalidContent(
            "encounterReference must be a relative reference Encounter/[id]", expression=(f"{given.path}.value.reference",)
        )
    return match.group(1)


def _agreed(known: str, named: str, path: str) -> str:
    if known and named and known != named:
        raise Uncodable("the request names two different encounters", expression=(path,))
    return known or named
