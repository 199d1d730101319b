"""Before every view of the API: may this caller come in? Each route declares who may; one that declares nothing answers nobody.

A tenant with a trusted issuer asks for a bearer token in every case. One without answers callers on this machine only, however the server is
started: ``fhir-coder serve`` refuses other addresses, and other WSGI servers do not tell us where they listen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from flask import g, request

from fhir_coder.errors import Forbidden, Unauthenticated
from fhir_coder.protected_urls import is_loopback
from fhir_coder.smart.bearer import TokenVerifier, read_bearer
from fhir_coder.smart.context import Grant, read_grant
from fhir_coder.smart.scopes import Operation, require_scopes

ANYONE: Final = "anyone"
THIS_MACHINE: Final = "this machine"
Access = Operation | Literal["anyone", "this machine"]
"""Who may call a route: anyone, callers on this machine, or who may use the operation."""
TOKEN_PARAMETER = "access_token"  # noqa: S105 - the name of a parameter
"""Name of a token in an address or form (RFC 6750 sections 2.2 and 2.3), which are not accepted."""


class Gate:
    """A before-request hook. ``verifiers`` are those of the tenants that have a trusted issuer; ``require_tenant`` raises for an unknown one."""

    def __init__(self, verifiers: Mapping[str, TokenVerifier], require_tenant: Callable[[str], None]) -> None:
        self._verifiers = verifiers
        self._require_tenant = require_tenant
        self._access: dict[str, Access] = {}

    def declare(self, endpoint: str, access: Access) -> None:
        """Say who may call a route."""
        self._access[endpoint] = access

    def __call__(self) -> None:
        """Raises Unauthenticated, InsufficientScope or Forbidden. An unknown tenant is told before anything is verified."""
        access = self._access[str(request.endpoint)]
        if access == THIS_MACHINE and not _is_near():
            raise Forbidden("answered on the server's own machine only")
        if isinstance(access, Operation):
            tenant = (request.view_args or {})["tenant"]
            self._require_tenant(tenant)
            self._admit(self._verifiers.get(tenant), access)

    def _admit(self, verifier: TokenVerifier | None, operation: Operation) -> None:
        if verifier is not None:
            token = read_bearer(request.headers.getlist("Authorization"), TOKEN_PARAMETER in request.args)
            grant = read_grant(verifier.verify(token))
            require_scopes(grant.scopes, operation)
            g.grant = grant
        elif not _is_near():
            raise Unauthenticated("this tenant has no trusted issuer and answers callers on the server's own machine only")


def current_grant() -> Grant | None:
    """What the caller's token grants, or None where no token is asked for."""
    return g.get("grant")


def _is_near() -> bool:
    return is_loopback(request.remote_addr or "")
