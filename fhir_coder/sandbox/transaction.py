"""Transactions of the built-in EHR: creates and updates, all of them or none (http://hl7.org/fhir/R4/http.html#transaction).

Not taken, because nothing here sends them: deletes, reads, patches, and conditions other than ``ifMatch``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fhir_coder.exchange import Resource
from fhir_coder.sandbox.capability import TYPES
from fhir_coder.sandbox.faults import Refused
from fhir_coder.sandbox.resource_store import ResourceStore, Written

_ETAG = re.compile(r'W/"([A-Za-z0-9\-.]{1,64})"', re.ASCII)
_CONDITIONS = ("ifNoneExist", "ifNoneMatch", "ifModifiedSince")


def transact(store: ResourceStore, bundle: Resource) -> Resource:
    """The transaction-response. Raises Refused for the first entry that cannot be done; nothing is written then."""
    if bundle.get("type") != "transaction":
        raise Refused(400, "not-supported", "only Bundles of type transaction are taken here")
    entries = [_located(store, number, entry) for number, entry in enumerate(bundle.get("entry", ()))]
    addresses = {entry["fullUrl"]: address for entry, address, _ in entries if "fullUrl" in entry}
    resources = [(_addressed(entry["resource"], addresses) | {"id": address.partition("/")[2]}, match) for entry, address, match in entries]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": [_entry(one) for one in store.update_all(resources)]}


def _located(store: ResourceStore, number: int, entry: Resource) -> tuple[Resource, str, str | None]:
    """The entry with the address that its resource will have and the version it must have now ("0": none)."""
    request, resource = entry.get("request", {}), entry.get("resource", {})
    kind = resource.get("resourceType", "")
    if kind not in TYPES:
        raise Refused(400, "not-supported", f"entry {number} holds no resource of a type of this server")
    if any(condition in request for condition in _CONDITIONS):
        raise Refused(400, "not-supported", f"entry {number} has a condition that is not supported in a transaction")
    if (request.get("method"), request.get("url")) == ("POST", kind):
        return entry, f"{kind}/{store.new_id()}", "0"
    if request.get("method") == "PUT" and request.get("url") == f"{kind}/{resource.get('id')}":
        return entry, request["url"], _version(number, request.get("ifMatch"))
    raise Refused(400, "not-supported", f"entry {number} is neither a create nor an update of its resource")


def _version(number: int, tag: str | None) -> str | None:
    match = _ETAG.fullmatch(tag) if tag else None
    if tag and match is None:
        raise Refused(412, "conflict", f"ifMatch of entry {number} is not a weak ETag")
    return match[1] if match else None


def _addressed(value: Any, addresses: Mapping[str, str]) -> Any:
    """References to entries of the Bundle become addresses."""
    if isinstance(value, list):
        return [_addressed(item, addresses) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _addressed(item, addresses) for key, item in value.items()}
    return found | ({"reference": addresses[found["reference"]]} if found.get("reference") in addresses else {})


def _entry(written: Written) -> Resource:
    resource = written.resource
    version, address = resource["meta"]["versionId"], f"{resource['resourceType']}/{resource['id']}"
    response = {
        "status": "201 Created" if written.is_new else "200 OK",
        "location": f"{address}/_history/{version}",
        "etag": f'W/"{version}"',
        "lastModified": resource["meta"]["lastUpdated"],
    }
    return {"resource": resource, "response": response}
