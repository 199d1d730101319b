"""The EHRs of every tenant, composed from the settings and the built-in one, with a client for each."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fhir_coder.ehr.access import AccessTokens
from fhir_coder.ehr.backend_token import SharedTokens
from fhir_coder.ehr.bulk_server import BulkServer
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.probe import TIMEOUT_S
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.installed import unusable_folder
from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.session import open_session
from fhir_coder.sandbox.installation import Sandbox, open_sandbox
from fhir_coder.settings import Settings
from fhir_coder.smart.signing_key import key_set, load_key
from fhir_coder.tenant_settings import DEFAULT_TENANT, EhrSettings, Tenant, rule_of

SANDBOX_EHR = "sandbox"


def open_builtin_ehr(settings: Settings) -> Sandbox | None:
    """The built-in EHR where it is asked for."""
    try:
        return open_sandbox(settings.data) if settings.sandbox and settings.builtin_ehr else None
    except (OSError, sqlite3.Error) as error:
        raise unusable_folder(settings, error) from error


def tenants_of(settings: Settings, sandbox: Sandbox | None) -> Mapping[str, Tenant]:
    """The configured tenants; the default one always answers, and in sandbox mode has the built-in EHR first."""
    tenants = {DEFAULT_TENANT: Tenant(DEFAULT_TENANT)} | {tenant.id: tenant for tenant in settings.tenants}
    if sandbox:
        ehr = EhrSettings(SANDBOX_EHR, sandbox.base_url, write_before_review=True)
        tenants[DEFAULT_TENANT] = replace(tenants[DEFAULT_TENANT], ehrs=(ehr, *tenants[DEFAULT_TENANT].ehrs))
    return tenants


def intake_policy(settings: Settings) -> IntakePolicy:
    """What of an EHR is read and coded, by setting."""
    return IntakePolicy(
        settings.preliminary_notes,
        settings.unfinished_encounters,
        settings.max_notes,
        settings.max_note_characters,
        settings.max_characters,
    )


def _unheard(ehr: str, kind: str) -> None:
    """Where nobody counts the failures of EHRs."""


class EhrConnections:
    """Clients of the EHRs, one for each thread and EHR: a session is not shared by threads, and metadata is read once, not for each request.
    Tokens are shared by all of them. ``networks`` that are not public may be called, ``on_failure`` hears the id of an EHR and the kind of each failure."""

    def __init__(
        self, sandbox: Sandbox | None, networks: Iterable[Network] = (), on_failure: Callable[[str, str], object] = _unheard
    ) -> None:
        self._sandbox = sandbox
        self._networks = tuple(networks)
        self._on_failure = on_failure
        self._tokens = SharedTokens(self._networks)
        self._local = threading.local()

    def __call__(self, ehr: EhrSettings) -> EhrClient:
        """The client for one EHR."""
        clients: dict[EhrSettings, EhrClient] = self._local.__dict__.setdefault("clients", {})
        if ehr not in clients:
            clients[ehr] = self._connect(ehr, RetryPolicy())
        return clients[ehr]

    def once(self, ehr: EhrSettings, longest_s: float = TIMEOUT_S, retry: RetryPolicy = RetryPolicy(attempts=1)) -> EhrClient:  # noqa: B008 (a constant)
        """A client for a page that somebody waits for: one attempt of ``longest_s`` seconds, or less where the EHR is to be given less; or as ``retry`` says."""
        quick = replace(ehr, timeout_s=min(ehr.timeout_s, longest_s))
        return self._connect(quick, retry)

    def as_person(self, ehr: EhrSettings, tokens: AccessTokens, retry: RetryPolicy | None = None) -> EhrClient:
        """A client that acts with a person's own tokens and is kept for nobody else."""
        return self._connect(ehr, retry or RetryPolicy(), tokens)

    def bulk(self, ehr: EhrSettings, retry: RetryPolicy | None = None) -> BulkServer:
        """What exports are asked of."""
        heard, session = partial(self._on_failure, ehr.id), open_session(rule_of(ehr, self._networks))
        return BulkServer(ehr, session, self._tokens(ehr), time.sleep, retry or RetryPolicy(), heard)

    def _connect(self, ehr: EhrSettings, retry: RetryPolicy, tokens: AccessTokens | None = None) -> EhrClient:
        """A client for one EHR, with the server's own tokens where none are given; the built-in one is reached in process, without a socket."""
        is_sandbox = self._sandbox is not None and ehr.base_url == self._sandbox.base_url
        session = self._sandbox.session() if self._sandbox and is_sandbox else open_session(rule_of(ehr, self._networks))
        heard = partial(self._on_failure, ehr.id)
        return EhrClient(ehr, session=session, retry=retry, tokens=tokens or self._tokens(ehr), on_failure=heard)


def public_keys(settings: Settings) -> dict[str, Any]:
    """The JWK Set of the keys with which we ask for tokens, those that are to follow included.

    Raises ConfigurationError for a key that cannot be used, so that the start fails and not the first call.
    """
    clients = [ehr.backend for tenant in settings.tenants for ehr in tenant.ehrs if ehr.backend]
    asking = [tenant.trust.introspection for tenant in settings.tenants if tenant.trust and tenant.trust.introspection]
    current = [load_key(one.key, one.alg, one.kid) for one in clients] + [load_key(one.key, one.alg, one.kid) for one in asking if one.key]
    return key_set(current + [load_key(one.next_key) for one in clients if one.next_key])
