"""The server under test: where it is, how we prove ourselves, and what it says of itself."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from conformance.body import whole_body
from conformance.exchange import FHIR_JSON, FHIR_XML, Answer, Resource, objects
from conformance.verdict import Omitted, Skipped, expect

OPERATION = "code-encounter"
TIMEOUT_S = 60.0
LONGEST_WAIT_S = 90
"""For a server that says that it is asked too often; many count refusals, of which the kit needs some dozens."""
WAITS = 3
NO_ANSWER = (405, 500)
"""Statuses that say nothing of what was sent: the operation is not there, or the server fell over. A server whose EHR fails says 502 or 504."""
SURELY_READ = 16 * 1024
"""Bytes of a body that a server has read when it refuses a request, whatever it thinks of it."""
NO_TOKEN = "give --token or --backend-services: the server asks who calls"  # noqa: S105 - no password
_TOKEN_IN_ADDRESS = re.compile(r"(?<=access_token=)[^&]+")
Authorize = Callable[[], Mapping[str, str]]
"""Gives the headers that prove who asks."""


def anonymous() -> Mapping[str, str]:
    """Nobody in particular."""
    return {}


def without_cookies() -> requests.Session:
    """A session that keeps no cookie: a check that plays a browser says itself which it sends."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@dataclass(eq=False)
class Target:
    """``base`` is the FHIR base without a slash at its end; ``simulator`` the control address of the EHR simulator that the server calls back,
    or empty; ``ehr`` the id under which the server knows it; ``refused`` holds tokens that it must not take, by why, and ``accepted`` what it
    must take, by the spelling of its scopes, and of another caller (see :mod:`conformance.credentials`); ``jwks`` is where its own public keys are, ``launch`` the
    launch URL of its app, ``launch_iss`` the FHIR base of an EHR from which it may be launched; each empty where not given."""

    base: str
    authorize: Authorize = anonymous
    simulator: str = ""
    ehr: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Authorize] = field(default_factory=dict)
    jwks: str = ""
    launch: str = ""
    launch_iss: str = ""
    timeout_s: float = TIMEOUT_S
    session: requests.Session = field(default_factory=without_cookies)
    last: str = ""
    """The exchange that was made last."""
    unanswered: int = 0
    """Requests that were not answered, or not to the end, within ``timeout_s``."""

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Resource | bytes | str | None = None,
        headers: Mapping[str, str | None] | None = None,
        query: Mapping[str, Any] | Iterable[tuple[str, str]] | str | None = None,
        is_known: bool = True,
        waits: bool = True,
    ) -> Answer:
        """One request to a path below the base, or to an absolute URL. A resource is sent as FHIR JSON; a header that is None is
        not sent; ``is_known`` False leaves out who asks. Skipped where the operation wants to know and we have nothing to say.
        A server that is asked too often is asked again when it says; Skipped where that is not soon, and 429 is an answer like others where
        ``waits`` is False."""
        url = path if "://" in path else f"{self.base}/{path}".rstrip("/")
        told: dict[str, str | None] = {"Accept": FHIR_JSON, **(self.authorize() if is_known else {}), **(headers or {})}
        if isinstance(body, dict):
            told.setdefault("Content-Type", FHIR_JSON)
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        request = requests.Request(method, url, data=data, params=query)  # type: ignore[arg-type]
        prepared = self.session.prepare_request(request)
        for name, value in told.items():
            if value is None:
                prepared.headers.pop(name, None)
            else:
                prepared.headers[name] = value
        answer = self._exchange(prepared)
        for left in reversed(range(WAITS if waits else 0)):
            if answer.status != 429:
                break
            time.sleep(_soon(answer.headers.get("retry-after", ""), left))
            answer = self._exchange(prepared)
        if answer.status == 401 and is_known and OPERATION in path and "OperationDefinition" not in path and not told.get("Authorization"):
            raise Skipped(NO_TOKEN)
        return answer

    def _exchange(self, prepared: requests.PreparedRequest) -> Answer:
        self.last = f"{prepared.method} {_TOKEN_IN_ADDRESS.sub('...', prepared.path_url)}"
        begun = time.perf_counter()
        try:
            got = self.session.send(prepared, timeout=self.timeout_s, allow_redirects=False, stream=True)
            body = whole_body(got, begun + self.timeout_s)
        except requests.Timeout:
            self.unanswered += 1
            raise
        passed = time.perf_counter() - begun
        self.last += f" -> {got.status_code}"
        if not got.ok and len(prepared.body or "") > SURELY_READ:
            self.session.close()  # a server that said no before it read all may close the connection under the next request
        headers = {name.lower(): value for name, value in got.headers.items()}
        return Answer(self.last, got.status_code, headers, body, passed, tuple(got.raw.headers.getlist("Set-Cookie")))

    def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: Resource | bytes | str | None = None, **options: Any) -> Answer:
        """POST."""
        return self.send("POST", path, body=body, **options)

    def code(self, parameters: Resource, encounter_id: str = "", **options: Any) -> Answer:
        """The operation at type level, or on an instance."""
        path = f"Encounter/{encounter_id}/${OPERATION}" if encounter_id else f"Encounter/${OPERATION}"
        return self.post(path, parameters, **options)

    @cached_property
    def capability(self) -> Resource:
        """The CapabilityStatement of the server. Raises Skipped where it has none: the checks of metadata say why."""
        answer = self.get("metadata")
        if answer.status != 200 or answer.media_type != FHIR_JSON:
            raise Skipped("the server's metadata cannot be read")
        return answer.resource

    def claimed(self, kind: str) -> Resource:
        """What the CapabilityStatement says of a resource type. Raises Omitted where it says nothing."""
        for rest in objects(self.capability.get("rest")):
            for one in objects(rest.get("resource")):
                if rest.get("mode") == "server" and one.get("type") == kind:
                    return dict(one)
        raise Omitted(f"the CapabilityStatement lists no {kind}")

    @cached_property
    def definition(self) -> Resource:
        """The OperationDefinition, as ``operation.definition`` of the CapabilityStatement leads to it: at the server itself."""
        found = self.get(f"OperationDefinition/{OPERATION}")
        if found.status != 200:
            raise Skipped("the server does not give its OperationDefinition")
        return found.resource

    @cached_property
    def is_guarded(self) -> bool:
        """Whether the operation wants to know who calls: it refuses a stranger, in whatever way."""
        status = self.code({"resourceType": "Parameters", "parameter": []}, is_known=False).status
        return status in {401, 403} or 300 <= status < 400

    @cached_property
    def security(self) -> list[Resource]:
        """What the CapabilityStatement says of how the server is guarded (``rest.security``)."""
        return objects([one.get("security") for one in objects(self.capability.get("rest"))])

    def require_guard(self) -> None:
        """Raises Omitted for a server that anybody may call, and that does not say otherwise."""
        if not self.is_guarded and not any(one.get("service") for one in self.security):
            raise Omitted("the server asks nobody who they are")

    def require_xml(self) -> None:
        """Raises Omitted for a server that lists no XML."""
        if not {"xml", FHIR_XML} & set(self.capability.get("format", ())):
            raise Omitted("the CapabilityStatement does not list XML")

    def bad_token(self, why: str) -> Mapping[str, str]:
        """Headers with a token that the server must refuse. Raises Skipped where none was given."""
        token = self.refused.get(why, "")
        if not token:
            raise Skipped(f"give --refused FILE with a token under {why}")
        return {"Authorization": f"Bearer {token}"}

    def require_simulator(self) -> str:
        """The control address. Raises Skipped without a simulator."""
        if not self.simulator:
            raise Skipped("give --simulator: the address of the EHR simulator that this server calls back")
        return self.simulator


def expect_success(answer: Answer) -> Resource:
    """The Parameters of an answer that must be one."""
    expect(answer.status == 200, "200 with Parameters", answer)
    expect(answer.resource.get("resourceType") == "Parameters", "a Parameters resource", answer)
    return answer.resource


def _soon(retry_after: str, left: int) -> float:
    """Seconds to wait. Raises Skipped where that is too long, the server does not say, or the kit has waited often enough."""
    if not left or not retry_after.isdigit() or int(retry_after) > LONGEST_WAIT_S:
        raise Skipped(f"the server is asked too often (429, Retry-After {retry_after or 'absent'}): lift its limits for the kit")
    return max(1, int(retry_after))
