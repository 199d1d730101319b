"""The client of one EHR: read, search with paging, attachments, conditional create, guarded update, and what its metadata offers.

Every body passes the strict reader; every request stays below the configured base (:mod:`fhir_coder.ehr.address`). Source of the
interactions: http://hl7.org/fhir/R4/http.html.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import requests

from fhir_coder.ehr.access import AccessTokens
from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.backend_token import tokens_of
from fhir_coder.ehr.binary import AttachmentBytes, read_binary
from fhir_coder.ehr.capabilities import Capabilities, read_capabilities
from fhir_coder.ehr.connection import Connection, OnFailure, unheard
from fhir_coder.ehr.faults import failure, read_failure, search_failure
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.ehr.searchset import LeftOut, Read, read_page
from fhir_coder.errors import EhrRefused, RequestError, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.fhir.reader import read_json
from fhir_coder.fhir.writer import write_json
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.outbound.attempt import Answer, Call
from fhir_coder.outbound.session import open_session
from fhir_coder.tenant_settings import EhrSettings, rule_of

FHIR_JSON = "application/fhir+json"
CAPABILITIES_LAST_S = 600.0
_OTHER_FORMAT_WANTED = frozenset({406, 415})
_HEADER_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
"""What may stand in a header: ``Attachment.contentType`` is any code, letters of other alphabets and line ends included."""
_LOCATION = re.compile(r"/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?/?$", re.ASCII)

Params = Mapping[str, str] | Sequence[tuple[str, str]]
"""Search parameters; as pairs where one stands twice (``date=ge...&date=le...``)."""

_log = logging.getLogger(__name__)


class EhrClient:
    """One configured FHIR R4 server.

    ``session`` carries the transport (made here when absent, and then leads to public addresses and those of ``settings``), ``sleep`` waits between attempts, ``read`` is the strict reader, ``clock``
    (seconds, monotonic) ages the cached metadata, ``retry`` decides what is tried again, ``tokens`` are made here when
    absent, ``on_failure`` hears of each call that fails, ``invalid`` where the answer is no FHIR. Safe to share between threads, and cheaper kept than
    made anew.
    """

    def __init__(
        self,
        settings: EhrSettings,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        read: Read = read_json,
        clock: Callable[[], float] = time.monotonic,
        retry: RetryPolicy | None = None,
        tokens: AccessTokens | None = None,
        on_failure: OnFailure = unheard,
    ) -> None:
        self.address = EhrAddress.of(settings.base_url, settings.foreign_urls)
        self._tokens = tokens or tokens_of(settings)
        self._connection = Connection(
            self.address, self._tokens, settings.timeout_s, session or open_session(rule_of(settings)), sleep, retry, on_failure
        )
        self._on_failure = on_failure
        self._max_pages = settings.max_pages
        self._read = read
        self._clock = clock
        self._capabilities: tuple[float, Capabilities] | None = None
        self._capabilities_lock = threading.Lock()

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """Scopes that we asked the EHR's authorization server for and were not given, by the last token."""
        return self._tokens.missing_scopes

    def read(self, resource_type: str, resource_id: str) -> Resource:
        """One resource. Raises ResourceUnknown, ResourceDeleted or an EhrError."""
        return self._read_at(resource_type, resource_id, f"{resource_type}/{resource_id}")

    def read_version(self, resource_type: str, resource_id: str, version: str) -> Resource:
        """One version of a resource (http.html#vread). Raises ResourceUnknown, ResourceDeleted or an EhrError."""
        return self._read_at(resource_type, resource_id, f"{resource_type}/{resource_id}/_history/{version}", version)

    def _read_at(self, resource_type: str, resource_id: str, path: str, version: str = "0") -> Resource:
        if not (FHIR_ID.fullmatch(resource_id) and FHIR_ID.fullmatch(version)):
            raise ResourceUnknown(f"no {resource_type} can have such an id")
        what = f"read {path}"
        answer = self._get(self.address.url(path))
        if answer.status != 200:
            raise read_failure(answer, what, self._read)
        resource = self._resource(answer, what)
        if (resource["resourceType"], resource.get("id")) != (resource_type, resource_id):
            raise EhrRefused(f"the EHR answered {what} with another resource")
        return resource

    def search(
        self,
        resource_type: str,
        params: Params,
        on_warning: Callable[[str], None] = _log.warning,
        on_left_out: Callable[[LeftOut], None] = lambda entry: None,
    ) -> Iterator[Resource]:
        """Every match, page by page; what a server ignored in ``params`` is for the caller to check on each.

        ``on_warning`` takes sentences, ``on_left_out`` the entries that are not valid FHIR. Raises EhrRefused rather than stop early when the
        pages do not end (a loop, or more than the configured number) or lead away from this EHR, EhrUnavailable when a page has expired.
        """
        url = self.address.url(resource_type, params)
        visited: set[str] = set()
        given, total = 0, 0
        while url:
            if url in visited or len(visited) >= self._max_pages:
                raise EhrRefused(f"the search for {resource_type} does not end within {self._max_pages} pages")
            visited.add(url)
            answer = self._get(url)
            if answer.status != 200:
                raise search_failure(answer, resource_type, len(visited), self._read)
            page = read_page(answer.body, resource_type, self._bounded)
            for warning in page.warnings:
                on_warning(warning)
            for entry in page.left_out:
                on_left_out(entry)
            given, total = given + len(page.matches) + len(page.left_out), max(total, page.total or 0)
            yield from page.matches
            url = self._next(url, page.next_url)
        if total > given:
            on_warning(f"the EHR counts {total} matches of {resource_type} and gave {given}")

    def _next(self, url: str, link: str) -> str:
        """Where the next page is, or empty; a link of a query alone counts from the page that it stands on. Raises EhrRefused."""
        return self.address.resolve(url.partition("?")[0] + link if link.startswith("?") else link) if link else ""

    def read_attachment(self, attachment: Resource) -> AttachmentBytes:
        """The bytes behind ``Attachment.url``. Raises EhrRefused when the URL is not this EHR's, ResourceUnknown, or an EhrError."""
        declared = attachment.get("contentType", "")
        url = self.address.resolve(attachment["url"])
        accept = declared if _HEADER_VALUE.fullmatch(declared) else FHIR_JSON
        answer = self._get(url, accept)
        if answer.status in _OTHER_FORMAT_WANTED and accept != FHIR_JSON:
            answer = self._get(url)
        if answer.status not in {200, 204}:
            raise read_failure(answer, "read an attachment", self._read)
        return read_binary(answer, attachment, self._bounded)

    def create(self, resource: Resource, if_none_exist: str | None = None) -> Resource:
        """The created resource with its id; under a condition that one resource meets, that resource instead. See :meth:`create_once`."""
        return self.create_once(resource, if_none_exist)[0]

    def create_once(self, resource: Resource, if_none_exist: str | None = None) -> tuple[Resource, bool]:
        """The resource with its id, and whether this call made it: False when another already met the condition (http.html#ccreate).

        ``if_none_exist`` is a search query without ``?``. It is sent only where the metadata offers conditional create, and only then may
        the request be repeated after a failure. Raises an EhrError; 412 when several resources meet the condition.
        """
        kind = resource["resourceType"]
        conditional = if_none_exist is not None and self.capabilities().conditional_create(kind)
        headers = self._writing_headers() | ({"If-None-Exist": if_none_exist} if conditional and if_none_exist else {})
        answer = self._connection.send(
            Call("POST", self.address.url(kind), headers, write_json(resource), is_repeatable=conditional),
        )
        if answer.status not in {200, 201}:
            raise failure(answer, f"create {kind}", self._read)
        return self._written(answer, resource, f"create {kind}"), not (conditional and answer.status == 200)

    def update(self, resource: Resource, if_match: str | None = None) -> Resource:
        """The updated resource. ``if_match`` is the version id that it must still have; EhrRefused with status 412 when it has another."""
        kind, resource_id = resource["resourceType"], resource["id"]
        headers = self._writing_headers() | ({"If-Match": f'W/"{if_match}"'} if if_match else {})
        answer = self._connection.send(Call("PUT", self.address.url(f"{kind}/{resource_id}"), headers, write_json(resource)))
        if answer.status not in {200, 201}:
            raise failure(answer, f"update {kind}/{resource_id}", self._read)
        return self._written(answer, resource, f"update {kind}/{resource_id}")

    def transact(self, bundle: Resource) -> Resource:
        """The transaction-response to a Bundle of type transaction: all of it was written, or the EHR's refusal is raised and nothing was.

        It is never repeated after a failure that leaves open whether the EHR acted (http://hl7.org/fhir/R4/http.html#transaction).
        """
        what = f"a transaction of {len(bundle['entry'])}"
        answer = self._connection.send(
            Call("POST", self.address.base, self._writing_headers(), write_json(bundle), is_repeatable=False),
        )
        if answer.status not in {200, 201}:
            raise failure(answer, what, self._read)
        try:
            response = self._read(answer.body)
        except RequestError as error:
            self._on_failure("invalid")
            raise EhrRefused(
                f"the EHR answered {what} with a body that is not valid FHIR R4: {error.message}", ehr_status=answer.status
            ) from error
        if response.get("type") != "transaction-response" or len(response.get("entry", ())) != len(bundle["entry"]):
            raise EhrRefused(f"the EHR accepted {what} but does not say what became of each entry", ehr_status=answer.status)
        return response

    def capabilities(self) -> Capabilities:
        """What the metadata offers, read at most every ten minutes. Raises an EhrError."""
        with self._capabilities_lock:
            if self._capabilities is None or self._clock() - self._capabilities[0] > CAPABILITIES_LAST_S:
                self._capabilities = (self._clock(), self._fetch_capabilities())
            return self._capabilities[1]

    def _fetch_capabilities(self) -> Capabilities:
        answer = self._get(self.address.url("metadata"))
        if answer.status != 200:
            raise failure(answer, "read metadata", self._read)
        statement = self._resource(answer, "read metadata")
        if statement["resourceType"] != "CapabilityStatement":
            raise EhrRefused("the EHR's metadata is not a CapabilityStatement")
        return read_capabilities(statement)

    def _get(self, url: str, accept: str = FHIR_JSON) -> Answer:
        return self._connection.send(Call("GET", url, {"Accept": accept}))

    def _writing_headers(self) -> dict[str, str]:
        return {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON, "Prefer": "return=representation"}

    def _resource(self, answer: Answer, what: str) -> Resource:
        """The body of an answer. An EHR that sends invalid FHIR has failed: the fault is not our caller's."""
        try:
            return self._read(answer.body)
        except RequestError as error:
            self._on_failure("invalid")
            raise EhrRefused(f"the EHR answered {what} with a body that is not valid FHIR R4: {error.message}") from error

    def _bounded(self, body: bytes) -> Resource:
        """The strict reader for parts of an answer, where only validity is the caller's to handle."""
        try:
            return self._read(body)
        except RequestError as error:
            if error.status == 413:
                raise EhrRefused(f"the EHR's answer is too large: {error.message}") from error
            raise

    def _written(self, answer: Answer, sent: Resource, what: str) -> Resource:
        """The representation, or what was sent under the id and version of the Location header: with ``return=minimal``, and where the body
        is no valid FHIR R4 (the resource was written all the same)."""
        try:
            resource = self._read(answer.body) if answer.body.strip() else {}
        except RequestError:
            resource = {}
        if resource.get("resourceType") == sent["resourceType"] and resource.get("id"):
            return resource
        location = _LOCATION.search(answer.headers.get("Location", ""))
        if location is None:
            raise EhrRefused(f"the EHR accepted {what} but does not say under which id", ehr_status=answer.status)
        version = {"versionId": location["version"]} if location["version"] else {}
        return {**sent, "id": location["id"], "meta": {**sent.get("meta", {}), **version}}
