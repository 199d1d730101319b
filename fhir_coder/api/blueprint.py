"""The API as one Flask blueprint: every route of the server in one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request

from fhir_coder.api import health
from fhir_coder.api.admission import Admission
from fhir_coder.api.asynchronous import PATH, Asynchronous, Desk
from fhir_coder.api.audited import RequestAudit
from fhir_coder.api.capability import build_capability
from fhir_coder.api.check_definition import build_check_definition
from fhir_coder.api.check_operation import CheckCoding, CheckingEngine
from fhir_coder.api.check_parameters import CHECK_OPERATION
from fhir_coder.api.concurrency import InTurn, Room
from fhir_coder.api.definition import build_definition
from fhir_coder.api.failures import install_error_handlers
from fhir_coder.api.gate import ANYONE, ANYONE_COUNTED, THIS_MACHINE, Access, Gate
from fhir_coder.api.guards import Guards
from fhir_coder.api.hygiene import cacheable, hygiene_of
from fhir_coder.api.jwks import jwks
from fhir_coder.api.metrics_port import MetricsPort
from fhir_coder.api.observation import observe_requests
from fhir_coder.api.operation import CodeEncounter, require_tenant
from fhir_coder.api.parameters import OPERATION
from fhir_coder.api.render_risk import Assessor
from fhir_coder.api.respond import format_of, respond
from fhir_coder.api.terminology.capabilities import operations_of_types
from fhir_coder.api.terminology.service import Terminology
from fhir_coder.errors import OperationUnknown, ResourceUnknown
from fhir_coder.fhir.limits import Limits
from fhir_coder.settings import Settings
from fhir_coder.smart.discovery import capability_security, smart_configuration, why_there_is_none
from fhir_coder.smart.scopes import Operation
from fhir_coder.smart.trust import Trust
from fhir_coder.smart.verifiers import make_verifiers
from fhir_coder.tenant_settings import DEFAULT_TENANT

__all__ = ["create_api", "install_error_handlers"]

BASES = {"/fhir": {"tenant": DEFAULT_TENANT}, "/t/<tenant>/fhir": {}}
"""URL prefixes of the FHIR bases, with what the shorter one leaves out."""
DEFINITIONS = {OPERATION: build_definition, CHECK_OPERATION: build_check_definition}
"""The OperationDefinitions by id."""
FRESH_S = 300
"""Seconds for which what describes the server may be kept: a change of configuration shows soon."""

EVENTS = {Operation.CODE_ENCOUNTER: OPERATION, Operation.CHECK_CODING: CHECK_OPERATION}
"""What a call of an operation is called in the audit."""

NO_KEYS: Mapping[str, Any] = {"keys": []}


@dataclass(frozen=True, slots=True)
class Later:
    """What answers calls later: where jobs are kept, and who is told of each new one."""

    desk: Desk
    taken_on: Callable[[], None]


def create_api(
    engine: CheckingEngine,
    settings: Settings,
    risk: Assessor | None = None,
    keys: Mapping[str, Any] = NO_KEYS,
    guards: Guards | None = None,
    terminology: Terminology | None = None,
    later: Later | None = None,
) -> Blueprint:
    """All routes over one engine, ``risk`` making the risk report of a result, ``keys`` our public JWK Set, ``guards`` shared with other
    entrances (None: of its own, without rates and audit), ``terminology`` answering of the code set (None: it has no such routes), ``later`` answering
    calls later (None: every caller waits). Install the error handlers of the application beside it."""
    guards = guards or Guards.of(settings)
    blueprint, metrics, room = Blueprint("api", __name__), guards.metrics, guards.room
    observe_requests(blueprint, metrics, hygiene_of(settings.public_url))
    if settings.metrics_address:
        blueprint.before_app_request(MetricsPort(f"{blueprint.name}./metrics", settings.metrics_address.port))
    trusts = {tenant.id: tenant.trust for tenant in settings.tenants if tenant.trust}
    verifiers = make_verifiers(trusts, partial(_bases_of, settings.public_url), settings.private_networks)
    gate = Gate(verifiers, lambda tenant: require_tenant(engine, tenant), settings.sandbox)
    audit = RequestAudit(guards.auditor)
    admission = Admission(gate, guards.throttle, room, Room(max(1, (settings.threads + settings.waiting) // 2), 0))
    blueprint.before_request(audit.of_gate(admission.enter))
    blueprint.teardown_request(admission.leave)
    add = partial(_route, blueprint, gate, audit)
    limits = Limits(settings.max_body_bytes, settings.max_depth)
    in_turn = InTurn(engine, room)
    asynchronous = _asynchronous(later, settings.public_url, audit) if later else None
    code = CodeEncounter(in_turn, limits, metrics, risk, audit.begin_writing, asynchronous)
    check = CheckCoding(in_turn, limits, metrics)
    description = Description(engine, settings.public_url, trusts, terminology)
    add("/health/live", "GET", ANYONE, health.live)
    add("/health/ready", "GET", ANYONE, partial(health.ready, engine.readiness))
    add("/version", "GET", ANYONE, partial(health.version, settings.sandbox))
    add("/jwks", "GET", ANYONE, partial(jwks, keys))
    add(
        "/metrics",
        "GET",
        ANYONE if settings.metrics_address else THIS_MACHINE,
        lambda: Response(metrics.exposition(), content_type=metrics.content_type),
    )
    for base, defaults in BASES.items():
        add(f"{base}/metadata", "GET", ANYONE, description.metadata, defaults)
        add(f"{base}/.well-known/smart-configuration", "GET", ANYONE, description.smart, defaults)
        add(f"{base}/OperationDefinition/<definition_id>", "GET", ANYONE, description.definition, defaults)
        add(f"{base}/Encounter/${OPERATION}", "POST", Operation.CODE_ENCOUNTER, code, defaults)
        add(f"{base}/Encounter/<encounter_id>/${OPERATION}", "POST", Operation.CODE_ENCOUNTER, code, defaults)
        add(f"{base}/Claim/${CHECK_OPERATION}", "POST", Operation.CHECK_CODING, check, defaults)
        for method, word, asked in _views_of_jobs(asynchronous) if asynchronous else ():
            add(f"{base}/{PATH}/<address>", method, Operation.CODE_ENCOUNTER, asked, defaults, word=word)
        for path, view in terminology.views(limits) if terminology else ():
            add(f"{base}/{path}", "GET", ANYONE_COUNTED, view, defaults)
            add(f"{base}/{path}", "POST", ANYONE_COUNTED, view, defaults)
    return blueprint


def _views_of_jobs(asynchronous: Asynchronous) -> tuple[tuple[str, str, Callable[..., Response]], ...]:
    """Method, word of the audit, and view of what may be asked at the address of a job."""
    return ("GET", "job-answer", asynchronous.status), ("DELETE", "job-cancel", asynchronous.cancel)


def _asynchronous(later: Later, public_url: str, audit: RequestAudit) -> Asynchronous:
    def base(tenant: str) -> str:
        return _bases_of(public_url or request.host_url, tenant)[0]

    return Asynchronous(later.desk, later.taken_on, base, audit.record, time.time)


class Description:
    """What the server says of itself; ``public_url`` is our absolute URL as callers see it, or empty to take it from the request, ``trusts``
    are the authorization servers of tenants, ``terminology`` what answers of the code set, if anything does."""

    def __init__(
        self, engine: CheckingEngine, public_url: str, trusts: Mapping[str, Trust], terminology: Terminology | None = None
    ) -> None:
        self._engine = engine
        self._public_url = public_url
        self._trusts = trusts
        self._terminology = terminology

    def metadata(self, tenant: str) -> Response:
        """The CapabilityStatement of one base, or its TerminologyCapabilities (http://hl7.org/fhir/R4/http.html#capabilities); other modes are ignored,
        as FHIR allows. Readable for pages of any origin, as SMART asks."""
        require_tenant(self._engine, tenant)
        base = _bases_of(self._public_url or request.host_url, tenant)[0]
        if self._terminology and request.args.get("mode") == "terminology":
            statement = self._terminology.capabilities(base)
        else:
            trust = self._trusts.get(tenant)
            statement = build_capability(
                base, capability_security(trust) if trust else None, operations_of_types() if self._terminology else ()
            )
        response = respond(statement, format_of(request))
        response.headers["Access-Control-Allow-Origin"] = "*"
        return cacheable(response, FRESH_S) if self._public_url else response  # else it repeats the Host of whoever asked

    def smart(self, tenant: str) -> Response:
        """The authorization server of one base: always JSON, and readable for pages of any origin, as SMART asks."""
        require_tenant(self._engine, tenant)
        trust = self._trusts.get(tenant)
        document = smart_configuration(trust) if trust else None
        if document is None:
            raise OperationUnknown(why_there_is_none(trust))
        response = jsonify(document)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return cacheable(response, FRESH_S)

    def definition(self, tenant: str, definition_id: str) -> Response:
        """The OperationDefinition by its id."""
        require_tenant(self._engine, tenant)
        if definition_id not in DEFINITIONS:
            raise ResourceUnknown("no OperationDefinition of that id")
        return cacheable(respond(DEFINITIONS[definition_id](), format_of(request)), FRESH_S)


def _bases_of(public_url: str, tenant: str) -> tuple[str, ...]:
    """The absolute base URLs of a tenant, the shortest first; none where our own address is unknown."""
    root = public_url.rstrip("/")
    long = f"{root}/t/{tenant}/fhir"
    if not root:
        return ()
    return (f"{root}/fhir", long) if tenant == DEFAULT_TENANT else (long,)


def _route(
    blueprint: Blueprint,
    gate: Gate,
    audit: RequestAudit,
    rule: str,
    method: str,
    access: Access,
    view: Callable[..., Response],
    defaults: dict[str, str] | None = None,
    word: str = "",
) -> None:
    """One route; a trailing slash is the same address, and OPTIONS is not answered, so that Allow says what there is. ``word``: what the audit calls it
    where not each call of it is an event."""
    endpoint = rule.replace(".", "_") + ("" if method in {"GET", "POST"} else f" {method}")
    gate.declare(f"{blueprint.name}.{endpoint}", access)
    if word:
        audit.declare(f"{blueprint.name}.{endpoint}", word)
    elif isinstance(access, Operation):
        audit.declare(f"{blueprint.name}.{endpoint}", EVENTS[access])
        view = audit.of_view(f"{blueprint.name}.{endpoint}", view)
    blueprint.add_url_rule(
        rule,
        endpoint=endpoint,
        view_func=view,
        methods=[method],
        defaults=defaults or {},
        strict_slashes=False,
        provide_automatic_options=False,
    )
