"""The SMART configuration of a base, as a client without a token reads it (SMART App Launch 2.2, conformance.html)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.exchange import Answer
from conformance.target import Target
from conformance.verdict import Skipped, Unsatisfied, expect

WELL_KNOWN = ".well-known/smart-configuration"
ON_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
CAPABILITIES = frozenset(
    {
        "launch-ehr",
        "launch-standalone",
        "authorize-post",
        "client-public",
        "client-confidential-symmetric",
        "client-confidential-asymmetric",
        "sso-openid-connect",
        "context-banner",
        "context-style",
        "context-ehr-patient",
        "context-ehr-encounter",
        "context-standalone-patient",
        "context-standalone-encounter",
        "permission-offline",
        "permission-online",
        "permission-patient",
        "permission-user",
        "permission-v1",
        "permission-v2",
        "smart-app-state",
    }
)
"""https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#capabilities."""


def ask(target: Target, **headers: str | None) -> Answer:
    """The configuration, as nobody in particular."""
    return target.get(WELL_KNOWN, is_known=False, headers={"Accept": "application/json", **headers})


def read_configuration(target: Target) -> dict[str, Any]:
    """The document. Omitted for a server that anybody may call, Skipped where it cannot be read: other checks say why."""
    target.require_guard()
    answer = ask(target)
    found = read_object(answer) if answer.status == 200 else None
    if found is None:
        raise Skipped("the SMART configuration cannot be read")
    return found


def read_object(answer: Answer) -> dict[str, Any] | None:
    """The JSON object of an answer, or None."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def strings(document: Mapping[str, Any], name: str) -> list[str]:
    """An array of strings. Unsatisfied where it is absent or something else."""
    found = document.get(name)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unsatisfied(f"{name}, an array of strings", "no such member" if found is None else ascii(found))
    return found


def claims(document: Mapping[str, Any], *capabilities: str) -> bool:
    """Whether one of them is listed."""
    listed = document.get("capabilities")
    return isinstance(listed, list) and not set(capabilities).isdisjoint(one for one in listed if isinstance(one, str))


def urls(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What must be a URL, by its name."""
    for name, value in document.items():
        if name.endswith("_endpoint") or name in {"jwks_uri", "issuer", "user_access_brand_bundle"}:
            yield name, value
    for one in document.get("associated_endpoints") or ():
        yield "associated_endpoints.url", one.get("url") if isinstance(one, dict) else one


def is_absolute(url: object) -> bool:
    """Whether it has a scheme and a host."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_protected(url: str) -> bool:
    """Whether what is sent there can be read by nobody in between: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ON_THIS_MACHINE)


def require_tls(url: str) -> None:
    """Unsatisfied for an address without TLS, Skipped for one on this machine."""
    if urlsplit(url).scheme != "https" and is_protected(url):
        raise Skipped("on this machine TLS is not needed: try the server at its https address")
    expect(is_protected(url), "an https address", url)
