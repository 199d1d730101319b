"""Before every view of the API: may this caller come in? Each route declares who may; one that declares nothing answers nobody.

A tenant with a trusted issuer asks for a bearer token in every case. One without answers nobody, but for callers on this machine in sandbox
mode, which ``fhir-coder serve --sandbox`` binds to loopback; as other WSGI servers do not tell us where they listen, it is looked at for each
request as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from flask import g, request

from fhir_coder.api.nearness import is_near
from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.errors import Forbidden
from fhir_coder.smart.bearer import Verifier, read_bearer
from fhir_coder.smart.caller import agent_of
from fhir_coder.smart.context import Grant, read_grant
from fhir_coder.smart.refusal import ask_for_token
from fhir_coder.smart.scopes import Operation, require_scopes

ANYONE: Final = "anyone"
THIS_MACHINE: Final = "this machine"
ANYONE_COUNTED: Final = "anyone, counted"
Access = Operation | Literal["anyone", "this machine", "anyone, counted"]
"""Who may call a route: anyone, callers on this machine, anyone of a tenant as often as one client may, or who may use the operation."""
TOKEN_PARAMETER = "access_token"  # noqa: S105 - the name of a parameter
"""Name of a token in an address or form (RFC 6750 sections 2.2 and 2.3), which are not accepted."""


LOCAL = Agent(AgentKind.CLIENT, "localhost")
"""A caller on this machine, of whom no token is asked."""


class Gate:
    """A before-request hook. ``verifiers`` are those of the tenants that have a trusted issuer; ``require_tenant`` raises for an unknown one;
    ``is_sandbox``: callers on this machine need no token where no issuer is trusted."""

    def __init__(self, verifiers: Mapping[str, Verifier], require_tenant: Callable[[str], None], is_sandbox: bool) -> None:
        self._verifiers = verifiers
        self._require_tenant = require_tenant
        self._is_sandbox = is_sandbox
        self._access: dict[str, Access] = {}

    def declare(self, endpoint: str, access: Access) -> None:
        """Say who may call a route."""
        self._access[endpoint] = access

    def asks_who_calls(self, endpoint: str) -> bool:
        """Whether a route is for certain callers, wherever they are."""
        return isinstance(self._access[endpoint], Operation)

    def is_counted(self, endpoint: str) -> bool:
        """Whether calls of a route are limited by rate."""
        return self._access[endpoint] not in {ANYONE, THIS_MACHINE}

    def __call__(self) -> None:
        """Raises Unauthenticated, InsufficientScope, Forbidden or IssuerUnavailable. An unknown tenant is told before anything is verified."""
        access = self._access[str(request.endpoint)]
        if access == THIS_MACHINE and not is_near(request):
            raise Forbidden("answered on the server's own machine only")
        if access in {ANYONE, THIS_MACHINE}:
            return
        tenant = (request.view_args or {})["tenant"]
        self._require_tenant(tenant)
        g.tenant = tenant
        if isinstance(access, Operation):
            self._admit(self._verifiers.get(tenant), access)

    def _admit(self, verifier: Verifier | None, operation: Operation) -> None:
        if verifier is not None:
            token = read_bearer(request.headers.getlist("Authorization"), TOKEN_PARAMETER in request.args)
            claims = verifier.verify(token)
            g.agent = agent_of(claims)
            grant = read_grant(claims)
            require_scopes(grant.scopes, operation)
            g.grant = grant
        elif not self._is_sandbox:
            ask_for_token(
                "this tenant trusts no issuer yet and answers nobody: the operator gives it trust in FHIR_CODER_TENANTS, "
                "or tries things out with fhir-coder serve --sandbox"
            )
        elif not is_near(request):
            ask_for_token("without a trusted issuer the sandbox answers callers on its own machine only")
        else:
            g.agent = LOCAL


def current_grant() -> Grant | None:
    """What the caller's token grants, or None where no token is asked for."""
    return g.get("grant")
