"""An EHR in memory that does what its CapabilityStatement lists and nothing else, with bad habits and faults to order.

A test gives it a statement (a vendor's own, or :func:`full_statement`), takes ``client()``, and looks at ``held()`` and ``calls``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.tenant_settings import EhrSettings

Resource = dict[str, Any]
ORIGIN = "https://simulated.invalid"
BASE = f"{ORIGIN}/fhir/R4"
TYPES = ("Condition", "Claim", "Task", "Provenance", "Encounter", "Patient", "DocumentReference", "Binary", "Coverage", "Procedure")
ALL = ("read", "search-type", "create", "update")
DEATH = -2
"""As a status: the process that asks dies, before the request reaches the EHR or, where it acts, before the answer is there."""
_SEARCHED = {
    "patient": ("subject", "patient", "for", "beneficiary"),
    "subject": ("subject",),
    "encounter": ("encounter", "context"),
    "target": ("target",),
}
_ALWAYS_SEARCHED = frozenset({"_count", "_offset", "_id", "_tag"})


def full_statement(
    *,
    transaction: bool = False,
    conditional: bool = False,
    without: Mapping[str, Sequence[str]] | None = None,
    types: Sequence[str] = TYPES,
) -> Resource:
    """The CapabilityStatement of a server that does everything but the interactions ``without`` names by type."""
    resources = [
        {
            "type": kind,
            "interaction": [{"code": code} for code in ALL if code not in (without or {}).get(kind, ())],
            "conditionalCreate": conditional,
            "searchParam": [{"name": name, "type": "token"} for name in ("identifier", "patient", "encounter", "target", "_tag", "_id")],
        }
        for kind in types
    ]
    rest: Resource = {"mode": "server", "resource": resources}
    if transaction:
        rest["interaction"] = [{"code": "transaction"}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "implementation": {"description": "simulated"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [rest],
    }


@dataclass(frozen=True)
class Habits:
    """What some EHRs do to what they are sent, or leave undone."""

    loses_identifier: bool = False
    drops_coding: bool = False
    appends_dot: bool = False
    confirms: bool = False
    drops_tags: bool = False
    moves_to_problem_list: bool = False
    adds_recorder: bool = False
    keeps_no_versions: bool = False
    answers_minimally: bool = False
    ignores_parameters: bool = False
    refuses_unlisted_parameters: bool = False
    is_blind_to_new: bool = False
    """Searches do not see what was written a moment ago."""


@dataclass
class Fault:
    """A failure of requests that begin with ``on`` (``POST Condition``, ``PUT``): after ``after`` of them, ``times`` fail (-1: all).

    ``status`` 0 is a timeout, -1 a lost connection, :data:`DEATH` the end of the process that asks; with ``acts`` the request takes effect all the same. ``body`` answers with these bytes
    instead of an OperationOutcome, ``headers`` add to the answer's.
    """

    on: str
    status: int = 0
    acts: bool = False
    after: int = 0
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seen: int = 0

    def strikes(self, what: str) -> bool:
        """Whether this request fails; counts it."""
        if not what.startswith(self.on):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times < 0 or self.seen <= self.after + self.times)


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, text: str = "refused") -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass
class Reply:
    """Status, resource and headers of an answer; ``body`` in place of the resource."""

    status: int
    resource: Resource
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class SimulatedEhr:
    """``calls`` lists each request as method and path; ``waits`` the seconds that a client waited; ``refuse`` maps a type to a status."""

    def __init__(self, statement: Resource, habits: Habits | None = None, faults: Sequence[Fault] = (), page: int = 100) -> None:
        self.statement = statement
        self.habits = habits or Habits()
        self.faults = list(faults)
        self.page = page
        self.refuse: dict[str, int] = {}
        self.calls: list[str] = []
        self.waits: list[float] = []
        self._history: dict[str, list[Resource]] = {}
        self._numbers = 0

    # ------------------------------------------------------------------------------------------------------- for the test

    def client(self, retry: RetryPolicy = RetryPolicy(attempts=3), **settings: Any) -> EhrClient:  # noqa: B008 (a constant)
        """A client of it that does not sleep."""
        session = requests.Session()
        session.mount(ORIGIN, _Adapter(self))
        return EhrClient(EhrSettings("simulated", BASE, **settings), session, sleep=self.waits.append, retry=retry)

    def held(self, kind: str) -> list[Resource]:
        """Current resources of a type, oldest first."""
        return [versions[-1] for address, versions in self._history.items() if address.startswith(f"{kind}/")]

    def versions(self, address: str) -> list[Resource]:
        """Every version of a resource."""
        return self._history[address]

    def put(self, resource: Resource) -> Resource:
        """Store a new version as somebody other than our client would."""
        return self._store(deepcopy(resource), f"{resource['resourceType']}/{resource['id']}")

    def change(self, address: str, **elements: Any) -> Resource:
        """Set elements of a resource as a person at the EHR would; None removes one."""
        current = {key: value for key, value in self._history[address][-1].items() if elements.get(key, ...) is not None}
        return self.put(current | {key: value for key, value in elements.items() if value is not None})

    @property
    def writes(self) -> list[str]:
        """The calls that write."""
        return [one for one in self.calls if not one.startswith("GET")]

    # ----------------------------------------------------------------------------------------------------------- over HTTP

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request. Raises requests' exceptions where no answer comes."""
        what = f"{method} {path}"
        self.calls.append(what)
        fault = next((one for one in self.faults if one.strikes(what)), None)
        if fault is None:
            return self._answered(method, path, query, headers, body)
        if fault.acts:
            self._answered(method, path, query, headers, body)
        if fault.status == 0:
            raise requests.Timeout
        if fault.status == DEATH:
            raise SystemExit("the process dies")
        if fault.status < 0:
            raise requests.ConnectionError("lost")
        return Reply(fault.status, {} if fault.body else _outcome("transient", "fault to order"), dict(fault.headers), fault.body)

    def _answered(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        sent = json.loads(body) if body else {}
        try:
            if path == "metadata":
                return Reply(200, self.statement)
            if path == "":
                return self._transact(sent)
            return self._one(method, path, query, headers, sent)
        except Refusal as refusal:
            return Reply(refusal.status, _outcome(refusal.code, refusal.text))

    def _one(self, method: str, path: str, query: str, headers: Mapping[str, str], sent: Resource) -> Reply:
        kind, _, resource_id = path.partition("/")
        interaction = {("GET", True): "read", ("GET", False): "search-type", ("POST", False): "create", ("PUT", True): "update"}.get(
            (method, bool(resource_id)), "other"
        )
        self._require(kind, interaction)
        if interaction == "search-type":
            return self._search(kind, query)
        if interaction == "read":
            return self._written(200, self._current(path))
        if interaction == "update":
            return self._written(200, self._update(path, sent, headers.get("If-Match", "")))
        condition = headers.get("If-None-Exist", "")
        if condition and self._type(kind).get("conditionalCreate"):
            found = self._matches(kind, parse_qsl(condition), sees_new=True)
            if len(found) > 1:
                raise Refusal(412, "multiple-matches")
            if found:
                return self._written(200, found[0])
        return self._written(201, self._create(sent))

    def _transact(self, bundle: Resource) -> Reply:
        if not any(one.get("code") == "transaction" for one in self.statement["rest"][0].get("interaction", ())):
            raise Refusal(405, "not-supported", "no transactions")
        before, numbers = deepcopy(self._history), self._numbers
        try:
            entries = self._transacted(bundle["entry"])
        except Refusal:
            self._history, self._numbers = before, numbers
            raise
        return Reply(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": entries})

    def _transacted(self, entries: Sequence[Resource]) -> list[Resource]:
        addresses = {}
        for entry in entries:
            if entry["request"]["method"] == "POST" and "fullUrl" in entry:
                self._numbers += 1
                addresses[entry["fullUrl"]] = f"{entry['request']['url']}/n{self._numbers}"
        answers = []
        for entry in entries:
            request, resource = entry["request"], _rewritten(entry["resource"], addresses)
            kind = request["url"].partition("/")[0]
            assert "ifNoneExist" not in request
            if request["method"] == "POST":
                self._require(kind, "create")
                kept = self._create(resource, addresses.get(entry.get("fullUrl", ""), ""))
            else:
                self._require(kind, "update")
                kept = self._update(request["url"], resource, request.get("ifMatch", ""))
            version = kept.get("meta", {}).get("versionId")
            location = f"{kind}/{kept['id']}" + (f"/_history/{version}" if version else "")
            status = "201 Created" if request["method"] == "POST" else "200 OK"
            answers.append({"response": {"status": status, "location": location}})
        return answers

    # ------------------------------------------------------------------------------------------------------------- storage

    def _type(self, kind: str) -> Resource:
        found = next((one for one in self.statement["rest"][0]["resource"] if one["type"] == kind), None)
        if found is None:
            raise Refusal(404, "not-supported", f"no type {kind}")
        return dict(found)

    def _require(self, kind: str, interaction: str) -> None:
        if interaction not in {one["code"] for one in self._type(kind).get("interaction", ())}:
            raise Refusal(405, "not-supported", f"no {interaction} for {kind}")
        if interaction in {"create", "update"} and kind in self.refuse:
            raise Refusal(self.refuse[kind], "business-rule", f"{kind} is refused by order")

    def _current(self, address: str) -> Resource:
        if address not in self._history:
            raise Refusal(404, "not-found")
        return self._history[address][-1]

    def _create(self, resource: Resource, address: str = "") -> Resource:
        if "id" in resource:
            raise Refusal(400, "invalid", "a create has no id")
        if not address:
            self._numbers += 1
            address = f"{resource['resourceType']}/n{self._numbers}"
        return self._store(self._spoiled(resource), address)

    def _update(self, address: str, resource: Resource, if_match: str) -> Resource:
        current = self._current(address)
        version = re.fullmatch(r'W/"(.+)"', if_match)
        if version is None:
            raise Refusal(428, "conflict", "this server wants If-Match")
        if version[1] != current.get("meta", {}).get("versionId"):
            raise Refusal(412, "conflict", "stale")
        return self._store(self._spoiled(resource), address)

    def _store(self, resource: Resource, address: str) -> Resource:
        versions = self._history.setdefault(address, [])
        meta = {key: value for key, value in resource.get("meta", {}).items() if key not in {"versionId", "lastUpdated"}}
        if not self.habits.keeps_no_versions:
            meta |= {"versionId": str(len(versions) + 1), "lastUpdated": datetime(2026, 5, 4, tzinfo=UTC).isoformat()}
        kept = {"resourceType": resource["resourceType"], "id": address.partition("/")[2]} | ({"meta": meta} if meta else {})
        versions.append(kept | {key: value for key, value in resource.items() if key not in kept and key != "meta"})
        return versions[-1]

    def _spoiled(self, resource: Resource) -> Resource:
        """What the habits make of a resource."""
        kept = deepcopy(resource)
        if self.habits.loses_identifier:
            kept.pop("identifier", None)
        if self.habits.drops_tags:
            kept.get("meta", {}).pop("tag", None)
        if self.habits.confirms and kept["resourceType"] == "Condition":
            kept["verificationStatus"]["coding"][0]["code"] = "confirmed"
        if self.habits.adds_recorder and kept["resourceType"] == "Condition":
            kept["recorder"] = {"reference": "Practitioner/service-account"}
        if self.habits.moves_to_problem_list and "category" in kept:
            kept["category"][0]["coding"][0]["code"] = "problem-list-item"
        for concept in (kept.get("code"), *(one["diagnosisCodeableConcept"] for one in kept.get("diagnosis", ()))):
            if kept["resourceType"] in {"Condition", "Claim"} and concept:
                if self.habits.drops_coding:
                    concept.pop("coding", None)
                for coding in concept.get("coding", ()):
                    if self.habits.appends_dot and "." not in coding["code"]:
                        coding["code"] += "."
        return kept

    # -------------------------------------------------------------------------------------------------------------- search

    def _search(self, kind: str, query: str) -> Reply:
        pairs = parse_qsl(query)
        offset = int(dict(pairs).get("_offset", "0"))
        listed = {one["name"] for one in self._type(kind).get("searchParam", ())} | _ALWAYS_SEARCHED
        if self.habits.refuses_unlisted_parameters and (unlisted := sorted({name for name, _ in pairs} - listed)):
            raise Refusal(400, "not-supported", f"unknown parameters {unlisted}")
        criteria = [] if self.habits.ignores_parameters else [(name, value) for name, value in pairs if name in listed]
        found = self._matches(kind, criteria, sees_new=not self.habits.is_blind_to_new)
        entries = [{"fullUrl": f"{BASE}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found]
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        if page := entries[offset : offset + self.page]:
            bundle["entry"] = page
        if offset + self.page < len(entries):
            rest = [(name, value) for name, value in pairs if name != "_offset"]
            url = f"{BASE}/{kind}?{urlencode([*rest, ('_offset', str(offset + self.page))])}"
            bundle["link"] = [{"relation": "next", "url": url}]
        return Reply(200, bundle)

    def _matches(self, kind: str, criteria: Sequence[tuple[str, str]], sees_new: bool) -> list[Resource]:
        return [one for one in self.held(kind) if sees_new and all(_meets(one, name, value) for name, value in criteria)]

    def _written(self, status: int, resource: Resource) -> Reply:
        version = resource.get("meta", {}).get("versionId")
        address = f"{BASE}/{resource['resourceType']}/{resource['id']}"
        headers = {"Location": f"{address}/_history/{version}" if version else address}
        if version:
            headers["ETag"] = f'W/"{version}"'
        is_bare = self.habits.answers_minimally and status == 201
        return Reply(status, {} if is_bare else resource, headers)


def _meets(resource: Resource, name: str, value: str) -> bool:
    if name == "_id":
        return resource["id"] == value
    if name == "identifier":
        return any(f"{one.get('system', '')}|{one.get('value')}" == value for one in resource.get("identifier", ()))
    if name == "_tag":
        return any(f"{one.get('system', '')}|{one.get('code')}" == value for one in resource.get("meta", {}).get("tag", ()))
    found = [resource[element] for element in _SEARCHED.get(name, ()) if element in resource]
    references = [one for item in found for one in (item if isinstance(item, list) else [item])]
    references += [one for context in references for one in context.get("encounter", ())]  # DocumentReference.context
    return name not in _SEARCHED or any(one.get("reference", "").endswith(value) for one in references)


def _rewritten(value: Any, addresses: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_rewritten(one, addresses) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _rewritten(one, addresses) for key, one in value.items()}
    if str(found.get("reference", "")).startswith("urn:uuid:"):
        if found["reference"] not in addresses:
            raise Refusal(400, "not-found", "a reference to nothing in the Bundle")
        found["reference"] = addresses[found["reference"]]
    return found


def _outcome(code: str, text: str) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": text}]}


class _Adapter(BaseAdapter):
    """The way from requests to the EHR in memory."""

    def __init__(self, ehr: SimulatedEhr) -> None:
        super().__init__()
        self._ehr = ehr
        self._http = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        url = urlsplit(request.url or "")
        path = url.path.removeprefix(urlsplit(BASE).path).strip("/")
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        reply = self._ehr.answer(request.method or "GET", path, url.query, request.headers, body)
        content = reply.body or (json.dumps(reply.resource).encode() if reply.resource else b"")
        headers = {"Content-Type": "application/fhir+json"} | reply.headers
        raw = HTTPResponse(BytesIO(content), headers=headers, status=reply.status, preload_content=False)
        return self._http.build_response(request, raw)

    def close(self) -> None:
        self._http.close()
