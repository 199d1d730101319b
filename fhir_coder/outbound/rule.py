"""Where requests may lead: the public internet, the networks that the site lists, and addresses that stand in its configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fhir_coder.outbound.addresses import Address, Network, is_public, is_within, literal

LOCALHOST = "localhost"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Endpoint = tuple[str, int]
"""A host as it is spelt and a port."""


@dataclass(frozen=True, slots=True)
class AddressRule:
    """``networks`` that are not public and are allowed; ``endpoints`` whose host is an address, or ``localhost``, and stands in the
    configuration: who writes an address knows where it leads, who writes a name leaves that to the name's owner."""

    networks: tuple[Network, ...] = ()
    endpoints: frozenset[Endpoint] = frozenset()

    @classmethod
    def of(cls, networks: Iterable[Network] = (), urls: Iterable[str] = ()) -> AddressRule:
        """The rule for a session that is to call configured URLs; those whose host is a name add nothing."""
        return cls(tuple(networks), frozenset(one for one in map(_endpoint, urls) if one is not None))

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether a request to host and port may go to the address to which the host led. ``localhost`` is this machine and nothing else."""
        if is_public(address) or is_within(address, self.networks):
            return True
        if (host.lower(), port) not in self.endpoints:
            return False
        return address.is_loopback if host.lower() == LOCALHOST else literal(host) == address


PUBLIC_ONLY = AddressRule()
"""Nothing but the public internet."""


def _endpoint(url: str) -> Endpoint | None:
    """Host and port of a URL whose host is an address or ``localhost``."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return (host, port) if host == LOCALHOST or literal(host) is not None else None
