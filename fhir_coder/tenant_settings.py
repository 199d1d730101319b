"""The tenants (practices) of a server and their EHRs, as data, and how they are read from ``FHIR_CODER_TENANTS``.

A misspelt member or a value of another type stops the start. What belongs to one purpose is read by a file of that purpose:
:mod:`fhir_coder.backend_settings` (our own tokens), :mod:`fhir_coder.smart.trust` (tokens of callers),
:mod:`fhir_coder.smart.launch.registration` (where people sign in), :mod:`fhir_coder.people` (which roles they have),
:mod:`fhir_coder.cds_hooks.clients` (CDS clients), :mod:`fhir_coder.sensitive_settings` (sensitive documents),
:mod:`fhir_coder.billing_settings` (where signed encounters go), :mod:`fhir_coder.sample_settings` (how much of what passes is coded twice),
:mod:`fhir_coder.discovery_settings` (how encounters are found by themselves).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fhir_coder.backend_settings import BackendClient, read_backend
from fhir_coder.billing_settings import BillingDestination, read_billing
from fhir_coder.cds_hooks.clients import HookClient, read_hook_clients
from fhir_coder.discovery_settings import Discovery, read_discovery
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.rule import AddressRule
from fhir_coder.people import NO_ROLES, RoleRules, split_launch, split_sign_in
from fhir_coder.sample_settings import AuditSample, read_sample
from fhir_coder.sensitive_settings import SensitiveRules, read_sensitive
from fhir_coder.smart.launch.registration import Registration, read_launch, read_sign_in
from fhir_coder.smart.trust import Trust, read_trust

DEFAULT_TENANT = "default"
"""The tenant that always is, and answers at the shorter addresses."""


@dataclass(frozen=True, slots=True)
class EhrSettings:
    """One FHIR R4 server that a tenant has configured. ``token`` is a static bearer token or empty.

    ``write_before_review``: whether proposals are written before a person signed them off; None: as the EHR's metadata suggests.
    ``foreign_urls``: absolute URL prefixes outside ``base_url`` from which attachments and pages may be fetched, without the token.
    ``backend``: how tokens are asked for where there is no static one. ``launch``: how people launch us from this EHR, ``roles``: which
    roles they then have. ``claim_on_sign_off``: the status of the Claim once a person signed the codes, ``draft`` or ``active``;
    ``none``: there is no Claim, and one that was proposed is cancelled. ``discovery``: how encounters to be coded are found there, None: not at all.
    """

    id: str
    base_url: str
    token: str = field(default="", repr=False)
    timeout_s: float = 20.0
    max_pages: int = 50
    write_before_review: bool | None = None
    foreign_urls: tuple[str, ...] = ()
    backend: BackendClient | None = None
    launch: Registration | None = None
    roles: RoleRules = NO_ROLES
    claim_on_sign_off: str = "draft"
    discovery: Discovery | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A practice: its EHRs, the first of which is used when a request names none, and whose bearer tokens it accepts.

    ``cds_hooks`` are the CDS clients that may call its CDS services, ``sign_in`` is its own OpenID Connect provider, ``roles`` which roles those
    have who sign in there, ``sensitive`` what it does with sensitive documents, ``billing`` where signed encounters go, ``audit_sample`` how much of what
    passes is coded a second time. ``calibration`` names the calibration from its own decisions that its encounters pass by, empty for the site's
    settings. Without ``trust`` it answers nobody, but for this machine in sandbox mode.
    """

    id: str
    ehrs: tuple[EhrSettings, ...] = ()
    trust: Trust | None = None
    sign_in: Registration | None = None
    cds_hooks: tuple[HookClient, ...] = ()
    sensitive: SensitiveRules = field(default_factory=SensitiveRules)
    roles: RoleRules = NO_ROLES
    billing: tuple[BillingDestination, ...] = ()
    audit_sample: AuditSample = field(default_factory=AuditSample)
    calibration: str = ""


def rule_of(ehr: EhrSettings, networks: Iterable[Network] = ()) -> AddressRule:
    """Where requests for one EHR may lead: what is written in its configuration, and ``networks``. What the EHR itself names, in a link or as
    its token endpoint, is not configured by that."""
    return AddressRule.of(networks, (ehr.base_url, *ehr.foreign_urls, *([ehr.backend.token_url] if ehr.backend else [])))


def read_tenants(raw: str) -> tuple[Tenant, ...]:
    """Tenants as a JSON array, or the path of a file that holds one. Raises ValueError or TypeError for what cannot be used."""
    text = raw.strip()
    if text and not text.startswith("["):
        text = Path(text).read_text(encoding="utf-8")
    tenants = tuple(_tenant(**row) for row in json.loads(text or "[]"))
    if len({tenant.id for tenant in tenants}) != len(tenants):
        raise ValueError("tenant ids must be unique")
    if any(len({ehr.id for ehr in tenant.ehrs}) != len(tenant.ehrs) for tenant in tenants):
        raise ValueError("expected each EHR id once in a tenant")
    return tenants


def _tenant(
    id: str,
    ehrs: Sequence[Mapping[str, Any]] = (),
    trust: Mapping[str, Any] | None = None,
    sign_in: Mapping[str, Any] | None = None,
    cds_hooks: Sequence[Mapping[str, Any]] = (),
    sensitive: Mapping[str, Any] | None = None,
    billing: Sequence[Mapping[str, Any]] | Mapping[str, Any] = (),
    audit_sample: Mapping[str, Any] | None = None,
    calibration: str = "",
) -> Tenant:
    """One tenant. A misspelt member stops the start: a trust that is not read would leave the tenant open."""
    read = tuple(_ehr(id, **ehr) for ehr in ehrs)
    roles, registration = split_sign_in(sign_in or {})
    if not isinstance(calibration, str):
        raise ValueError("expected calibration to be the name of one")
    return Tenant(
        _name(id),
        read,
        None if trust is None else read_trust(**trust),
        None if sign_in is None else read_sign_in(id, registration),
        read_hook_clients(cds_hooks, [ehr.base_url for ehr in read]),
        read_sensitive(**(sensitive or {})),
        roles,
        read_billing(billing),
        read_sample(**(audit_sample or {})),
        calibration,
    )


def _ehr(
    tenant: str,
    /,
    id: str,
    base_url: str,
    token: str = "",
    timeout_s: float = 20.0,
    max_pages: int = 50,
    write_before_review: bool | None = None,
    foreign_urls: Sequence[str] = (),
    launch: Mapping[str, Any] | None = None,
    claim_on_sign_off: str = "draft",
    discovery: Mapping[str, Any] | None = None,
    **registration: Any,
) -> EhrSettings:
    """One EHR, each value of its type: a mistake stops the start, not the first request."""
    if not _is_http(base_url):
        raise ValueError("expected base_url to be an absolute http or https URL")
    if not isinstance(token, str) or float(timeout_s) <= 0 or int(max_pages) < 1:
        raise ValueError("expected token to be text, timeout_s and max_pages to be positive numbers")
    if write_before_review not in {True, False, None}:
        raise ValueError("expected write_before_review to be true, false or null")
    if claim_on_sign_off not in {"draft", "active", "none"}:
        raise ValueError("expected claim_on_sign_off to be draft, active or none")
    if isinstance(foreign_urls, str) or not all(_is_plain(one) for one in foreign_urls):
        raise ValueError("expected foreign_urls to be a list of absolute http or https URLs without user, query or fragment")
    backend = read_backend(base_url, token, registration)
    roles, members = split_launch(launch or {})
    launched = None if launch is None else read_launch(tenant, id, base_url, members)
    fetched = tuple(foreign_urls)
    return EhrSettings(
        _name(id),
        base_url,
        token,
        float(timeout_s),
        int(max_pages),
        write_before_review,
        fetched,
        backend,
        launched,
        roles,
        claim_on_sign_off,
        None if discovery is None else read_discovery(**discovery),
    )


def _is_http(url: object) -> bool:
    """Whether it is an absolute http or https URL."""
    return isinstance(url, str) and urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).netloc)


def _is_plain(url: object) -> bool:
    """Whether it is an absolute http or https URL and nothing beside: a prefix that other URLs can lie below."""
    return _is_http(url) and not any(mark in str(url) for mark in "?#@")


def _name(value: str) -> str:
    """An id that stands in URLs and identifiers: letters, digits, hyphen and dot, as a FHIR id."""
    if not FHIR_ID.fullmatch(value):
        raise ValueError("expected ids of 1 to 64 letters, digits, hyphens and dots")
    return value
