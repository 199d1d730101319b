"""Writing a proposal to the EHR as far as its metadata allows, and the receipt that says what became of each resource.

Each resource is searched by its identifier first (a Provenance, which has none, by its target), so that coding twice writes once; where the
EHR creates under a condition, the same key (of a Provenance its target and our tag) keeps two writers at once from writing twice. A resource
that others refer to is written before them and its address takes the place of its ``urn:uuid``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from fhir_coder.errors import EhrError, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback.fidelity import altered_codes


class EhrWriter(Protocol):
    """What delivery needs of the EHR client."""

    def search(self, resource_type: str, params: dict[str, str]) -> Iterator[Resource]:
        """Resources that match."""

    def create_once(self, resource: Resource, if_none_exist: str | None = None) -> tuple[Resource, bool]:
        """The created (or, under a condition, the existing) resource with its id, and whether it is new."""

    def capabilities(self) -> Any:
        """What the EHR's metadata offers: ``can(type, interaction)``, ``searches(type, parameter)`` and ``conditional_create(type)``."""


def deliver(bundle: Resource, client: EhrWriter) -> Resource:
    """The receipt: a Bundle of type batch-response with one entry for each entry of ``bundle``."""
    capabilities = client.capabilities()
    addresses: dict[str, str] = {}
    entries = [_deliver_one(entry, client, capabilities, addresses) for entry in bundle["entry"]]
    return {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": response} for response in entries]}


def _deliver_one(entry: Resource, client: EhrWriter, capabilities: Any, addresses: dict[str, str]) -> Resource:
    """One response; a failure here is reported here and stops nothing else."""
    resource = entry["resource"]
    kind = resource["resourceType"]
    if not capabilities.can(kind, "create"):
        return _response("501 Not Implemented", "not-supported", f"The EHR does not offer create for {kind}.", severity="warning")
    try:
        addressed, missing = _with_addresses(resource, addresses)
        if missing and kind == "Provenance":
            return _response("424 Failed Dependency", "incomplete", "Its target was not written.", severity="warning")
        existing = _find(addressed, client, capabilities)
        if existing:
            addresses[entry["fullUrl"]] = f"{kind}/{existing['id']}"
            return _already_there(addressed, existing)
        written, is_new = client.create_once(addressed, _condition(addressed, capabilities))
    except EhrError as error:
        return _refused(error)
    except FhirCoderError as error:
        return _response(f"{error.status} Failed", error.issue, error.message)
    addresses[entry["fullUrl"]] = f"{kind}/{written['id']}"
    return _created(addressed, written) if is_new else _already_there(addressed, written)


def _condition(resource: Resource, capabilities: Any) -> str | None:
    """If-None-Exist query where the EHR offers conditional create: two writers at once still write once."""
    kind = resource["resourceType"]
    if not capabilities.conditional_create(kind):
        return None
    if kind == "Provenance":
        return _provenance_condition(resource) if capabilities.searches(kind, "_tag") else None
    return f"identifier={_token(resource)}"


def _provenance_condition(provenance: Resource) -> str:
    """Its target and our tag: an EHR may keep Provenances of its own for the same target."""
    tag = provenance["meta"]["tag"][0]
    return f"target={provenance['target'][0]['reference']}&_tag={tag['system']}|{tag['code']}"


def _find(resource: Resource, client: EhrWriter, capabilities: Any) -> Resource | None:
    """The resource already written for this proposal, checked here because servers may ignore a search parameter."""
    kind = resource["resourceType"]
    if not capabilities.can(kind, "search-type"):
        return None
    if kind == "Provenance":
        target = resource["target"][0]["reference"]
        found = client.search(kind, {"target": target})
        return next((one for one in found if _same_target(one, target) and _by_this_software(one)), None)
    wanted = resource["identifier"][0]
    found = client.search(kind, {"identifier": _token(resource)})
    return next((one for one in found if wanted["value"] in {i.get("value") for i in one.get("identifier", ())}), None)


def _token(resource: Resource) -> str:
    identifier = resource["identifier"][0]
    return f"{identifier['system']}|{identifier['value']}"


def _same_target(provenance: Resource, target: str) -> bool:
    return any(one.get("reference", "").endswith(target) for one in provenance.get("target", ()))


def _by_this_software(provenance: Resource) -> bool:
    """Ours: it carries our Device."""
    names = [name.get("name") for one in provenance.get("contained", ()) for name in one.get("deviceName", ())]
    return "fhir-coder" in names


def _with_addresses(value: Any, addresses: dict[str, str]) -> tuple[Any, bool]:
    """The resource with each ``urn:uuid`` replaced by its address; one that was not written becomes a display, and True is returned."""
    if isinstance(value, list):
        pairs = [_with_addresses(item, addresses) for item in value]
        return [item for item, _ in pairs], any(missing for _, missing in pairs)
    if not isinstance(value, dict):
        return value, False
    reference = value.get("reference")
    if isinstance(reference, str) and reference.startswith("urn:uuid:"):
        if reference in addresses:
            return {**value, "reference": addresses[reference]}, False
        return {"display": "proposed, not written"}, True
    pairs_by_key = {key: _with_addresses(item, addresses) for key, item in value.items()}
    return {key: item for key, (item, _) in pairs_by_key.items()}, any(missing for _, missing in pairs_by_key.values())


def _created(sent: Resource, kept: Resource) -> Resource:
    """Written; and whether the EHR kept the codes as they were sent."""
    response = _located("201 Created", kept)
    if altered := altered_codes(sent, kept):
        response["outcome"] = _altered(altered, "The EHR did not keep the codes as they were sent")
    return response


def _already_there(sent: Resource, kept: Resource) -> Resource:
    """Nothing written; and whether what is there says the same: after a change of the notes it may not."""
    response = _located("200 OK", kept)
    if altered := altered_codes(sent, kept):
        response["outcome"] = _altered(altered, "Already there with other codes; it was left as it is")
    else:
        response["outcome"] = _outcome("information", "duplicate", "Already there; nothing was written.")
    return response


def _altered(elements: tuple[str, ...], sentence: str) -> Resource:
    outcome = _outcome("warning", "conflict", f"{sentence}: {', '.join(elements)}.")
    outcome["issue"][0]["expression"] = list(elements)
    return outcome


def _located(status: str, resource: Resource) -> Resource:
    version = resource.get("meta", {}).get("versionId")
    address = f"{resource['resourceType']}/{resource['id']}"
    response: Resource = {"status": status, "location": f"{address}/_history/{version}" if version else address}
    if version:
        response["etag"] = f'W/"{version}"'
    return response


def _refused(error: EhrError) -> Resource:
    """The EHR's own OperationOutcome where it sent one."""
    response = _response(f"{error.ehr_status or error.status} Refused", error.issue, error.message)
    if error.outcome:
        response["outcome"] = error.outcome
    return response


def _response(status: str, issue: str, text: str, severity: str = "error") -> Resource:
    return {"status": status, "outcome": _outcome(severity, issue, text)}


def _outcome(severity: str, issue: str, text: str) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": issue, "diagnostics": text}]}
