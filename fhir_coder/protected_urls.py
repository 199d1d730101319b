"""Which hosts are this machine, and which URLs nobody between us and them can listen to or change: where tokens go, and where keys come from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own; a name other than ``localhost`` may lead anywhere."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or bool(getattr(address, "ipv4_mapped", None) and address.ipv4_mapped.is_loopback)  # type: ignore[union-attr]


def is_protected(url: object) -> bool:
    """Whether it is an https URL, or http to this machine, without user or fragment."""
    try:
        parts = urlsplit(url if isinstance(url, str) and all("!" <= letter <= "~" for letter in url) else "")
        return (
            bool(parts.hostname)
            and parts.username is None
            and not parts.fragment
            and "\\" not in parts.netloc
            and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
        )
    except ValueError:
        return False
