"""A host and a port to listen at, as a setting writes them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """A host name or address (IPv6 without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(raw: str) -> Address | None:
    """``host:port`` or ``[IPv6]:port``, or None for nothing. Raises ValueError for anything else."""
    if not raw:
        return None
    parts = urlsplit(f"//{raw}")
    if not (parts.hostname and parts.port) or parts.netloc != raw or parts.username is not None:
        raise ValueError("expected host:port, for instance 127.0.0.1:9100")
    return Address(parts.hostname, parts.port)
