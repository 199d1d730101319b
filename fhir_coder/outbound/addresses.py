"""Which addresses are somewhere on the public internet, and which are inside: this machine, its neighbours, its cloud.

Sources: the IANA registries of special-purpose addresses (https://www.iana.org/assignments/iana-ipv4-special-registry and
iana-ipv6-special-registry, RFC 6890). The table of Python's :mod:`ipaddress` differs between its patch releases, so ours stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_INSIDE_4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this host (RFC 791); Linux connects it to loopback
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # shared by carriers (RFC 6598); some clouds keep their metadata there
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local (RFC 3927), 169.254.169.254 among them: the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890), metadata of a cloud among them
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # relays of 6to4, given up (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out as global unicast (RFC 4291 section 2.4); loopback, fc00::/7, fe80::/10 and ff00::/8 lie outside."""
_INSIDE_6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments (RFC 2928): Teredo, which holds an IPv4 address, benchmarks, ORCHID
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4, which holds an IPv4 address (RFC 3056, given up by RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): a network without IPv4 reaches every public IPv4 server under such an address."""


def meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for where the machine or its gateway will call that one: mapped (::ffff:0:0/96), translated
    (64:ff9b::/96). Else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else IPv6Address(int(address))  # without a zone


def is_public(address: Address) -> bool:
    """Whether an address is a host on the public internet. Whatever is not known to be is not."""
    target = meant(address)
    if isinstance(target, IPv4Address):
        return not any(target in one for one in _INSIDE_4)
    return target in _GLOBAL_6 and not any(target in one for one in _INSIDE_6)


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address, or the one that it stands for, is in one of the networks."""
    targets = (meant(address), address)
    return any(target in network for network in networks for target in targets if target.version == network.version)


def literal(host: str) -> Address | None:
    """The address that a URL's host spells in the one usual way, or None: a name, or another spelling (127.1, 0x7f.1, 2130706433)."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def read_networks(raw: str) -> tuple[Network, ...]:
    """Networks as ``10.1.0.0/16, fd12::/48``. Raises ValueError (text begins with ``expected`` and quotes nothing)."""
    try:
        return tuple(ip_network(one.strip()) for one in raw.split(",") if one.strip())
    except ValueError as error:
        raise ValueError("expected networks such as 10.1.0.0/16 or fd12::/48, comma separated, without bits beyond the prefix") from error
