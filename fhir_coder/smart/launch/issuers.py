"""Whether two spellings of a FHIR base URL are one: ``iss`` comes from whoever sends a browser here, and is compared before it is used."""

from __future__ import annotations

from urllib.parse import urlsplit

from fhir_coder.protected_urls import is_protected

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normal_issuer(url: str) -> str | None:
    """Scheme and host in lower case, without the usual port and without one slash at the end; None for what can be no base of ours: it has a
    user, query, fragment or backslash, or is not https (http on loopback only).

    Dot segments and encoded letters stay as they are: nothing that is spelled otherwise than the configuration becomes equal to it.
    """
    if not is_protected(url) or set(url) & set("?#\\"):
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    place = host if port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.removesuffix('/')}"
