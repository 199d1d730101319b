"""``/cds-services``: CDS Hooks 2.0 as a blueprint of its own. What it answers is made in :mod:`fhir_coder.cds_hooks`; it reads the store and asks nobody.

Its callers are not those of the FHIR operations: a CDS client proves itself with a token of its own (:mod:`fhir_coder.cds_hooks.tokens`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Blueprint, Response, g, jsonify, request

from fhir_coder.api.body import read_bytes
from fhir_coder.api.gate import TOKEN_PARAMETER
from fhir_coder.api.nearness import is_near
from fhir_coder.api.observation import current_request_id
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Auditor, Success
from fhir_coder.cds_hooks.call import HookCall, read_call, read_feedback
from fhir_coder.cds_hooks.cards import card_of
from fhir_coder.cds_hooks.clients import HookClient, base_of
from fhir_coder.cds_hooks.services import SERVICES, Service, discovery
from fhir_coder.cds_hooks.tally import Tally
from fhir_coder.cds_hooks.tokens import HookTokens
from fhir_coder.errors import FhirCoderError, Forbidden, MediaTypeUnsupported, OperationUnknown
from fhir_coder.fhir.json_text import parse_json
from fhir_coder.fhir.limits import Limits
from fhir_coder.smart.bearer import read_bearer
from fhir_coder.smart.refusal import ask_for_token
from fhir_coder.tenant_settings import Tenant
from fhir_coder.throttle.rates import Throttle

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
"""https://cds-hooks.hl7.org/2.0/#cors. Any origin: a page cannot add the signed token, which alone opens the services."""
MAX_BYTES = 1024 * 1024
"""Of a call: it asks for no prefetch and should have none."""
SANDBOX_CLIENT = HookClient("")
"""Who calls in sandbox mode where no client is configured: whoever is on this machine."""


class Tallies(Protocol):
    """The store, as far as cards need it."""

    def tally(self, tenant: str, ehr: str, encounter_reference: str) -> Tally | None:
        """The counts of the newest coding of an EHR's encounter."""


@dataclass(frozen=True, slots=True)
class HookParts:
    """What the services are made of: the tenants, the tokens of those that have CDS clients, the store, who keeps the audit and who counts calls
    (None: nobody); ``public_url`` is our absolute URL as callers see it, or empty to take it from the request, which happens in sandbox mode only."""

    tenants: Mapping[str, Tenant]
    tokens: Mapping[str, HookTokens]
    store: Tallies
    audit: Auditor
    throttle: Throttle | None
    public_url: str
    is_sandbox: bool
    max_depth: int = 64


def create_cds_hooks(parts: HookParts, default_tenant: str) -> Blueprint:
    """The routes, with and without a tenant in the address."""
    blueprint, hooks = Blueprint("cds_hooks", __name__), CdsHooks(parts, default_tenant)
    routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("", "GET", hooks.discover),
        ("/<service_id>", "POST", hooks.call),
        ("/<service_id>/feedback", "POST", hooks.feedback),
    )
    for base, defaults in (("/cds-services", {"tenant": default_tenant}), ("/t/<tenant>/cds-services", {})):
        for path, method, view in routes:
            for verb, answer in ((method, view), ("OPTIONS", _preflight)):
                blueprint.add_url_rule(
                    base + path,
                    endpoint=f"{base}{path} {verb}",
                    view_func=answer,
                    methods=[verb],
                    defaults=defaults,
                    strict_slashes=False,
                    provide_automatic_options=False,
                )
    blueprint.after_request(_readable_everywhere)
    return blueprint


class CdsHooks:
    """The views."""

    def __init__(self, parts: HookParts, default_tenant: str) -> None:
        self._parts = parts
        self._default_tenant = default_tenant

    def discover(self, tenant: str) -> Response:
        """Which services there are: for anyone, as it is the same for all tenants that have them."""
        self._require_offered(tenant)
        return jsonify(discovery())

    def call(self, tenant: str, service_id: str) -> Response:
        """The cards of one call: one where a coding of that encounter of that patient is known, else none."""
        service = self._service(tenant, service_id)
        client = self._admitted(tenant, service)
        try:
            call = read_call(self._body(), service)
            ehr = self._ehr(tenant, client, call.fhir_server)
        except FhirCoderError as error:
            self._refused(tenant, service, client.iss, error)
            raise
        tally = self._parts.store.tally(tenant, ehr, f"Encounter/{call.encounter_id}") if ehr and call.encounter_id else None
        is_shown = tally is not None and tally.patient_reference == f"Patient/{call.patient_id}" and _is_worth_a_card(tally, service)
        self._record(tenant, service, client, call, "1" if is_shown else "0")
        links = {"root": self._root(tenant, is_long=False), "launch": f"{self._root(tenant)}/launch", "link": client.link}
        return jsonify(cards=[card_of(tally, **links)] if tally is not None and is_shown else [])

    def feedback(self, tenant: str, service_id: str) -> Response:
        """What became of cards is written down; whatever the user wrote beside it is not."""
        service = self._service(tenant, service_id)
        client = self._admitted(tenant, service, "/feedback")
        for one in read_feedback(self._body()):
            detail = {"service": service.id, "card": one.card, "outcome": one.outcome}
            self._parts.audit(self._entry(tenant, "cds-hooks-feedback", Success.DONE, client.iss, detail=detail))
        return Response(status=200)

    def _require_offered(self, tenant: str) -> None:
        known = self._parts.tenants.get(tenant)
        if known is None or not (known.cds_hooks or self._parts.is_sandbox):
            raise OperationUnknown("no CDS services at this address")
        g.tenant = tenant

    def _service(self, tenant: str, service_id: str) -> Service:
        self._require_offered(tenant)
        if service_id not in SERVICES:
            raise OperationUnknown("no CDS service of that id")
        return SERVICES[service_id]

    def _admitted(self, tenant: str, service: Service, below: str = "") -> HookClient:
        """Who calls, if not too often. A refusal is written down too, as long as they are few. Raises Unauthenticated or Throttled."""
        try:
            client = self._client(tenant, service, below)
        except FhirCoderError as error:
            if self._parts.throttle:
                self._parts.throttle.failure(request.remote_addr or "")
            self._refused(tenant, service, "", error)
            raise
        if self._parts.throttle:
            self._parts.throttle.call(tenant, f"cds client {client.iss or request.remote_addr}")
        return client

    def _client(self, tenant: str, service: Service, below: str) -> HookClient:
        tokens = self._parts.tokens.get(tenant)
        if tokens is not None:
            token = read_bearer(request.headers.getlist("Authorization"), TOKEN_PARAMETER in request.args)
            return tokens.admit(token, [f"{address}/{service.id}{more}" for address in self._addresses(tenant) for more in {"", below}])
        if not is_near(request):
            ask_for_token("without configured CDS clients the sandbox answers callers on its own machine only")
        return SANDBOX_CLIENT

    def _body(self) -> Any:
        if (request.mimetype or "application/json") != "application/json":
            raise MediaTypeUnsupported("CDS Hooks are called with application/json")
        return parse_json(read_bytes(request, MAX_BYTES), Limits(MAX_BYTES, self._parts.max_depth))

    def _ehr(self, tenant: str, client: HookClient, fhir_server: str) -> str:
        """The id of the EHR that the call is about; empty where it cannot be told. Raises Forbidden for one that the client may not name."""
        bases = {base_of(one.base_url): one.id for one in self._parts.tenants[tenant].ehrs}
        allowed = {base: bases[base] for base in client.fhir_servers if base in bases} if client.iss else bases
        if fhir_server:
            if base_of(fhir_server) not in allowed:
                raise Forbidden("fhirServer is not one that this client may name", expression=("fhirServer",))
            return allowed[base_of(fhir_server)]
        return next(iter(allowed.values())) if len(allowed) == 1 else ""

    def _refused(self, tenant: str, service: Service, issuer: str, error: FhirCoderError) -> None:
        end = Success.REFUSED if error.status < 500 else Success.FAILED
        self._parts.audit(self._entry(tenant, "cds-hooks", end, issuer, detail={"service": service.id, "error": error.code}))

    def _record(self, tenant: str, service: Service, client: HookClient, call: HookCall, cards: str) -> None:
        detail = {"service": service.id, "hookInstance": call.hook_instance, "user": call.user, "cards": cards}
        entities = (f"Encounter/{call.encounter_id}",) if call.encounter_id else ()
        self._parts.audit(
            self._entry(
                tenant, "cds-hooks", Success.DONE, client.iss, detail=detail, patient=f"Patient/{call.patient_id}", entities=entities
            )
        )

    def _entry(self, tenant: str, event: str, success: Success, issuer: str, **more: Any) -> AuditEntry:
        agent = Agent(AgentKind.CLIENT, issuer, issuer) if issuer else Agent(AgentKind.NOBODY)
        return AuditEntry(
            tenant, event, Action.EXECUTE, success, agent, request_id=current_request_id(), address=request.remote_addr or "", **more
        )

    def _root(self, tenant: str, is_long: bool = True) -> str:
        """Our absolute URL, for what belongs to a tenant with the tenant in it unless it is the default one."""
        root = (self._parts.public_url or request.host_url).rstrip("/")
        return f"{root}/t/{tenant}" if is_long and tenant != self._default_tenant else root

    def _addresses(self, tenant: str) -> tuple[str, ...]:
        """Where the tenant's services are, as a client may have them in ``aud``."""
        root = self._parts.public_url.rstrip("/")
        long = f"{root}/t/{tenant}/cds-services"
        return (f"{root}/cds-services", long) if tenant == self._default_tenant else (long,)


def _is_worth_a_card(tally: Tally, service: Service) -> bool:
    """At the end of the visit always; when a chart is opened only where somebody has to look: a card too many is read by nobody."""
    return service.needs_encounter or bool(tally.to_review or tally.blocking)


def _preflight(**_: str) -> Response:
    return Response(status=204)


def _readable_everywhere(response: Response) -> Response:
    response.headers.update(CORS)
    return response
