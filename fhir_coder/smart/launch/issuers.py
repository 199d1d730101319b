"""Whether two spellings of a FHIR base URL are one: ``iss`` comes from whoever sends a browser here, and is compared before it is used."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from fhir_coder.protected_urls import is_protected

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_CHARACTERS = 2048


def normal_issuer(url: str) -> str | None:
    """Scheme and host in lower case, without the usual port and without one slash at the end; None for what can be no base of ours.

    That is whatever has a user, query, fragment, backslash or dot segment (plain or encoded), or is not https (http on loopback only).
    """
    if len(url) > _MAX_CHARACTERS or not is_protected(url) or set(url) & set("?#\\"):
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None
    decoded = unquote(unquote(parts.path))
    if "\\" in decoded or any(segment.partition(";")[0] in {".", ".."} for segment in decoded.split("/")):
        return None
    host = (parts.hostname or "").lower()
    place = host if port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.removesuffix('/')}"
