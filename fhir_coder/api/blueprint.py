"""The API as one Flask blueprint: every route of the server in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from fhir_coder.api import health
from fhir_coder.api.capability import build_capability
from fhir_coder.api.check_definition import build_check_definition
from fhir_coder.api.check_operation import CheckCoding, CheckingEngine
from fhir_coder.api.check_parameters import CHECK_OPERATION
from fhir_coder.api.definition import build_definition
from fhir_coder.api.failures import install_error_handlers
from fhir_coder.api.jwks import jwks
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.observation import observe_requests
from fhir_coder.api.operation import CodeEncounter, require_tenant
from fhir_coder.api.parameters import OPERATION
from fhir_coder.api.render_risk import Assessor
from fhir_coder.api.respond import format_of, respond
from fhir_coder.errors import ResourceUnknown
from fhir_coder.fhir.limits import Limits
from fhir_coder.settings import Settings

__all__ = ["DEFAULT_TENANT", "create_api", "install_error_handlers"]

DEFAULT_TENANT = "default"
BASES = {"/fhir": {"tenant": DEFAULT_TENANT}, "/t/<tenant>/fhir": {}}
"""URL prefixes of the FHIR bases, with what the shorter one leaves out."""
DEFINITIONS = {OPERATION: build_definition, CHECK_OPERATION: build_check_definition}
"""The OperationDefinitions by id."""

NO_KEYS: Mapping[str, Any] = {"keys": []}


def create_api(engine: CheckingEngine, settings: Settings, risk: Assessor | None = None, keys: Mapping[str, Any] = NO_KEYS) -> Blueprint:
    """All routes over one engine, ``risk`` making the risk report of a result, ``keys`` our public JWK Set. Install the error handlers of the application beside it."""
    blueprint, metrics = Blueprint("api", __name__), Metrics()
    observe_requests(blueprint, metrics)
    limits = Limits(settings.max_body_bytes, settings.max_depth)
    code, check = CodeEncounter(engine, limits, metrics, risk), CheckCoding(engine, limits, metrics)
    description = Description(engine, settings.public_url)
    _route(blueprint, "/health/live", "GET", health.live)
    _route(blueprint, "/health/ready", "GET", partial(health.ready, engine.readiness))
    _route(blueprint, "/version", "GET", health.version)
    _route(blueprint, "/jwks", "GET", partial(jwks, keys))
    _route(blueprint, "/metrics", "GET", lambda: Response(metrics.exposition(), content_type=metrics.content_type))
    for base, defaults in BASES.items():
        _route(blueprint, f"{base}/metadata", "GET", description.metadata, defaults)
        _route(blueprint, f"{base}/OperationDefinition/<definition_id>", "GET", description.definition, defaults)
        _route(blueprint, f"{base}/Encounter/${OPERATION}", "POST", code, defaults)
        _route(blueprint, f"{base}/Encounter/<encounter_id>/${OPERATION}", "POST", code, defaults)
        _route(blueprint, f"{base}/Claim/${CHECK_OPERATION}", "POST", check, defaults)
    return blueprint


class Description:
    """What the server says of itself; ``public_url`` is our absolute URL as callers see it, or empty to take it from the request."""

    def __init__(self, engine: CheckingEngine, public_url: str) -> None:
        self._engine = engine
        self._public_url = public_url

    def metadata(self, tenant: str) -> Response:
        """The CapabilityStatement of one base."""
        require_tenant(self._engine, tenant)
        root = (self._public_url or request.host_url).rstrip("/")
        path = "/fhir" if tenant == DEFAULT_TENANT else f"/t/{tenant}/fhir"
        return respond(build_capability(root + path), format_of(request))

    def definition(self, tenant: str, definition_id: str) -> Response:
        """The OperationDefinition by its id."""
        require_tenant(self._engine, tenant)
        if definition_id not in DEFINITIONS:
            raise ResourceUnknown("no OperationDefinition of that id")
        return respond(DEFINITIONS[definition_id](), format_of(request))


def _route(blueprint: Blueprint, rule: str, method: str, view: Callable[..., Response], defaults: dict[str, str] | None = None) -> None:
    """One route; a trailing slash is the same address, and OPTIONS is not answered, so that Allow says what there is."""
    blueprint.add_url_rule(
        rule,
        endpoint=rule.replace(".", "_"),
        view_func=view,
        methods=[method],
        defaults=defaults or {},
        strict_slashes=False,
        provide_automatic_options=False,
    )
