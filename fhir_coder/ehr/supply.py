"""Where an intake finds resources: what the caller sent along, then the EHR, as far as its metadata allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.references import address_of, id_of, literal
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import EhrError, EhrRefused, RequestError
from fhir_coder.exchange import Resource

ENCOUNTER_PARAMETER = {"Procedure": "encounter", "ChargeItem": "context", "Condition": "encounter"}
"""Search parameter by which each type names its encounter (http://hl7.org/fhir/R4/searchparameter-registry.html)."""


class Supply:
    """The caller's ``context`` and the EHR (or None). ``warn`` takes sentences on what could not be had.

    ``is_best_effort``: the encounter itself came from the caller, so the EHR only adds to it and its failure stops nothing.
    """

    def __init__(
        self, context: Iterable[Resource], client: EhrClient | None, warn: Callable[[str], None], is_best_effort: bool = False
    ) -> None:
        self.context = tuple(context)
        self._client = client
        self._warn = warn
        self._is_best_effort = is_best_effort
        self._is_failing = False

    def given(self, resource_type: str) -> tuple[Resource, ...]:
        """Resources of the type that the caller sent along."""
        return tuple(one for one in self.context if one["resourceType"] == resource_type)

    def one(self, address: str) -> Resource | None:
        """The resource at ``Type/id``, or None when neither side has it to give."""
        sent = next((one for one in self.context if address_of(one) == address), None)
        return sent or self.known(address)

    def known(self, address: str) -> Resource | None:
        """The EHR's own resource at ``Type/id``."""
        kind = address.partition("/")[0]
        found = self._attempt(kind, "read", lambda client: [client.read(kind, id_of(address))])
        return found[0] if found else None

    def of_visit(self, resource_type: str, visit: Visit) -> tuple[Resource, ...]:
        """Resources of the type sent along, or where there are none the EHR's for this patient and, if it can be asked so, encounter."""
        return self.given(resource_type) or self.held(resource_type, visit)

    def held(self, resource_type: str, visit: Visit, **more: str) -> tuple[Resource, ...]:
        """The EHR's resources for this patient and, if it can be asked so, encounter; ``more`` are search parameters sent where it lists
        them. None without a patient: no EHR is asked for everybody's."""

        def search(client: EhrClient) -> list[Resource]:
            listed = {name: value for name, value in more.items() if client.capabilities().searches(resource_type, name)}
            return list(client.search(resource_type, visit_parameters(client, resource_type, visit) | listed, self._warn))

        return tuple(self._attempt(resource_type, "search-type", search)) if visit.patient else ()

    def roles_of(self, practitioner: str) -> tuple[Resource, ...]:
        """The PractitionerRoles of a practitioner (``Type/id``): those sent along, and the EHR's where it can be asked by practitioner."""

        def search(client: EhrClient) -> list[Resource]:
            is_listed = client.capabilities().searches("PractitionerRole", "practitioner")
            return list(client.search("PractitionerRole", {"practitioner": practitioner}, self._warn)) if is_listed else []

        found = (*self.given("PractitionerRole"), *self._attempt("PractitionerRole", "search-type", search))
        return tuple(one for one in found if literal(one.get("practitioner")) == practitioner)

    def _attempt(self, kind: str, interaction: str, ask: Callable[[EhrClient], list[Resource]]) -> list[Resource]:
        """Ask the EHR if it offers this. Refusals become warnings; an EHR that is down stops the request unless it is only asked as well."""
        if self._client is None or self._is_failing:
            return []
        try:
            return ask(self._client) if self._client.capabilities().can(kind, interaction) else []
        except (EhrRefused, RequestError) as error:
            self._warn(f"{kind} could not be had from the EHR: {error.message}")
        except EhrError as error:
            if not self._is_best_effort:
                raise
            self._is_failing = True
            self._warn(f"the EHR was not asked further: {error.message}")
        return []


def visit_parameters(client: EhrClient, resource_type: str, visit: Visit) -> dict[str, str]:
    """Search parameters for the resources of a visit: always the patient (Epic and Oracle demand it), the encounter where listed."""
    params = {"patient": visit.patient} if visit.patient else {}
    name = ENCOUNTER_PARAMETER.get(resource_type, "")
    is_listed = bool(name and visit.encounter) and client.capabilities().searches(resource_type, name)
    return params | ({name: visit.encounter} if is_listed else {})
