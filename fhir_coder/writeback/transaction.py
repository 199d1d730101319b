"""One transaction Bundle and its answer: plain creates and guarded updates, all of it or nothing (http://hl7.org/fhir/R4/http.html#transaction).

There are no conditional creates in it: servers bound how many a transaction may hold, and the search before has the same effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fhir_coder.exchange import Resource
from fhir_coder.writeback.names import address_of, version_of
from fhir_coder.writeback.steps import Step

MAX_ENTRIES = 40
"""Resources in one transaction: below the bounds that servers are known to set (Medplum takes 50 updates)."""

_LOCATION = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?/?$", re.ASCII
)

_VERSION = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


def chunks(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """The writing steps in their order, which puts what is referred to before what refers to it, in transactions of bounded size."""
    for start in range(0, len(steps), MAX_ENTRIES):
        yield tuple(steps[start : start + MAX_ENTRIES])


def transaction_entry(step: Step, resource: Resource) -> Resource:
    """One entry: a create under its ``urn:uuid``, or an update of the version that was read."""
    if step.current is None:
        request = {"method": "POST", "url": step.kind}
        return ({"fullUrl": step.full_url} if step.full_url.startswith("urn:") else {}) | {"resource": resource, "request": request}
    request = {"method": "PUT", "url": address_of(step.current), "ifMatch": f'W/"{version_of(step.current)}"'}
    return {"resource": resource, "request": request}


def transaction_bundle(entries: Sequence[Resource]) -> Resource:
    """The Bundle of type transaction."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def kept_resource(entry: Resource, sent: Resource) -> Resource | None:
    """What the EHR says it keeps, from one entry of its response: the resource, or what was sent under the address it names; None when it
    names none."""
    if not entry.get("response", {}).get("status", "2").startswith("2"):
        return None
    resource = entry.get("resource", {})
    if resource.get("resourceType") == sent["resourceType"] and resource.get("id"):
        return dict(resource)
    response = entry.get("response", {})
    found = _LOCATION.search(response.get("location", ""))
    resource_id = found["id"] if found and found["type"] == sent["resourceType"] else sent.get("id")
    if not resource_id:
        return None
    version = (found and found["version"]) or response.get("etag", "").removeprefix("W/").strip('"')
    version = version if _VERSION.fullmatch(version) else ""
    meta = sent.get("meta", {}) | ({"versionId": version} if version else {})
    return {**sent, "id": resource_id} | ({"meta": meta} if meta else {})
