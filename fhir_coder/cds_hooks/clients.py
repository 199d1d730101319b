"""The CDS clients (EHRs) of a tenant, as a site configures them in ``cds_hooks``.

Source: https://cds-hooks.hl7.org/2.0/#trusting-cds-clients: issuer and keys are agreed beforehand, and ``jku`` counts only if it is known; here
it never counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fhir_coder.protected_urls import is_protected
from fhir_coder.smart.trust import ALGORITHMS

LINKS = ("absolute", "smart")
"""Where a card leads: to the page, or to the EHR's launch of our app (https://cds-hooks.hl7.org/2.0/#link)."""


@dataclass(frozen=True, slots=True)
class HookClient:
    """Who signs as ``iss``, with keys at exactly one of ``jwks_url`` and ``jwks_file``; ``fhir_servers`` are the only ones it may name."""

    iss: str
    jwks_url: str = ""
    jwks_file: str = ""
    fhir_servers: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    link: str = "absolute"


def read_hook_clients(rows: Sequence[Mapping[str, Any]], ehr_bases: Collection[str]) -> tuple[HookClient, ...]:
    """The member ``cds_hooks`` of a tenant whose EHRs are at ``ehr_bases``. Raises ValueError (text begins with ``expected`` and quotes no
    value) or TypeError."""
    if isinstance(rows, str | Mapping):
        raise ValueError("expected cds_hooks to be a list")
    bases = {base_of(one) for one in ehr_bases}
    clients = tuple(_client(bases, **row) for row in rows)
    if len({one.iss for one in clients}) != len(clients):
        raise ValueError("expected each iss once in cds_hooks")
    return clients


def _client(
    bases: Collection[str],
    iss: str,
    jwks_url: str = "",
    jwks_file: str = "",
    fhir_servers: Sequence[str] | None = None,
    algorithms: Sequence[str] = ALGORITHMS,
    link: str = "absolute",
) -> HookClient:
    if not isinstance(iss, str) or not iss:
        raise ValueError("expected iss of a CDS client to be text")
    if bool(jwks_url) == bool(jwks_file) or not isinstance(jwks_file, str) or (jwks_url and not is_protected(jwks_url)):
        raise ValueError("expected exactly one of jwks_url (https, or http on loopback) and jwks_file of a CDS client")
    if isinstance(algorithms, str) or not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise ValueError(f"expected algorithms to be some of {', '.join(ALGORITHMS)}")
    if link not in LINKS:
        raise ValueError(f"expected link to be one of {', '.join(LINKS)}")
    servers = bases if fhir_servers is None else [] if isinstance(fhir_servers, str) else list(map(base_of, fhir_servers))
    if not servers or not set(servers) <= set(bases):
        raise ValueError("expected fhir_servers of a CDS client to be a list of base_url of the tenant's EHRs")
    return HookClient(iss, jwks_url, jwks_file, tuple(sorted(servers)), tuple(algorithms), link)


def base_of(url: object) -> str:
    """A FHIR base as it is compared: scheme and host in lower case, one slash at the end left out. Empty for what is no such URL, which
    equals nothing."""
    if not isinstance(url, str) or not all("!" <= letter <= "~" for letter in url) or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(mark in url for mark in "?#@"):
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.removesuffix('/')}"
